"""Triage's wiring: its Kafka edge, its HTTP edge, its timers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from schemas.cases import CaseOpened
from services.kit.app import Context, Service, build
from services.kit.recall import beyond
from services.kit.settings import Settings
from services.triage import field_handlers, handlers, timeline_handlers
from services.triage.consumer import consumer
from services.triage.http import ROUTERS
from services.triage.store import issued

HANDLERS = (handlers, field_handlers, timeline_handlers)
"""Modules whose handlers register with the consumer when they are imported."""


@asynccontextmanager
async def recollect(context: Context) -> AsyncIterator[None]:
    """Learn which tracking ids were given out since the backup that this database came from."""
    told = await beyond(context, timeline_handlers.CONSUMER, CaseOpened)
    if told:
        async with context.units.begin() as unit:
            await issued.remember(unit.db, told)
    yield


SERVICE = Service(
    name="triage", consumers=[consumer], routers=ROUTERS, timers=field_handlers.timers,
    start=recollect,
)  # fmt: skip


def app() -> FastAPI:
    """Make the service's application."""
    return build(SERVICE, Settings())
