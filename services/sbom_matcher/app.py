"""Wires sbom-matcher: its Kafka and HTTP edges, its timers, and the matcher beside them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.kit.app import Context, Service, build
from services.kit.settings import Settings
from services.sbom_matcher import http, sboms
from services.sbom_matcher.handlers import consumer, timers
from services.sbom_matcher.matcher import Matcher


@asynccontextmanager
async def match(context: Context) -> AsyncIterator[None]:
    """Match what waits for as long as the service runs."""
    async with context.health.beside("matching", Matcher(context.units).run):
        yield


SERVICE = Service(
    name="sbom-matcher",
    consumers=[consumer],
    routers=[http.routes, sboms.routes],
    timers=timers,
    start=match,
)


def app() -> FastAPI:
    """Build the ASGI application."""
    return build(SERVICE, Settings())
