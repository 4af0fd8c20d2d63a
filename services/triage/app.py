"""Triage's wiring: its Kafka edge, its HTTP edge, its timers."""

from fastapi import FastAPI

from services.kit.app import Service, build
from services.kit.settings import Settings
from services.triage import field_handlers, handlers, timeline_handlers
from services.triage.consumer import consumer
from services.triage.http import ROUTERS

HANDLERS = (handlers, field_handlers, timeline_handlers)
"""Modules whose handlers register with the consumer when they are imported."""

SERVICE = Service(
    name="triage", consumers=[consumer], routers=ROUTERS, timers=field_handlers.timers
)


def app() -> FastAPI:
    """Make the service's application."""
    return build(SERVICE, Settings())
