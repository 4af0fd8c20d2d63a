"""Intake, wired: documents in over Kafka and HTTP, canonical events out."""

from fastapi import FastAPI

from services.intake import handlers, http
from services.kit.app import Service, build
from services.kit.settings import Settings

SERVICE = Service(
    name="intake",
    consumers=[handlers.consumer],
    routers=[http.router, http.catalogue],
    timers=handlers.timers,
)


def app() -> FastAPI:
    """The application, as uvicorn's factory."""
    return build(SERVICE, Settings())
