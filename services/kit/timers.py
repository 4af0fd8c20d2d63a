"""Timers: PostgreSQL says what is armed and due, and a firing takes effect exactly once.

A firing is one transaction: armed and due by PostgreSQL's clock → fired, handler, outbox, commit.
That statement alone decides; whoever asks (the Redis index, the sweep, another replica) may be
early, late or double without harm. A handler's error leaves the timer armed, to be tried later.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from services.kit import clock, ids, metrics, telemetry
from services.kit.database import TRANSIENT, Connection
from services.kit.unit import Arm, Unit, Units

_log = logging.getLogger(__name__)

BATCH = 500
"""The most timers that one transaction fires."""

CANCEL = """
WITH taken_back AS (
    SELECT t.id FROM kit_timer t
    JOIN unnest($1::text[], $2::text[]) AS d(subject, step)
        ON t.subject = d.subject AND (d.step IS NULL OR t.step = d.step)
    WHERE t.state = 'armed' ORDER BY t.id FOR UPDATE OF t)
UPDATE kit_timer t SET state = 'cancelled' FROM taken_back b WHERE t.id = b.id RETURNING t.id
"""
ARM = """
INSERT INTO kit_timer AS t (id, subject, step, due_at, fire_at, traceparent)
SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[])
ON CONFLICT (id) DO UPDATE SET state = 'armed', fire_at = excluded.fire_at,
    traceparent = excluded.traceparent, attempts = 0, retry_at = NULL
WHERE t.state = 'cancelled' RETURNING id, fire_at
"""
FIRE = """
WITH due AS (
    SELECT id FROM kit_timer WHERE id = ANY($1::uuid[]) AND state = 'armed'
        AND fire_at <= clock_timestamp() AND (retry_at IS NULL OR retry_at <= clock_timestamp())
    ORDER BY id FOR UPDATE SKIP LOCKED)
UPDATE kit_timer t SET state = 'fired', fired_at = clock_timestamp() FROM due WHERE t.id = due.id
RETURNING t.id, t.subject, t.step, t.due_at, t.fire_at, t.fired_at, t.traceparent
"""
STILL_ARMED = """
SELECT id, greatest(fire_at, retry_at) AS fire_at FROM kit_timer
WHERE id = ANY($1::uuid[]) AND state = 'armed'
"""
PUT_OFF = """
UPDATE kit_timer SET attempts = attempts + 1,
    retry_at = clock_timestamp() + interval '1 second' * least(300, power(2, least(attempts, 9)))
WHERE id = $1 AND state = 'armed' RETURNING attempts
"""
OVERDUE = """
SELECT id FROM kit_timer WHERE state = 'armed' AND fire_at <= clock_timestamp()
    AND (retry_at IS NULL OR retry_at <= clock_timestamp()) ORDER BY fire_at LIMIT $1
"""

Source = Literal["redis", "sweep"]
Changed = Callable[[dict[UUID, datetime | None]], None]
"""Is told, after commit, when each timer fires from now on; None: not any more."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A timer that fires: pass it as the `cause` of what it makes happen."""

    id: UUID
    subject: str
    step: str
    due_at: datetime
    fired_at: datetime
    fire_at: datetime
    traceparent: str | None = None
    case: str | None = None


Handler = Callable[[Sequence[Fired], Unit], Awaitable[None]]


class Timers:
    """A service's answer to its timers: one handler for all steps, given batches."""

    def __init__(self) -> None:
        self._handler: Handler | None = None

    def on_fire(self, handler: Handler) -> Handler:
        """Declare the handler. It runs inside the firing's transaction, and may run again."""
        self._handler = handler
        return handler

    @property
    def handler(self) -> Handler:
        """The declared handler."""
        if self._handler is None:
            raise RuntimeError("these timers have no handler: decorate one with @timers.on_fire")
        return self._handler


def timer_id(subject: str, step: str, due_at: datetime) -> UUID:
    """The id of a timer: the same subject, step and legal time are the same timer."""
    return ids.derived("timer", subject, step, due_at.astimezone(UTC).isoformat())


def arming(compression: float, changed: Changed) -> Callable[[Unit], Awaitable[None]]:
    """The flusher that writes what units armed and disarmed, in the order of their calls."""

    async def flush(unit: Unit) -> None:
        if not unit.armed:
            return
        moves = await _write(unit.db, unit, compression)
        unit.after_commit(lambda: changed(moves))

    return flush


async def _write(db: Connection, unit: Unit, compression: float) -> dict[UUID, datetime | None]:
    armed: dict[UUID, Arm] = {}
    disarmed: list[tuple[str, str | None]] = []
    for wish in unit.armed:
        if isinstance(wish, Arm):
            armed[timer_id(wish.subject, wish.step, wish.due_at)] = wish
            continue
        disarmed.append((wish.subject, wish.step))
        armed = {
            key: arm for key, arm in armed.items()
            if arm.subject != wish.subject or wish.step not in {None, arm.step}
        }
    moves: dict[UUID, datetime | None] = {}
    if disarmed:
        rows = await db.fetch(CANCEL, *map(list, zip(*disarmed, strict=True)))
        moves |= dict.fromkeys((row["id"] for row in rows), None)
    if armed:
        rows = await db.fetch(ARM, *_columns(armed, unit.now, compression))
        moves |= {row["id"]: row["fire_at"] for row in rows}
    return moves


def _columns(armed: dict[UUID, Arm], now: datetime, compression: float) -> Iterable[list[object]]:
    ordered = sorted(armed.items())  # one order for all writers, so that they do not deadlock
    traceparent = telemetry.traceparent()
    return (
        [key for key, _ in ordered],
        [arm.subject for _, arm in ordered],
        [arm.step for _, arm in ordered],
        [arm.due_at for _, arm in ordered],
        [clock.wall(arm.due_at, now, compression) for _, arm in ordered],
        [arm.traceparent or traceparent for _, arm in ordered],
    )


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
        async with self.units.pool.acquire() as db:
            attempts = await db.fetchval(PUT_OFF, timer)
        _log.error(
            "a timer's handler failed %s times; it stays armed", attempts, exc_info=error,
            extra={"timer": str(timer)},
        )

    async def overdue(self) -> list[UUID]:
        """What PostgreSQL holds armed and overdue, the oldest first, at most a batch."""
        async with self.units.pool.acquire() as db:
            return [row["id"] for row in await db.fetch(OVERDUE, BATCH)]

    async def still_armed(self, wanted: Sequence[UUID]) -> dict[UUID, datetime]:
        """Those of `wanted` that are armed all the same, with the true time of each."""
        async with self.units.pool.acquire() as db:
            rows = await db.fetch(STILL_ARMED, wanted)
        return {row["id"]: row["fire_at"] for row in rows}
