"""Wires notification: who is told what, what a draft says, and what people filed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.kit.app import Context, Service, build
from services.kit.settings import Settings
from services.notification import handlers
from services.notification.http import alerts, drafts, links, papers, reconcile
from services.notification.rechecker import rechecking
from services.notification.roster_file import ON_CALL
from services.notification.sender import sending
from services.notification.settings import NotificationSettings
from services.notification.template_library import library


@asynccontextmanager
async def start(context: Context) -> AsyncIterator[None]:
    """Check the templates and the roster, then send and recheck until the end."""
    library()
    ON_CALL.check()
    units, health = context.units, context.health
    async with rechecking(units, health), sending(units, health):
        yield


SERVICE = Service(
    name="notification",
    consumers=[handlers.consumer],
    routers=[drafts.router, papers.router, alerts.router, links.router, reconcile.router],
    timers=handlers.timers,
    start=start,
)


def app() -> FastAPI:
    """Make the application (`uvicorn --factory`)."""
    ON_CALL.use(NotificationSettings().roster_file)
    return build(SERVICE, Settings())
