"""Keeps a service's timers firing: sleeps until the next one, claims, fires, sweeps, refills.

Every replica runs this loop; there is no leader. It wakes for the next due timer, for what its own
process arms, and every 15 s to sweep PostgreSQL for what the index missed. Without Redis the sweep
itself is timed to the next due timer that PostgreSQL knows. Filling the index goes on page by page
between two firings, so that neither waits for the other.
"""

import asyncio
import logging
import math
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from services.kit import clock, metrics
from services.kit.database import TRANSIENT, connection
from services.kit.firing import BATCH, Firing
from services.kit.timer_filling import Filling
from services.kit.timer_index import HORIZON, TimerIndex

_log = logging.getLogger(__name__)

SWEEP = timedelta(seconds=15)
_SOONEST = 0.01
"""The shortest pause on average: what comes due meanwhile is fired together, for a fraction of the
work. It varies, or one of two replicas in step would always come just after the other.
"""
_PAUSE_AFTER_ERROR = 0.5
_LOOK_AGAIN = 1.0
"""Seconds after which to look again at an index that is away, or that another replica fills."""
_AT_ONCE = 2_000
"""The most timers that one look puts into the index: more would make due ones wait."""
_MOST = 50_000
"""Changes that wait for the index; beyond them it is filled from PostgreSQL instead."""

OUTLOOK = """
SELECT clock_timestamp() AS now, (
    SELECT min(fire_at) FROM kit_timer WHERE state = 'armed' AND fire_at > statement_timestamp()
) AS next_at
"""


@dataclass(slots=True)
class Moves:
    """What this process's commits armed and took back since the loop last looked."""

    times: dict[UUID, datetime | None] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    forgot: bool = False
    """More came than was taken: what was forgotten is in PostgreSQL."""
    first: float = math.inf
    """The soonest that was armed since the loop last looked, in epoch seconds."""

    def changed(self, moves: Mapping[UUID, datetime | None]) -> None:
        """Hear of a commit, and wake the loop."""
        self.times.update(moves)
        armed = min((at for at in moves.values() if at is not None), default=None)
        if armed is not None:
            self.first = min(self.first, armed.timestamp())
        if len(self.times) > _MOST:
            self.times.clear()
            self.forgot = True
        self.news.set()

    def take(self, most: int) -> dict[UUID, datetime | None]:
        """Hand over what was collected, at most so many; the rest stays for the next look."""
        if len(self.times) <= most:
            taken, self.times = self.times, {}
            return taken
        return {key: self.times.pop(key) for key in list(islice(self.times, most))}


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
        self._filling = Filling(firing.units.pool, index)
        self._sweep_at = 0.0
        self._ahead = 0.0  # PostgreSQL's epoch seconds less this process's monotonic clock
        self._next_at = math.inf

    def stop(self) -> None:
        """Let the batch in hand finish, and end."""
        self._stopping = True
        self._index.close()
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
        """Sweep at once after an error: what it interrupted is not known."""
        self._sweep_at = 0.0
        return _PAUSE_AFTER_ERROR

    async def tick(self) -> float:
        """Do what is due and answer how many seconds may pass until the next look."""
        self._next_at = min(self._moves.first, self._next_at)
        self._moves.first = math.inf
        if self._must_sweep():
            await self._sweep()  # before Redis is asked, which may be slow to be away
        await self._index.move(self._hear())
        claim = await self._index.claim(self._now(), BATCH)
        if claim is None:
            pause = self._pause(self._next_at)
            return min(pause, _LOOK_AGAIN) if self._index.given else pause
        await self._filling.begin(claim.filled_until, self._now())
        if claim.due:
            await self._fire(claim.due)
        if self._filling.going_on:
            await self._filling.page()
            return 0.0
        if len(claim.due) == BATCH or self._moves.times:
            return 0.0
        pause = self._pause(claim.next_at)
        return pause if claim.filled_until else min(pause, _LOOK_AGAIN)

    def _now(self) -> float:
        return clock.elapsed() + self._ahead

    def _must_sweep(self) -> bool:
        if clock.elapsed() >= self._sweep_at:
            return True
        return self._now() >= self._next_at and not self._index.up

    def _pause(self, next_at: float) -> float:
        until_sweep = self._sweep_at - clock.elapsed()
        soonest = _SOONEST * random.uniform(0.5, 1.5)  # noqa: S311  (nothing secret)
        return max(soonest, min(until_sweep, next_at - self._now()))

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
        if self._moves.forgot:
            self._moves.forgot, self._index.behind = False, True
        horizon = clock.now() + HORIZON
        moves = self._moves.take(_AT_ONCE)
        return {key: at for key, at in moves.items() if at is None or at < horizon}
