"""A matcher's stores without Kafka: for races, for the oracle, and for counting what SQL does."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from uuid import uuid4

import pytest

from schemas.event import Event
from services.kit.blobs import open_blobs
from services.kit.database import open_pool
from services.kit.migration import migrate
from services.kit.records import Batch, Received
from services.kit.settings import Settings
from services.kit.unit import Units
from tests.world import World

REVISIONS = count(1)


@pytest.fixture(scope="module")
def settings(world: World) -> Iterator[Settings]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in world.environment("sbom-matcher").items():
            patch.setenv(name, value)
        yield Settings()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Units]:
    """Open the matcher's own schema, migrated; nothing relays what units emit."""
    pool = await open_pool(settings, "sbom-matcher")
    try:
        await migrate(pool, "sbom-matcher")
        yield Units(pool, "sbom-matcher", open_blobs(settings.blob_url), lambda: None)
    finally:
        await pool.close()


def received(*events: Event, bulk: bool = False) -> Batch:
    """Give events as a consumer would be given them, each a newer revision."""
    return Batch(
        [
            Received(
                event=event, id=uuid4(), type=event.TYPE, source="intake", time=datetime.now(UTC),
                revision=next(REVISIONS), causation=None, case=None, traceparent=None,
                key=event.key, topic=event.TOPIC, partition=0, offset=0, bulk=bulk,
            )
            for event in events
        ]
    )  # fmt: skip
