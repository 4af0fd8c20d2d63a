"""Fires timers: PostgreSQL says what is armed and due, and a firing takes effect exactly once.

A firing is one transaction: armed and due by PostgreSQL's clock → fired, handler, outbox, commit.
That statement alone decides; whoever asks (the Redis index, the sweep, another replica) may be
early, late or double without harm. A handler's error leaves the timer armed, to be tried later.

What is found by id is found id by id (LATERAL): after a burst of arming PostgreSQL's statistics say
that nearly nothing is armed, and it would read the whole index of what is. `statement_timestamp()`
may bound an index; `clock_timestamp()` may not.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.kit import metrics, telemetry
from services.kit.database import TRANSIENT, connection
from services.kit.timers import Fired, Timers
from services.kit.unit import Units

_log = logging.getLogger(__name__)

BATCH = 500
"""The most timers that one transaction fires."""

FIRE = """
WITH due AS (
    SELECT t.id FROM unnest($1::uuid[]) AS w(id) CROSS JOIN LATERAL (
        SELECT id FROM kit_timer WHERE id = w.id AND state = 'armed'
            AND greatest(fire_at, retry_at) <= statement_timestamp()
        FOR UPDATE SKIP LOCKED) AS t)
UPDATE kit_timer t SET state = 'fired', fired_at = clock_timestamp() FROM due WHERE t.id = due.id
RETURNING t.id, t.subject, t.step, t.due_at, t.fire_at, t.fired_at, t.traceparent
"""
STILL_ARMED = """
SELECT t.id, t.fire_at FROM unnest($1::uuid[]) AS w(id) CROSS JOIN LATERAL (
    SELECT id, greatest(fire_at, retry_at) AS fire_at FROM kit_timer
    WHERE id = w.id AND state = 'armed' OFFSET 0) AS t
"""
PUT_OFF = """
UPDATE kit_timer SET attempts = attempts + 1,
    retry_at = clock_timestamp() + interval '1 second' * least(300, power(2, least(attempts, 9)))
WHERE id = $1 AND state = 'armed' RETURNING attempts
"""
OVERDUE = """
SELECT id FROM kit_timer WHERE state = 'armed' AND fire_at <= statement_timestamp()
    AND (retry_at IS NULL OR retry_at <= statement_timestamp()) ORDER BY fire_at LIMIT $1
"""

Source = Literal["redis", "sweep"]


@dataclass(frozen=True, slots=True)
class Firing:
    """Fires timers of one service through its handler."""

    units: Units
    timers: Timers

    async def fire(self, wanted: Sequence[UUID], source: Source) -> int:
        """Fire those of `wanted` that are armed and due, and count them; halve on an error.

        Raises:
            TRANSIENT: a store is away or contended; nothing of the failed part has happened.
        """
        try:
            fired = await self._transact(wanted)
        except TRANSIENT:
            metrics.TIMER_ERRORS.labels("transient").inc()
            raise
        except Exception as error:  # noqa: BLE001  (whatever it is, the timer must stay armed)
            if len(wanted) == 1:
                await self._put_off(wanted[0], error)
                return 0
            middle = len(wanted) // 2
            first = await self.fire(wanted[:middle], source)
            return first + await self.fire(wanted[middle:], source)
        metrics.TIMER_FIRED.labels(source).inc(len(fired))
        for each in fired:
            metrics.TIMER_LATENESS.observe((each.fired_at - each.fire_at).total_seconds())
        return len(fired)

    async def _transact(self, wanted: Sequence[UUID]) -> list[Fired]:
        async with self.units.begin() as unit:
            rows = await unit.db.fetch(FIRE, wanted)
            fired = sorted((Fired(**row) for row in rows), key=lambda each: each.fire_at)
            if fired:
                # PostgreSQL's clock decided; a process whose own clock is behind must not doubt it.
                unit.now = max(unit.now, *(each.fired_at for each in fired))
                with telemetry.span("fire timers", (each.traceparent for each in fired)):
                    await self.timers.handler(fired, unit)
        return fired

    async def _put_off(self, timer: UUID, error: Exception) -> None:
        metrics.TIMER_ERRORS.labels("handler").inc()
        async with connection(self.units.pool) as db:
            attempts = await db.fetchval(PUT_OFF, timer)
        _log.error(
            "a timer's handler failed %s times; it stays armed",
            attempts,
            exc_info=error,
            extra={"timer": str(timer)},
        )

    async def overdue(self) -> list[UUID]:
        """What PostgreSQL holds armed and overdue, the oldest first, at most a batch."""
        async with connection(self.units.pool) as db:
            return [row["id"] for row in await db.fetch(OVERDUE, BATCH)]

    async def still_armed(self, wanted: Sequence[UUID]) -> dict[UUID, datetime]:
        """Those of `wanted` that are armed all the same, with the true time of each."""
        async with connection(self.units.pool) as db:
            rows = await db.fetch(STILL_ARMED, wanted)
        return {row["id"]: row["fire_at"] for row in rows}
