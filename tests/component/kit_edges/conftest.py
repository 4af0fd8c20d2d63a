"""One service made of the kit alone, on the real stores: what the edges are tested through."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from services.kit.app import Context, Service, build
from services.kit.settings import Settings
from tests.component.kit_edges.ledger import SERVICE
from tests.world import World

pytestmark = pytest.mark.stack


@pytest.fixture
def settings(world: World, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of the service that the tests stand in for."""
    for name, value in world.environment(SERVICE).items():
        monkeypatch.setenv(name, value)
    return Settings()


class Client(httpx.AsyncClient):
    """An HTTP client of a running application, with the application's context."""

    context: Context


Starting = Callable[[Service], AbstractAsyncContextManager[Client]]


@pytest.fixture
def start(settings: Settings, world: World) -> Starting:
    """Starts a service in this process, and talks to it as the PSIRT engineer."""

    @asynccontextmanager
    async def starting(service: Service) -> AsyncIterator[Client]:
        app: FastAPI = build(service, settings)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            client = Client(
                transport=transport, base_url="http://service", headers=world.headers("psirt")
            )
            client.context = app.state.context
            async with client:
                yield client

    return starting


@pytest.fixture(autouse=True)
def quiet_root_logger() -> Iterator[None]:
    """The telemetry's log handler is the process's: take it away after each test."""
    import logging  # noqa: PLC0415  (only here)

    root = logging.getLogger()
    before = list(root.handlers)
    yield
    root.handlers = before
