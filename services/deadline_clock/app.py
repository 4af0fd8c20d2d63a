"""Wires deadline-clock: its Kafka and HTTP edges, its timers, and the packs it works with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.deadline_clock import (
    auditor_http,
    drill_http,
    handlers,
    in_force,
    paper,
    proposals_http,
    surroundings,
)
from services.deadline_clock.alarms import timers
from services.deadline_clock.consumer import consumer
from services.deadline_clock.http import routes
from services.deadline_clock.library import library
from services.deadline_clock.questions import asked, supposing
from services.deadline_clock.store import packs
from services.kit.app import Context, Service, build
from services.kit.settings import Settings

__all__ = ["SERVICE", "app", "handlers", "paper", "surroundings"]


@asynccontextmanager
async def with_packs(context: Context) -> AsyncIterator[None]:
    """Refuse to start with a pack that changed under its version, or that cannot be used here."""
    async with context.pool.acquire() as db, db.transaction():
        held = library()
        await packs.use(db, [*held.book.packs, held.escalation])
        await in_force.read(db)
    yield


SERVICE = Service(
    name="deadline-clock",
    consumers=[consumer],
    routers=[
        proposals_http.routes,
        routes,
        asked,
        supposing,
        auditor_http.routes,
        drill_http.routes,
    ],
    timers=timers,
    start=with_packs,
)


def app() -> FastAPI:
    """Build the ASGI application."""
    return build(SERVICE, Settings())
