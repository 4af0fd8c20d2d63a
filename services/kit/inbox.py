"""Remembers which records were handled, so that a second delivery has no second effect.

Rows are partitioned by the day of the event's time. A day's partition is made when its first event
comes, and dropped whole once no topic can deliver that day again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.kit import clock, positions
from services.kit.database import Connection, Pool, connection
from services.kit.locks import signed

CLAIM = """
INSERT INTO kit_inbox (day, consumer, source, id)
SELECT day, $1, source, id FROM unnest($2::date[], $3::text[], $4::uuid[]) AS t (day, source, id)
ON CONFLICT DO NOTHING
RETURNING source, id
"""
ARRIVE = f"""
WITH guard AS MATERIALIZED (
    SELECT EXISTS (SELECT 1 FROM kit_quarantine WHERE consumer = $1) AS guarded),
advanced AS ({positions.STEP}),
claimed AS (
    INSERT INTO kit_inbox (day, consumer, source, id)
    SELECT day, $1, source, id
    FROM guard, unnest($5::date[], $6::text[], $7::uuid[]) AS t (day, source, id)
    WHERE NOT guarded
    ON CONFLICT DO NOTHING
    RETURNING source, id)
SELECT guarded, count(claimed.id) AS fresh,
    CASE WHEN count(claimed.id) < cardinality($7) THEN array_agg(claimed.source) END AS sources,
    CASE WHEN count(claimed.id) < cardinality($7) THEN array_agg(claimed.id) END AS ids
FROM guard LEFT JOIN claimed ON true GROUP BY guarded
"""
"""A batch arrives: where it ends, whether its consumer has a quarantine to look into, and, where it
has none, which records are new."""
DAYS = """
SELECT c.relname AS name FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'kit_inbox'::regclass AND c.relname <> 'kit_inbox_rest'
"""
OPEN = """
CREATE TABLE {name} (LIKE kit_inbox INCLUDING ALL);
WITH moved AS (DELETE FROM kit_inbox_rest WHERE day = '{day}' RETURNING *)
INSERT INTO {name} SELECT * FROM moved;
ALTER TABLE kit_inbox ATTACH PARTITION {name} FOR VALUES FROM ('{day}') TO ('{next}');
"""
FORGET = "DELETE FROM kit_quarantine WHERE settled_at < $1"

_REST = date(1970, 1, 1)
"""Stands for every day outside the window: the last partition holds them all."""
_AHEAD = timedelta(days=2)


class Identity(NamedTuple):
    """What makes a record the same one when it comes again."""

    day: date
    source: str
    id: UUID


class Arrival(NamedTuple):
    """What became of a batch's arrival; nothing is claimed where a quarantine stands guard."""

    guarded: bool
    claimed: list[bool]


@dataclass(slots=True)
class Inbox:
    """The inbox of one process: it knows which days' partitions are there."""

    pool: Pool
    schema: str
    keep: timedelta
    _ready: set[date] = field(default_factory=set)

    def day(self, time: datetime) -> date:
        """Find the partition of an event's time."""
        present = clock.now()
        return time.date() if present - self.keep < time < present + _AHEAD else _REST

    async def prepare(self, days: Collection[date]) -> None:
        """Make the partitions of `days` where they are missing; drop those that ran out.

        It is a transaction of its own, before the batch's, and costs nothing on any other batch.
        """
        wanted = set(days) - self._ready - {_REST}
        if not wanted:
            return
        async with connection(self.pool) as db, db.transaction():
            await db.execute("SELECT pg_advisory_xact_lock($1, 1)", signed(f"inbox {self.schema}"))
            there = {row["name"] for row in await db.fetch(DAYS)}
            oldest = (clock.now() - self.keep).date()
            statements = [_open(day) for day in sorted(wanted) if _name(day) not in there]
            expired = sorted(name for name in there if name < _name(oldest))
            statements += [f"DROP TABLE {name};" for name in expired]
            if statements:
                await db.execute("\n".join(statements))
            await db.execute(FORGET, clock.now() - self.keep)
        self._ready |= wanted

    async def arrive(
        self,
        db: Connection,
        consumer: str,
        ends: Mapping[positions.Place, int],
        identities: Sequence[Identity],
    ) -> Arrival:
        """Store how far a batch goes, and claim its records if no quarantine stands guard."""
        row = await db.fetchrow(ARRIVE, consumer, *positions.columns(ends), *_columns(identities))
        if row is None or row["guarded"]:
            return Arrival(True, [])
        if row["fresh"] == len(identities):
            return Arrival(False, [True] * len(identities))
        fresh = zip(row["sources"], row["ids"], strict=True)
        return Arrival(False, _claimed(identities, set(fresh)))

    async def claim(
        self, db: Connection, consumer: str, identities: Sequence[Identity]
    ) -> list[bool]:
        """Claim records for this transaction; False where another one has handled it already.

        Of equal identities within one call only the first is claimed.
        """
        rows = await db.fetch(CLAIM, consumer, *_columns(identities))
        return _claimed(identities, {(row["source"], row["id"]) for row in rows})


def _columns(identities: Sequence[Identity]) -> tuple[list[date], list[str], list[UUID]]:
    return (
        [each.day for each in identities],
        [each.source for each in identities],
        [each.id for each in identities],
    )


def _claimed(identities: Sequence[Identity], fresh: set[tuple[str, UUID]]) -> list[bool]:
    claimed = []
    for _, source, identity in identities:
        claimed.append((source, identity) in fresh)
        fresh.discard((source, identity))
    return claimed


def _name(day: date) -> str:
    return f"kit_inbox_{day:%Y%m%d}"


def _open(day: date) -> str:
    return OPEN.format(name=_name(day), day=day, next=day + timedelta(days=1))
