"""Serves the ledger as a process of its own, with a handler that takes its time."""

import asyncio
import sys

import uvicorn

from services.kit.app import build
from services.kit.records import Batch
from services.kit.settings import Settings
from services.kit.unit import Unit
from tests.component.kit_edges.ledger import ledger

SLOW = 1.5


async def on_batch(batch: Batch, unit: Unit) -> None:
    """Say that a batch is in hand, take a while, and write it down."""
    sys.stdout.write("in hand\n")
    sys.stdout.flush()
    await asyncio.sleep(SLOW)
    for each in batch:
        await unit.db.execute("INSERT INTO seen VALUES ($1, $2, NULL)", each.type, each.key)


if __name__ == "__main__":
    settings = Settings()
    uvicorn.run(
        build(ledger(on_batch), settings),
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        timeout_graceful_shutdown=10,
    )
