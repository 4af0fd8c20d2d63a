"""Drills as they were run, and their schedule."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from services.kit.database import Connection

NEXT_NUMBER = "SELECT count(*) + 1 FROM drill WHERE drill LIKE $1"
ADD = """
INSERT INTO drill (drill, clock, started_at, started_by, ends_at) VALUES ($1, $2, $3, $4, $5)
"""
END = """
UPDATE drill SET ended_at = $2, ended_because = $3 WHERE drill = $1 AND ended_at IS NULL
"""
ONE = "SELECT * FROM drill WHERE drill = $1"
LISTED = """
SELECT * FROM drill WHERE $1::text IS NULL OR drill < $1 ORDER BY drill DESC LIMIT $2
"""
SCHEDULE = "SELECT every_days, local_time, zone, minutes, set_by, next_at FROM drill_schedule"
SET_SCHEDULE = """
INSERT INTO drill_schedule AS s (every_days, local_time, zone, minutes, set_by, next_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (one) DO UPDATE SET every_days = excluded.every_days, local_time = excluded.local_time,
    zone = excluded.zone, minutes = excluded.minutes, set_by = excluded.set_by,
    next_at = excluded.next_at
"""


@dataclass(frozen=True, slots=True)
class Drill:
    """A drill; without `ended_at` it still runs."""

    drill: str
    clock: str
    started_at: datetime
    started_by: str
    ends_at: datetime
    ended_at: datetime | None = None
    ended_because: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every so many days at a local time a drill of so many minutes begins."""

    every_days: int
    local_time: str
    zone: str
    minutes: int
    set_by: str
    next_at: datetime


async def next_number(db: Connection, prefix: str) -> int:
    """The number of the next drill of a year; the caller holds the drills' lock."""
    return int(await db.fetchval(NEXT_NUMBER, f"{prefix}%"))


async def add(db: Connection, drill: Drill) -> None:
    """Keep a drill that begins."""
    await db.execute(
        ADD, drill.drill, UUID(drill.clock), drill.started_at, drill.started_by, drill.ends_at
    )


async def end(db: Connection, drill: str, at: datetime, because: str) -> None:
    """Keep that a drill ended."""
    await db.execute(END, drill, at, because)


async def one(db: Connection, drill: str) -> Drill | None:
    """One drill."""
    row = await db.fetchrow(ONE, drill)
    return _drill(row) if row is not None else None


async def listed(db: Connection, before: str | None, limit: int) -> list[Drill]:
    """Drills, the newest first."""
    return [_drill(row) for row in await db.fetch(LISTED, before, limit)]


def _drill(row: asyncpg.Record) -> Drill:
    return Drill(**{**dict(row), "clock": str(row["clock"])})


async def schedule(db: Connection) -> Schedule | None:
    """When drills begin by themselves; None: never."""
    row = await db.fetchrow(SCHEDULE)
    return Schedule(**dict(row)) if row is not None else None


async def put_schedule(db: Connection, wanted: Schedule | None) -> None:
    """Set or, with None, remove the schedule."""
    if wanted is None:
        await db.execute("DELETE FROM drill_schedule")
        return
    await db.execute(
        SET_SCHEDULE, wanted.every_days, wanted.local_time, wanted.zone, wanted.minutes,
        wanted.set_by, wanted.next_at,
    )  # fmt: skip
