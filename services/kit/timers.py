"""Timers as services see them: what is armed, taken back, and answered when it fires.

A timer is a row in PostgreSQL, written in the transaction of whoever arms it. Its id is derived
from subject, step and legal time, so that a replay arms nothing anew and a moved time is a new one.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from services.kit import clock, ids, telemetry
from services.kit.database import Connection
from services.kit.unit import Arm, Unit

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


async def refuse(unit: Unit) -> None:
    """The flusher of a service without timers.

    Raises:
        RuntimeError: a unit armed a timer that nobody would ever fire.
    """
    if unit.armed:
        raise RuntimeError(f"{unit.service} has no timers: give its Service some before arming")


async def _write(db: Connection, unit: Unit, compression: float) -> dict[UUID, datetime | None]:
    armed: dict[UUID, Arm] = {}
    disarmed: list[tuple[str, str | None]] = []
    for wish in unit.armed:
        if isinstance(wish, Arm):
            armed[timer_id(wish.subject, wish.step, wish.due_at)] = wish
            continue
        disarmed.append((wish.subject, wish.step))
        armed = {
            key: arm
            for key, arm in armed.items()
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
