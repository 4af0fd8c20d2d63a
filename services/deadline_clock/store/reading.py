"""What people ask of clocks: lists, one clock with its history and alarms."""

from datetime import datetime
from uuid import UUID

import asyncpg

from services.kit.database import Connection

LAST = datetime.fromisoformat("9999-12-31T00:00:00+00:00")
"""Where clocks without a deadline are sorted: after all others."""

FIRST = (datetime.fromisoformat("0001-01-02T00:00:00+00:00"), UUID(int=0))
"""The place before every clock's."""

NEXT_STEP = """(SELECT min(s.due_at) FROM escalation_step s
    WHERE s.clock = c.clock AND s.state = 'armed') AS next_step_at"""
LISTED = f"""
SELECT c.*, coalesce(c.due_at, '9999-12-31T00:00:00Z') AS sorted_at, {NEXT_STEP}
FROM clock c
WHERE (($1::text IS NULL AND c.case_id NOT LIKE 'DRILL-%') OR c.case_id = coalesce(
        (SELECT survivor FROM forward WHERE absorbed = $1), $1))
    AND ($2::text IS NULL OR c.state = $2)
    AND ($3::text IS NULL OR c.mode = $3)
    AND ($4::text IS NULL OR c.product = $4)
    AND (coalesce(c.due_at, '9999-12-31T00:00:00Z'), c.clock) > ($5, $6)
ORDER BY coalesce(c.due_at, '9999-12-31T00:00:00Z'), c.clock LIMIT $7
"""
AS_OF = """
SELECT c.clock, h.body->>'case' AS case_id, c.occurrence, c.initial_load, h.because, h.decided_by,
    NULL AS reopen_trigger, h.body, NULL::timestamptz AS next_step_at
FROM clock c CROSS JOIN LATERAL (
    SELECT * FROM clock_history
    WHERE clock = c.clock AND at <= $5 ORDER BY seq DESC LIMIT 1) h
CROSS JOIN LATERAL (
    SELECT coalesce((h.body->>'due_operational')::timestamptz, '9999-12-31T00:00:00Z') AS at) due
WHERE ($1::text IS NULL OR c.case_id = coalesce(
        (SELECT survivor FROM forward WHERE absorbed = $1), $1))
    AND ($2::text IS NULL OR h.body->>'state' = $2)
    AND ($3::text IS NULL OR h.body->>'mode' = $3)
    AND ($4::text IS NULL OR c.product = $4)
    AND (due.at, c.clock) > ($6, $7)
ORDER BY due.at, c.clock LIMIT $8
"""
"""What the clocks of today showed at an instant, from their history."""
ONE = f"SELECT c.*, {NEXT_STEP} FROM clock c WHERE c.clock = $1"
HISTORY = "SELECT * FROM clock_history WHERE clock = $1 ORDER BY seq"
ALARMS = "SELECT * FROM escalation_step WHERE clock = $1 ORDER BY due_at, step"

Row = asyncpg.Record
Place = tuple[datetime, UUID]


async def listed(
    db: Connection, wanted: tuple[str | None, ...], after: Place, limit: int
) -> list[Row]:
    """Clocks by deadline. `wanted`: case, state, mode and product, None for any."""
    return list(await db.fetch(LISTED, *wanted, *after, limit))


async def listed_as_of(
    db: Connection, wanted: tuple[str | None, ...], at: datetime, after: Place, limit: int
) -> list[Row]:
    """Clocks as they stood at an instant, by the deadline that they had then."""
    return list(await db.fetch(AS_OF, *wanted, at, *after, limit))


async def one(db: Connection, clock: UUID) -> Row | None:
    """One clock's row."""
    return await db.fetchrow(ONE, clock)


async def history(db: Connection, clock: UUID) -> list[Row]:
    """A clock's changes, the first one first."""
    return list(await db.fetch(HISTORY, clock))


async def alarms(db: Connection, clock: UUID) -> list[Row]:
    """A clock's escalation steps by time."""
    return list(await db.fetch(ALARMS, clock))
