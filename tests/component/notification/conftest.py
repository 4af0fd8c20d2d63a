"""One notification service for the module, with real receivers for its messages."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from services.notification.app import app
from tests.component.notification.receivers import Hooks, Inbox, hooks, inbox
from tests.component.notification.stage import NUMBERS, Stage, roster
from tests.neighbours import Neighbours, neighbours, serving
from tests.world import World

RECEIVERS = ("psirt-1", "psirt-2", "platform-1", "tickets")


@dataclass(frozen=True, slots=True)
class Running:
    """The service, its neighbours, and those who receive its messages."""

    client: httpx.AsyncClient
    others: Neighbours
    hooks: Hooks
    mail: Inbox
    world: World

    def stage(self) -> Stage:
        """A case of its own."""
        number = next(NUMBERS)
        return Stage(
            f"PV-2026-{number:04}", f"gateway-{number}", self.others, self.client, self.world
        )


@pytest.fixture(scope="module")
async def service(world: World) -> AsyncIterator[Running]:
    secrets = {name: f"secret of {name}".encode() for name in RECEIVERS}
    async with hooks(secrets) as calls, inbox() as mail, neighbours(world) as others:
        path = roster(world.folder, calls, mail)
        settings = {"PATCHVIGIL_ROSTER_FILE": str(path)}
        async with serving(app, world, "notification", **settings) as client:
            yield Running(client, others, calls, mail, world)


@pytest.fixture
def stage(service: Running) -> Stage:
    return service.stage()
