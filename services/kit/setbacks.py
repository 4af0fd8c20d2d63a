"""Remembers where a database was found behind what its consumers had told Kafka: it was restored.

What was consumed since is handled again by itself. What people did over HTTP since is not: a person
has to look it up and enter it again, and says so by settling the setback.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.kit.database import Connection

NOTE = """
INSERT INTO kit_setback (consumer, topic, partition, stored, committed)
SELECT $1, * FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[])
ON CONFLICT DO NOTHING
"""
OPEN = """
SELECT consumer, topic, sum(committed - stored)::bigint AS records, min(noticed_at) AS noticed_at
FROM kit_setback WHERE settled_at IS NULL GROUP BY consumer, topic ORDER BY consumer, topic
"""
SETTLE = """
UPDATE kit_setback SET settled_at = $1, settled_by = $2 WHERE settled_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Behind:
    """A partition whose stored position is lower than the one that Kafka holds."""

    topic: str
    partition: int
    stored: int
    committed: int


@dataclass(frozen=True, slots=True)
class Setback:
    """What one consumer read again of one topic, and since when that is known."""

    consumer: str
    topic: str
    records: int
    noticed_at: datetime


async def note(db: Connection, consumer: str, found: Sequence[Behind]) -> None:
    """Keep what was found; the same setback, seen by several replicas, is one."""
    await db.execute(
        NOTE,
        consumer,
        [each.topic for each in found],
        [each.partition for each in found],
        [each.stored for each in found],
        [each.committed for each in found],
    )


async def unsettled(db: Connection) -> list[Setback]:
    """The setbacks that nobody has settled."""
    return [Setback(**dict(row)) for row in await db.fetch(OPEN)]


async def settle(db: Connection, at: datetime, person: str) -> None:
    """Say that what was lost beside Kafka is entered again, or that there was nothing."""
    await db.execute(SETTLE, at, person)
