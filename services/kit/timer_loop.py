"""Keeps a service's timers firing: sleeps until the next one, claims, fires, sweeps, refills.

Every replica runs this loop; there is no leader. It wakes for the next due timer, for what its own
process arms, and every 15 s to sweep PostgreSQL for what the index missed. Without Redis the sweep
itself is timed to the next due timer that PostgreSQL knows.
"""

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from services.kit import clock, metrics
from services.kit.database import TRANSIENT, connection
from services.kit.firing import BATCH, Firing
from services.kit.timer_index import HORIZON, TimerIndex

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


@dataclass(slots=True)
class Moves:
    """What this process's commits armed and took back since the loop last looked."""

    times: dict[UUID, datetime | None] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def changed(self, moves: Mapping[UUID, datetime | None]) -> None:
        """Hear of a commit, and wake the loop."""
        self.times.update(moves)
        self.news.set()

    def take(self) -> dict[UUID, datetime | None]:
        """Hand over what was collected."""
        taken, self.times = self.times, {}
        return taken


class TimerLoop:
    """The loop of one service in one process."""

    def __init__(
        self, firing: Firing, index: TimerIndex, moves: Moves, sweep_every: timedelta = SWEEP
    ) -> None:
        self._firing = firing
        self._index = index
        self._moves = moves
        self._sweep_every = sweep_every.total_seconds()
        self._stopping = False
        self._sweep_at = 0.0
        self._top_up_at = 0.0
        self._ahead = 0.0  # PostgreSQL's epoch seconds less this process's monotonic clock
        self._next_at = math.inf

    def stop(self) -> None:
        """Let the batch in hand finish, and end."""
        self._stopping = True
        self._moves.news.set()

    async def run(self) -> None:
        """Fire until stopped."""
        while not self._stopping:
            try:
                pause = await self.tick()
                metrics.TIMER_TICK.set(clock.now().timestamp())
            except TRANSIENT as error:
                _log.warning("timers wait, a store is away: %s", type(error).__name__)
                pause = self._start_over()
            except Exception:  # noqa: BLE001  (see below)
                # Whatever it is (asyncpg's own state after a broken connection was one): timers
                # that stop are worse. The tick's time stands still and the log tells.
                _log.exception("timers go on after an error that nobody declared")
                pause = self._start_over()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):  # wait_for may swallow a cancellation in 3.11
                    await self._moves.news.wait()
                    self._moves.news.clear()

    def _start_over(self) -> float:
        """Sweep and fill anew after an error: what it interrupted is not known."""
        self._sweep_at = self._top_up_at = 0.0
        return _PAUSE_AFTER_ERROR

    async def tick(self) -> float:
        """Do what is due and answer how many seconds may pass until the next look."""
        moves = self._hear()
        if self._must_sweep():
            await self._sweep()  # before Redis is asked, which may take seconds to be away
        await self._index.move(moves)
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
        return self._now() >= self._next_at and not self._index.up

    def _pause(self, next_at: float) -> float:
        until_sweep = self._sweep_at - clock.elapsed()
        return max(_SOONEST, min(until_sweep, next_at - self._now()))

    async def _sweep(self) -> None:
        while due := await self._firing.overdue():
            if not await self._firing.fire(due, "sweep"):
                break  # others hold them, or they were put off
            await self._index.move(await self._settled(due))
        async with connection(self._firing.units.pool) as db:
            outlook = await db.fetchrow(OUTLOOK)
        if outlook is None:
            raise AssertionError("a SELECT without FROM has one row")
        self._ahead = outlook["now"].timestamp() - clock.elapsed()
        self._next_at = outlook["next_at"].timestamp() if outlook["next_at"] else math.inf
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

    def _hear(self) -> dict[UUID, datetime | None]:
        moves = self._moves.take()
        armed = [at.timestamp() for at in moves.values() if at is not None]
        self._next_at = min([*armed, self._next_at])
        horizon = clock.now() + HORIZON
        return {key: at for key, at in moves.items() if at is None or at < horizon}

    async def _fill(self) -> None:
        """Put what is armed for the next 48 h into the index: at start, after a wipe, hourly."""
        last = UUID(int=0)
        while True:
            async with connection(self._firing.units.pool) as db:
                rows = await db.fetch(COMING, HORIZON, last, _PAGE)
            await self._index.move({row["id"]: row["fire_at"] for row in rows})
            if len(rows) < _PAGE:
                break
            last = rows[-1]["id"]
        await self._index.mark_filled()
        self._top_up_at = clock.elapsed() + TOP_UP.total_seconds()
