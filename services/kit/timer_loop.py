"""Keeps a service's timers firing: sleeps until the next one, claims, fires, sweeps, refills.

Every replica runs this loop; there is no leader. It wakes for the next due timer, for what its own
process arms, and every 15 s to sweep PostgreSQL for what the index missed. Without Redis the sweep
itself is timed to the next due timer that PostgreSQL knows.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from services.kit import clock, metrics
from services.kit.database import TRANSIENT
from services.kit.timer_index import HORIZON, TimerIndex
from services.kit.timers import BATCH, Firing

_log = logging.getLogger(__name__)

SWEEP = timedelta(seconds=15)
TOP_UP = timedelta(hours=1)
_SOONEST = 0.001
_PAUSE_AFTER_ERROR = 0.5
_PAGE = 5_000

OUTLOOK = """
SELECT clock_timestamp() AS now, (
    SELECT min(fire_at) FROM kit_timer WHERE state = 'armed' AND fire_at > clock_timestamp()
) AS next_at
"""
COMING = """
SELECT id, greatest(fire_at, retry_at) AS fire_at FROM kit_timer
WHERE state = 'armed' AND fire_at < clock_timestamp() + $1 AND id > $2 ORDER BY id LIMIT $3
"""


class TimerLoop:
    """The loop of one service in one process."""

    def __init__(self, firing: Firing, index: TimerIndex, sweep_every: timedelta = SWEEP) -> None:
        self._firing = firing
        self._index = index
        self._sweep_every = sweep_every.total_seconds()
        self._moves: dict[UUID, datetime | None] = {}
        self._woken = asyncio.Event()
        self._sweep_at = 0.0
        self._top_up_at = 0.0
        self._ahead = 0.0  # PostgreSQL's epoch seconds less this process's monotonic clock
        self._next_at: float | None = None

    def changed(self, moves: dict[UUID, datetime | None]) -> None:
        """Hear, after a commit, which timers were armed or taken back."""
        self._moves |= moves
        times = [at.timestamp() for at in moves.values() if at is not None]
        if self._next_at is not None:
            times.append(self._next_at)
        self._next_at = min(times, default=None)
        self._woken.set()

    async def run(self) -> None:
        """Fire until cancelled."""
        while True:
            self._woken.clear()
            try:
                pause = await self.tick()
            except TRANSIENT as error:
                _log.warning("timers wait, a store is away: %s", type(error).__name__)
                self._sweep_at = 0.0
                pause = _PAUSE_AFTER_ERROR
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), pause)

    async def tick(self) -> float:
        """Do what is due and answer how many seconds may pass until the next look."""
        metrics.TIMER_TICK.set(clock.now().timestamp())
        if self._must_sweep():
            await self._sweep()
        await self._move()
        claim = await self._index.claim(self._now(), BATCH)
        if claim is None:
            return self._pause(self._next_at)
        if not claim.filled or clock.elapsed() >= self._top_up_at:
            await self._fill()
            return 0.0
        if claim.due:
            await self._fire(claim.due)
            return 0.0
        return self._pause(claim.next_at)

    def _now(self) -> float:
        return clock.elapsed() + self._ahead

    def _must_sweep(self) -> bool:
        if clock.elapsed() >= self._sweep_at:
            return True
        due = self._next_at is not None and self._now() >= self._next_at
        return due and not self._index.up

    def _pause(self, next_at: float | None) -> float:
        until_sweep = self._sweep_at - clock.elapsed()
        until_next = until_sweep if next_at is None else next_at - self._now()
        return max(_SOONEST, min(until_sweep, until_next))

    async def _sweep(self) -> None:
        while due := await self._firing.overdue():
            if not await self._firing.fire(due, "sweep"):
                break  # others hold them, or they were put off
            self._moves |= await self._settled(due)
        async with self._firing.units.pool.acquire() as db:
            outlook = await db.fetchrow(OUTLOOK)
        if outlook is None:
            raise AssertionError("a SELECT without FROM has one row")
        self._ahead = outlook["now"].timestamp() - clock.elapsed()
        self._next_at = outlook["next_at"].timestamp() if outlook["next_at"] else None
        self._sweep_at = clock.elapsed() + self._sweep_every

    async def _fire(self, due: Sequence[UUID]) -> None:
        whole = await self._firing.fire(due, "redis") == len(due)
        await self._index.move(dict.fromkeys(due, None) if whole else await self._settled(due))

    async def _settled(self, tried: Sequence[UUID]) -> dict[UUID, datetime | None]:
        """Say where timers belong in the index that may not all have fired.

        One that is armed for later goes to its true time. One that is armed and due is being fired
        by another replica just now: it stays behind its lease, or both would spin.
        """
        armed = await self._firing.still_armed(tried)
        now = self._now()
        settled: dict[UUID, datetime | None] = {key: None for key in tried if key not in armed}
        return settled | {key: at for key, at in armed.items() if at.timestamp() > now}

    async def _move(self) -> None:
        moves, self._moves = self._moves, {}
        horizon = self._now() + HORIZON.total_seconds()
        near = {k: at for k, at in moves.items() if at is None or at.timestamp() < horizon}
        await self._index.move(near)

    async def _fill(self) -> None:
        """Put what is armed for the next 48 h into the index: at start, after a wipe, hourly."""
        last = UUID(int=0)
        while True:
            async with self._firing.units.pool.acquire() as db:
                rows = await db.fetch(COMING, HORIZON, last, _PAGE)
            await self._index.move({row["id"]: row["fire_at"] for row in rows})
            if len(rows) < _PAGE:
                break
            last = rows[-1]["id"]
        await self._index.mark_filled()
        self._top_up_at = clock.elapsed() + TOP_UP.total_seconds()
