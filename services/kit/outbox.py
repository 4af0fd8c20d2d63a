"""Writes the events of a unit into the outbox, in the transaction that decided them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from schemas.event import Event, Tombstone
from schemas.topics import TOPICS, bulk_lane
from services.kit import ids
from services.kit.blobs import Blobs
from services.kit.database import Connection
from services.kit.records import Cause

CLAIM_CHECK_BYTES = 256 * 1024
"""Values above this go to the blob store, and the record carries their digest."""

KEY_BYTES = 2048
"""The longest key; Kafka's own limit is the record's, but keys are also indexed here."""

APPEND = """
WITH counted AS (
    INSERT INTO kit_revision AS stored (stream, key, revision)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
    ON CONFLICT (stream, key) DO UPDATE SET revision = stored.revision + excluded.revision
    RETURNING revision),
latest AS (SELECT array_agg(revision) AS revisions FROM counted)
INSERT INTO kit_outbox
    (topic, bulk, key, type, id, time, revision, causation, case_id, traceparent, dataref, value)
SELECT topic, bulk, key, type, id, time, revisions[aggregate] - following, causation, case_id,
    traceparent, dataref, value
FROM latest, unnest(
    $4::text[], $5::bool[], $6::text[], $7::text[], $8::uuid[], $9::timestamptz[], $10::int[],
    $11::int[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bytea[])
    AS emitted (topic, bulk, key, type, id, time, aggregate, following, causation, case_id,
        traceparent, dataref, value)
"""
"""Count up the revision of each (stream, key) by its events, and write the events with theirs.

The row lock of a revision makes the writers of a key take turns until commit, so that the outbox's
order is the order of decisions for each key. `aggregate` is the place of an event's (stream, key)
among those counted, from 1; `following` is how many later events of it are written with it."""


Aggregate = tuple[str, str]
"""Stream and key: what revisions are counted for; both lanes share the count."""


class UnsendableError(ValueError):
    """An event that Kafka could never carry: refused before it can block the outbox."""


class Emission(NamedTuple):
    """An event to publish with all that its headers will say but the revision."""

    topic: str
    bulk: bool
    key: str
    id: UUID
    time: datetime
    causation: str | None
    case: str | None
    traceparent: str | None
    event: Event | Tombstone

    @property
    def aggregate(self) -> Aggregate:
        """What its revision is counted for."""
        return self.topic.removesuffix(".bulk"), self.key

    @classmethod
    def of(
        cls,
        event: Event | Tombstone,
        time: datetime,
        cause: Cause | None,
        case: str | None,
        *,
        bulk: bool,
        name: str,
        trace: str | None,
    ) -> Self:
        """Address an event.

        Raises:
            UnsendableError: its topic is not declared, has no bulk lane, or is not compacted where
                a key is to end; or its key is empty or too long.
        """
        key = event.key
        return cls(
            topic=_topic(event, bulk=bulk),
            bulk=bulk,
            key=_sendable(event, key),
            id=ids.derived(cause.id, event.TYPE, key, name) if cause else ids.uuid7(),
            time=time,
            causation=str(cause.id) if cause else None,
            case=case or (cause.case if cause else None),
            traceparent=trace,
            event=event,
        )


def _topic(event: Event | Tombstone, *, bulk: bool) -> str:
    if event.TOPIC not in TOPICS:
        raise UnsendableError(f"{event.TYPE}: declare its topic {event.TOPIC} in schemas/topics.py")
    if isinstance(event, Tombstone) and not TOPICS[event.TOPIC].compacted:
        raise UnsendableError(f"{event.TYPE}: {event.TOPIC} is not compacted, it forgets by itself")
    if not bulk:
        return event.TOPIC
    lane = bulk_lane(event.TOPIC)
    if lane is None:
        raise UnsendableError(f"{event.TYPE}: {event.TOPIC} has no bulk lane; emit it without bulk")
    return lane


def _sendable(event: Event | Tombstone, key: str) -> str:
    if not key or "\0" in key or len(key.encode()) > KEY_BYTES:
        raise UnsendableError(
            f"{event.TYPE}: its key has to be 1 to {KEY_BYTES} bytes without NUL: {key[:80]!r}"
        )
    return key


async def append(db: Connection, blobs: Blobs, emissions: Sequence[Emission]) -> None:
    """Write events in the order in which they were emitted, one statement for all of them."""
    if not emissions:
        return
    values = [_value(each.event) for each in emissions]
    references = [await _claim_check(blobs, value) if value else None for value in values]
    counts = Counter(each.aggregate for each in emissions)
    aggregates = sorted(counts)  # one order for all writers, so that they do not deadlock
    places, following = _places(emissions, aggregates, counts)
    await db.execute(
        APPEND,
        [stream for stream, _ in aggregates],
        [key for _, key in aggregates],
        [counts[each] for each in aggregates],
        [each.topic for each in emissions],
        [each.bulk for each in emissions],
        [each.key for each in emissions],
        [each.event.TYPE for each in emissions],
        [each.id for each in emissions],
        [each.time for each in emissions],
        places,
        following,
        [each.causation for each in emissions],
        [each.case for each in emissions],
        [each.traceparent for each in emissions],
        references,
        [b"" if reference else value for value, reference in zip(values, references, strict=True)],
    )


def _value(event: Event | Tombstone) -> bytes | None:
    if isinstance(event, Tombstone):
        return None
    return type(event).__pydantic_serializer__.to_json(event)


async def _claim_check(blobs: Blobs, value: bytes) -> str | None:
    return await blobs.put(value) if len(value) > CLAIM_CHECK_BYTES else None


def _places(
    emissions: Sequence[Emission], aggregates: Sequence[Aggregate], counts: Counter[Aggregate]
) -> tuple[list[int], list[int]]:
    """Give each event the place of its aggregate, and how many of it follow."""
    at = {aggregate: place for place, aggregate in enumerate(aggregates, 1)}
    left = counts.copy()
    places, following = [], []
    for each in emissions:
        aggregate = each.aggregate
        left[aggregate] -= 1
        places.append(at[aggregate])
        following.append(left[aggregate])
    return places, following
