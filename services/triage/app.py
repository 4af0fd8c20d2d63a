"""Triage's wiring: its Kafka edge, its HTTP edge, its timers."""

from fastapi import FastAPI

from services.kit.app import Service, build
from services.kit.settings import Settings
from services.triage import handlers
from services.triage.consumer import consumer

HANDLERS = (handlers,)
"""Modules whose handlers register with the consumer when they are imported."""

SERVICE = Service(name="triage", consumers=[consumer])


def app() -> FastAPI:
    """Make the service's application."""
    return build(SERVICE, Settings())
