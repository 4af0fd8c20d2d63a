"""Intake, wired: documents in over Kafka and HTTP, canonical events out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI

from services.intake import catalogue, handlers, http, sboms, sealing
from services.kit.app import Context, Service, build
from services.kit.settings import Settings

SERVICE = Service(
    name="intake",
    consumers=[handlers.consumer],
    routers=[http.router, catalogue.router, sboms.router],
    timers=handlers.timers,
)


def app() -> FastAPI:
    """The application, as uvicorn's factory."""
    place = sealing.SealSettings().place

    @asynccontextmanager
    async def start(_: Context) -> AsyncIterator[None]:
        sealing.use(sealing.sealer(place))
        yield

    return build(replace(SERVICE, start=start), Settings())
