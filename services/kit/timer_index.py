"""The timers' fast index in Redis: may be wiped, stopped or wrong at any moment without harm.

A sorted set holds the timers of the next 48 hours by their wall time; a claim puts what is due
behind a lease, so that a killed claimant's timers come due again. No call raises because Redis is
away: it says so once in the log, and once again when Redis is back.
"""

import importlib.resources
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.kit import metrics
from services.kit.settings import Settings

_log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
HORIZON = timedelta(hours=48)
_SCRIPT = (importlib.resources.files(__package__) / "timers.lua").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim brought.

    `next_at` is when the next one is due (epoch seconds; infinite: never); `filled` is false when
    Redis has lost its memory since the index was filled.
    """

    due: tuple[UUID, ...]
    next_at: float
    filled: bool


def connect(settings: Settings) -> "Redis | None":
    """A client that gives up soon: whoever asks has PostgreSQL to fall back on."""
    url = settings.redis_url.get_secret_value()
    if not url:
        return None
    return Redis.from_url(
        url,
        socket_connect_timeout=1,
        socket_timeout=2,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


class TimerIndex:
    """The sorted set of one service's timers."""

    def __init__(self, redis: "Redis | None", prefix: str, service: str) -> None:
        self._redis = redis
        root = f"{{{prefix}:{service}:timers}}"  # one hash tag: both keys in one cluster slot
        self._due, self._epoch = f"{root}:due", f"{root}:epoch"
        self._claim = redis.register_script(_SCRIPT) if redis else None
        self.up = redis is not None
        metrics.TIMER_INDEX_UP.set(self.up)

    async def claim(self, now: float, limit: int) -> Claim | None:
        """Take what is due at `now` (PostgreSQL's clock, epoch seconds); None without Redis."""
        if self._claim is None:
            return None
        try:
            claimed, next_at, filled = await self._claim(
                keys=[self._due, self._epoch], args=[now, LEASE.total_seconds(), limit]
            )
        except (RedisError, OSError) as error:
            self._away(error)
            return None
        self._back()
        due = tuple(UUID(each) for each in claimed)
        return Claim(due, float(next_at) if next_at else math.inf, bool(filled))

    async def move(self, times: Mapping[UUID, datetime | None]) -> None:
        """Set when timers fire; None takes one out."""
        added = {str(key): at.timestamp() for key, at in times.items() if at is not None}
        removed = [str(key) for key, at in times.items() if at is None]
        if self._redis is None or not times:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                if added:
                    pipeline.zadd(self._due, added)
                if removed:
                    pipeline.zrem(self._due, *removed)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            self._away(error)

    async def mark_filled(self) -> None:
        """Set the epoch: everything of the horizon is in the index now."""
        if self._redis is None:
            return
        try:
            await self._redis.set(self._epoch, "1")
        except (RedisError, OSError) as error:
            self._away(error)

    def _away(self, error: Exception) -> None:
        if self.up:
            _log.warning("the timer index is away, the sweep fires alone: %s", type(error).__name__)
        self.up = False
        metrics.TIMER_INDEX_UP.set(0)

    def _back(self) -> None:
        if not self.up:
            _log.info("the timer index is back")
        self.up = True
        metrics.TIMER_INDEX_UP.set(1)
