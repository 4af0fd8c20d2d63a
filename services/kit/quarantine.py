"""Keeps whole the records that cannot be handled, and those of their key that wait behind them."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
import orjson

from schemas.event import Event
from services.kit import ids, wire
from services.kit.database import Connection
from services.kit.outbox import CLAIM_CHECK_BYTES, Emission
from services.kit.reading import Item, Place
from services.kit.unit import Unit
from services.kit.wire import Fault, RawHeaders

_BEHIND = "replay or drop the faulty record of its key: those behind it follow by themselves"

BLOCKED = """
SELECT DISTINCT topic, key FROM (
    SELECT topic, key FROM kit_quarantine
    WHERE consumer = $1 AND state IN ('faulty', 'parked')
        AND (topic, key) IN (SELECT * FROM unnest($2::text[], $3::bytea[]))
    FOR SHARE) AS waiting
"""
"""The share lock makes a replay of these records wait for this batch, or this batch for it."""

DROPPED = """
SELECT q.topic, q.partition, q."offset" FROM kit_quarantine q
JOIN unnest($2::text[], $3::int[], $4::bigint[]) AS r (topic, partition, "offset")
    USING (topic, partition, "offset")
WHERE q.consumer = $1 AND q.state = 'dropped'
"""

PUT = """
INSERT INTO kit_quarantine (consumer, id, topic, partition, "offset", "timestamp", key, headers,
    value, dataref, state, reason, field, mend)
SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::int[], $5::bigint[], $6::timestamptz[],
    $7::bytea[], $8::bytea[], $9::bytea[], $10::text[], $11::text[], $12::text[], $13::text[],
    $14::text[])
ON CONFLICT (consumer, topic, partition, "offset") DO NOTHING
RETURNING topic, partition, "offset"
"""

LISTED = """
SELECT id, consumer, topic, partition, "offset", "timestamp", key, state, reason, field, mend,
    since, settled_at, settled_by, settled_why
FROM kit_quarantine
WHERE (state IN ('faulty', 'parked') OR $1) AND ($2::uuid IS NULL OR id > $2)
ORDER BY id LIMIT $3
"""
SHOWN = """SELECT * FROM kit_quarantine WHERE id = $1"""


class RecordQuarantined(Event):
    """A record could not be handled: where it is and why, never what is in it."""

    TYPE: ClassVar[str] = "record.quarantined.v1"
    TOPIC: ClassVar[str] = "quarantine"

    topic: str
    partition: int
    offset: int
    consumer: str
    error: str

    @property
    def key(self) -> str:
        """The partition, so that references keep the order of the records."""
        return f"{self.topic}/{self.partition}"


class NotWaitingError(LookupError):
    """There is no such entry, or it is settled, or another one has to be settled first."""


async def blocked(
    db: Connection, consumer: str, records: Sequence[tuple[str, bytes]]
) -> set[tuple[str, bytes]]:
    """Tell which (topic, key) have a record in quarantine, so that later ones must wait."""
    rows = await db.fetch(
        BLOCKED, consumer, [topic for topic, _ in records], [key for _, key in records]
    )
    return {(row["topic"], row["key"]) for row in rows}


async def dropped(db: Connection, consumer: str, places: Sequence[Place]) -> set[Place]:
    """Tell which (topic, partition, offset) somebody has dropped: delivered again, they stay so."""
    rows = await db.fetch(DROPPED, consumer, *map(list, zip(*places, strict=True)))
    return {(row["topic"], row["partition"], row["offset"]) for row in rows}


async def put(unit: Unit, consumer: str, held: Sequence[Item]) -> None:
    """Keep records whole, and publish a reference to each that is faulty and new here.

    One without a fault is parked behind another. A large value goes to the blob store.
    """
    rows = [await _row(unit, each) for each in held]
    new = {
        (row["topic"], row["partition"], row["offset"])
        for row in await unit.db.fetch(PUT, consumer, *map(list, zip(*rows, strict=True)))
    }
    for each in held:
        if each.fault is not None and each.place in new:
            unit.emitted.append(_reference(unit, consumer, each, each.fault))


async def _row(unit: Unit, held: Item) -> tuple[Any, ...]:
    record = held.record
    value: bytes | None = record.value
    dataref: str | None = None
    if value is not None and len(value) > CLAIM_CHECK_BYTES:
        dataref = await unit.blobs.put(value)
        value = None
    state = "faulty" if held.fault else "parked"
    fault = held.fault or Fault("waits behind a faulty record of its key", mend=_BEHIND)
    return (
        ids.uuid7(), *held.place, wire.moment(record), record.key, _frozen(record.headers),
        value, dataref, state, *fault,
    )  # fmt: skip


def _reference(unit: Unit, consumer: str, held: Item, fault: Fault) -> Emission:
    topic, partition, offset = held.place
    error = " · ".join(filter(None, (fault.field, fault.reason, fault.mend)))
    event = RecordQuarantined(
        topic=topic, partition=partition, offset=offset, consumer=consumer, error=error
    )
    return Emission(
        topic=f"{unit.service}.quarantine", bulk=False, key=event.key,
        id=ids.derived("quarantined", consumer, *held.place), time=unit.now, causation=None,
        case=None, traceparent=None, event=event,
    )  # fmt: skip


def _frozen(headers: RawHeaders) -> bytes:
    """Keep headers as they came: JSON pairs of a name and its value in base64, or null."""
    pairs = [
        (name, None if value is None else b64encode(value).decode()) for name, value in headers
    ]
    return orjson.dumps(pairs)


@dataclass(frozen=True, slots=True)
class Entry:
    """A quarantined record as people see it; `state` is faulty, parked, replayed or dropped."""

    id: UUID
    consumer: str
    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: str | None
    state: str
    reason: str
    field: str | None
    mend: str | None
    since: datetime
    settled_at: datetime | None
    settled_by: str | None
    settled_why: str | None

    @classmethod
    def of(cls, row: asyncpg.Record) -> "Entry":
        """Read an entry; a key that is not UTF-8 is shown with replacement characters."""
        columns = {name: row[name] for name in cls.__slots__}
        key = row["key"]
        return cls(**{**columns, "key": None if key is None else key.decode("utf-8", "replace")})


async def listed(
    db: Connection, *, settled: bool = False, after: UUID | None = None, limit: int = 100
) -> list[Entry]:
    """List the quarantine, oldest first: what waits, or with `settled` all that is remembered."""
    return [Entry.of(row) for row in await db.fetch(LISTED, settled, after, limit)]


async def shown(db: Connection, entry: UUID) -> Entry:
    """Show one entry.

    Raises:
        NotWaitingError: there is none.
    """
    row = await db.fetchrow(SHOWN, entry)
    if row is None:
        raise NotWaitingError(f"there is no quarantined record {entry}")
    return Entry.of(row)
