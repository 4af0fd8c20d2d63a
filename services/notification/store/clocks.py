"""Keeps each clock as deadline-clock last published it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from schemas.clocks import Clock, ClockMode, ClockState
from services.kit.database import Connection

UPSERT = """
INSERT INTO clock AS t
    (clock, case_id, product, entity, revision, type, event, at, live, body)
SELECT DISTINCT ON (clock) * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::uuid[],
    $8::timestamptz[], $9::bool[], $10::jsonb[])
    AS n(clock, case_id, product, entity, revision, type, event, at, live, body)
ORDER BY clock, revision DESC
ON CONFLICT (clock) DO UPDATE SET case_id = excluded.case_id, product = excluded.product,
    entity = excluded.entity, revision = excluded.revision, type = excluded.type,
    event = excluded.event, at = excluded.at, live = excluded.live, body = excluded.body
WHERE t.revision < excluded.revision OR t.case_id <> excluded.case_id
RETURNING clock, case_id
"""
OF_CASES = "SELECT type, event, at, live, body FROM clock WHERE case_id = ANY($1) ORDER BY clock"
BY_ID = "SELECT type, event, at, live, body FROM clock WHERE clock = ANY($1) ORDER BY clock"
LIVE_CASES = "SELECT DISTINCT case_id FROM clock WHERE live ORDER BY case_id"

_ENDED = frozenset({ClockState.MET, ClockState.SUPERSEDED, ClockState.NOT_APPLICABLE})


@dataclass(frozen=True, slots=True)
class KeptClock:
    """A clock with the event that carried it; `live` while its draft is kept up to date."""

    clock: Clock
    type: str
    event: UUID
    at: datetime
    live: bool
    revision: int = 0


def is_live(clock: Clock) -> bool:
    """Whether an obligation still asks for something and so keeps its draft up to date."""
    return clock.state not in _ENDED and clock.mode is not ClockMode.OFF


async def save(db: Connection, kept: Sequence[KeptClock]) -> list[tuple[str, str]]:
    """Keep newer states and return the (clock, case) pairs that changed."""
    if not kept:
        return []
    rows = await db.fetch(
        UPSERT,
        [each.clock.clock for each in kept],
        [each.clock.case for each in kept],
        [each.clock.product for each in kept],
        [each.clock.entity for each in kept],
        [each.revision for each in kept],
        [each.type for each in kept],
        [each.event for each in kept],
        [each.at for each in kept],
        [each.live for each in kept],
        [each.clock.model_dump(mode="json") for each in kept],
    )
    return [(row["clock"], row["case_id"]) for row in rows]


async def of_cases(db: Connection, cases: Iterable[str]) -> list[KeptClock]:
    """Every clock of these cases."""
    return [_kept(row) for row in await db.fetch(OF_CASES, sorted(set(cases)))]


async def by_id(db: Connection, clocks: Iterable[str]) -> dict[str, KeptClock]:
    """Clocks by id."""
    rows = await db.fetch(BY_ID, sorted(set(clocks)))
    kept = [_kept(row) for row in rows]
    return {each.clock.clock: each for each in kept}


async def live_cases(db: Connection) -> list[str]:
    """Every case with a live clock."""
    return [row["case_id"] for row in await db.fetch(LIVE_CASES)]


def _kept(row: asyncpg.Record) -> KeptClock:
    clock = Clock.model_validate(row["body"])
    return KeptClock(clock, row["type"], row["event"], row["at"], row["live"])
