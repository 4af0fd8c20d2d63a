"""Keeps each clock as deadline-clock last published it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from schemas.clocks import Clock, ClockMode, ClockState
from services.kit.database import Connection

HOLD = """
SELECT case_id, revision, type, event, at, live, body FROM clock WHERE clock = ANY($1)
ORDER BY clock FOR UPDATE
"""
UPSERT = """
INSERT INTO clock AS t
    (clock, case_id, product, entity, revision, type, event, at, live, body)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::uuid[],
    $8::timestamptz[], $9::bool[], $10::jsonb[])
ON CONFLICT (clock) DO UPDATE SET case_id = excluded.case_id, product = excluded.product,
    entity = excluded.entity, revision = excluded.revision, type = excluded.type,
    event = excluded.event, at = excluded.at, live = excluded.live, body = excluded.body
WHERE t.revision < excluded.revision OR t.case_id <> excluded.case_id
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


@dataclass(frozen=True, slots=True)
class Saved:
    """The clocks that events told of as they are now, and the cases whose clocks say more."""

    now: Mapping[str, KeptClock]
    changed: frozenset[str]


def is_live(clock: Clock) -> bool:
    """Whether an obligation still asks for something and so keeps its draft up to date."""
    return clock.state not in _ENDED and clock.mode is not ClockMode.OFF


async def save(db: Connection, told: Iterable[KeptClock]) -> Saved:
    """Keep newer states, holding the clocks until commit.

    An event that repeats a clock's state, as an escalation does, changes nothing for its drafts.
    """
    newest: dict[str, KeptClock] = {}
    for each in told:
        before = newest.get(each.clock.clock)
        if before is None or before.revision < each.revision:
            newest[each.clock.clock] = each
    if not newest:
        return Saved({}, frozenset())
    rows = await db.fetch(HOLD, sorted(newest))
    held = {row["body"]["clock"]: row for row in rows}
    bodies = {name: each.clock.model_dump(mode="json") for name, each in newest.items()}
    fresh = [each for name, each in sorted(newest.items()) if _is_newer(each, held.get(name))]
    await _upsert(db, fresh, [bodies[each.clock.clock] for each in fresh])
    now = newest | {
        name: _kept(row) for name, row in held.items() if not _is_newer(newest[name], row)
    }
    return Saved(
        now,
        frozenset(
            each.clock.case
            for each in fresh
            if (row := held.get(each.clock.clock)) is None
            or row["body"] != bodies[each.clock.clock]
        ),
    )


def _is_newer(told: KeptClock, held: asyncpg.Record | None) -> bool:
    """Revisions are counted for each case: a clock that moved to another one begins again."""
    return held is None or held["revision"] < told.revision or held["case_id"] != told.clock.case


async def _upsert(
    db: Connection, kept: Sequence[KeptClock], bodies: Sequence[dict[str, Any]]
) -> None:
    if not kept:
        return
    await db.execute(
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
        bodies,
    )


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
