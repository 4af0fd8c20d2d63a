"""Wires deployment-tracker: its Kafka and HTTP edges, its timers, the publisher of coverage."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from services.deployment_tracker import publication
from services.deployment_tracker.handlers import consumer
from services.deployment_tracker.http import ROUTERS
from services.kit.app import Context, Service, build
from services.kit.database import TRANSIENT
from services.kit.settings import Settings

_log = logging.getLogger(__name__)

COVERAGE_SECONDS = 1.0
"""At most one event a second a cell: a wave of thousands changes a few cells thousands of times."""


@asynccontextmanager
async def publish_coverage(context: Context) -> AsyncIterator[None]:
    """Publish changed coverage cells once a second for as long as the service runs."""
    async with context.health.beside("coverage", partial(_publish, context)):
        yield


async def _publish(context: Context) -> None:
    while True:
        try:
            async with context.units.begin() as unit:
                await publication.publish(unit)
        except TRANSIENT as error:
            _log.warning("coverage waits for PostgreSQL: %s", error)
        except Exception:  # noqa: BLE001  (what is due stays due: a publisher that ends is worse)
            _log.exception("coverage goes on after an error that nobody declared")
        await asyncio.sleep(COVERAGE_SECONDS)


SERVICE = Service(
    name="deployment-tracker",
    consumers=[consumer],
    routers=ROUTERS,
    timers=publication.timers,
    start=publish_coverage,
)


def app() -> FastAPI:
    """Build the ASGI application."""
    return build(SERVICE, Settings())
