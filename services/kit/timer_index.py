"""The timers' fast index in Redis: may be wiped, stopped, slow or wrong at any moment without harm.

A sorted set holds the timers of the next 48 hours by their wall time; a claim puts what is due
behind a lease, so that a killed claimant's timers come due again. No call raises because Redis is
away: it says so once in the log, and once again when Redis is back. While it is away nobody waits
for it: a probe of its own asks now and then.
"""

import asyncio
import importlib.resources
import logging
import math
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.kit import clock, ids, metrics
from services.kit.settings import Settings

_log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
HORIZON = timedelta(hours=48)
TURN = timedelta(seconds=5)
"""How long one replica may be silent while it fills; then another takes over."""

_FOLDER = importlib.resources.files(__package__)
_CLAIM = (_FOLDER / "timers.lua").read_text("utf-8")
_FILL = (_FOLDER / "timer_fill.lua").read_text("utf-8")
_SOON, _LATEST = 1.0, 15.0
"""Seconds between two probes: longer where Redis comes and goes."""
_CALM = 60.0
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim brought.

    `next_at` is when the next one is due (epoch seconds; infinite: never); `filled_until` up to
    when the index knows all timers (epoch seconds; 0: Redis has lost its memory).
    """

    due: tuple[UUID, ...]
    next_at: float
    filled_until: float


def connect(settings: Settings) -> "Redis | None":
    """A client that gives up soon: whoever asks has PostgreSQL to fall back on."""
    url = settings.redis_url.get_secret_value()
    if not url:
        return None
    return Redis.from_url(
        url,
        socket_connect_timeout=1,
        socket_timeout=0.5,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


class TimerIndex:
    """The sorted set of one service's timers.

    `behind` says that it may lack timers it should hold: fill it, even where its epoch stands.
    """

    def __init__(self, redis: "Redis | None", prefix: str, service: str) -> None:
        self._redis = redis
        root = f"{{{prefix}:{service}:timers}}"  # one hash tag: all keys in one cluster slot
        self._due, self._epoch, self._turn = f"{root}:due", f"{root}:epoch", f"{root}:filling"
        self._claim = redis.register_script(_CLAIM) if redis else None
        self._fill = redis.register_script(_FILL) if redis else None
        self._token = str(ids.uuid7())
        self._probe: asyncio.Task[None] | None = None
        self._pause, self._back_at = _SOON, 0.0
        self.given = redis is not None
        self.up = self.given
        self.behind = False
        metrics.TIMER_INDEX_UP.set(self.up)

    async def claim(self, now: float, limit: int) -> Claim | None:
        """Take what is due at `now` (PostgreSQL's clock, epoch seconds); None without Redis."""
        if self._claim is None:
            return None
        answer: Any = await self._ask(
            self._claim(keys=[self._due, self._epoch], args=[now, LEASE.total_seconds(), limit])
        )
        if answer is None:
            return None
        claimed, next_at, until = answer
        due = tuple(ids.parse(each) for each in claimed)
        return Claim(due, float(next_at) if next_at else math.inf, float(until or 0))

    async def move(self, times: Mapping[UUID, datetime | None]) -> None:
        """Set when timers fire; None takes one out."""
        await self.put(
            {str(key): at.timestamp() for key, at in times.items() if at is not None},
            [str(key) for key, at in times.items() if at is None],
        )

    async def put(self, added: Mapping[str, float], removed: list[str] | None = None) -> bool:
        """Set when timers fire, in epoch seconds, and take others out; False without Redis."""
        if self._redis is None or not (added or removed):
            return self._redis is not None
        if not self.up:
            self.behind = True
            return False
        pipeline = self._redis.pipeline(transaction=False)
        if added:
            pipeline.zadd(self._due, added)
        if removed:
            pipeline.zrem(self._due, *removed)
        return await self._ask(pipeline.execute()) is not None

    async def take_turn(self) -> bool:
        """Begin to fill, where nobody else does just now."""
        return await self._turned("take", 0.0)

    async def keep_turn(self) -> bool:
        """Go on filling; False where Redis was wiped meanwhile, or another has taken over."""
        return await self._turned("keep", 0.0)

    async def end_turn(self, until: float) -> bool:
        """Say up to when the index is filled; False where a wipe undid it meanwhile."""
        return await self._turned("done", until)

    async def _turned(self, act: Literal["take", "keep", "done"], until: float) -> bool:
        if self._fill is None:
            return False
        milliseconds = int(TURN.total_seconds() * 1000)
        asked = self._fill(
            keys=[self._turn, self._epoch], args=[act, self._token, milliseconds, until]
        )
        return await self._ask(asked) == 1

    async def _ask(self, asked: Awaitable[_Answer]) -> _Answer | None:
        """Wait for an answer, unless Redis is known to be away."""
        if not self.up:
            if asyncio.iscoroutine(asked):
                asked.close()
            return None
        try:
            return await asked
        except (RedisError, OSError) as error:
            self._away(error)
            return None

    def _away(self, error: Exception) -> None:
        _log.warning("the timer index is away, the sweep fires alone: %s", type(error).__name__)
        self.up, self.behind = False, True
        metrics.TIMER_INDEX_UP.set(0)
        lately = clock.elapsed() - self._back_at < _CALM
        self._pause = min(2 * self._pause, _LATEST) if lately else _SOON
        self._probe = asyncio.create_task(self._until_back())

    async def _until_back(self) -> None:
        while not self.up:
            await asyncio.sleep(self._pause)
            with suppress(RedisError, OSError):
                await self._answers()

    async def _answers(self) -> None:
        if self._redis is None:
            return
        await self._redis.get(self._epoch)
        _log.info("the timer index is back")
        self.up, self._back_at = True, clock.elapsed()
        metrics.TIMER_INDEX_UP.set(1)

    def close(self) -> None:
        """Stop asking whether Redis is back."""
        if self._probe is not None:
            self._probe.cancel()
