"""Fills the timers' index from PostgreSQL page by page, between two firings.

One replica at a time does. After a wipe everything of the next 48 hours goes in, what is due
soonest first. Each hour whoever comes first tops it up: what has come within 48 hours since, and
what fires within two hours, should one have been lost on its way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.kit.database import Pool, connection
from services.kit.timer_index import HORIZON, TimerIndex

TOP_UP = timedelta(hours=1)
SOON = timedelta(hours=2)
OVERLAP = timedelta(minutes=10)
"""Looked at again at the seam of two fills: replicas' clocks are not one."""

PAGE = 2_000
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST = UUID(int=0)

COMING = """
SELECT id, id::text AS name, fire_at,
    extract(epoch FROM greatest(fire_at, retry_at))::float8 AS at
FROM kit_timer
WHERE state = 'armed' AND (fire_at, id) > ($1, $2) AND fire_at < $3
ORDER BY fire_at, id LIMIT $4
"""


@dataclass(slots=True)
class _Stretch:
    """Timers that fire from after a position up to an instant."""

    fire_at: datetime
    until: datetime
    id: UUID = _LEAST


@dataclass(slots=True)
class Filling:
    """One replica's part in filling the index."""

    pool: Pool
    index: TimerIndex
    _left: list[_Stretch] = field(default_factory=list)
    _until: float = 0.0

    @property
    def going_on(self) -> bool:
        """Whether pages are left."""
        return bool(self._left)

    async def begin(self, filled_until: float, now: float) -> None:
        """Begin where the index lacks timers and nobody else fills it; times in epoch seconds."""
        if self.going_on:
            return
        due_again = filled_until < now + (HORIZON - TOP_UP).total_seconds()
        if not (self.index.behind or due_again) or not await self.index.take_turn():
            return
        whole = self.index.behind or not filled_until
        self.index.behind = False
        self._until = now + HORIZON.total_seconds()
        self._left = list(_stretches(None if whole else filled_until, now, self._until))

    async def page(self) -> None:
        """Put the next page into the index; at the last one, say that it is filled."""
        stretch = self._left[0]
        async with connection(self.pool) as db:
            rows = await db.fetch(COMING, stretch.fire_at, stretch.id, stretch.until, PAGE)
        put = await self.index.put({row["name"]: row["at"] for row in rows}) if rows else True
        if not put or not await self.index.keep_turn():
            self._left.clear()  # Redis is away or was wiped: the next claim says what it lacks
            self.index.behind = True
            return
        if len(rows) == PAGE:
            stretch.fire_at, stretch.id = rows[-1]["fire_at"], rows[-1]["id"]
            return
        self._left.pop(0)
        if not self._left and not await self.index.end_turn(self._until):
            self.index.behind = True


def _stretches(filled_until: float | None, now: float, until: float) -> Iterator[_Stretch]:
    end = datetime.fromtimestamp(until, UTC)
    if filled_until is None:
        yield _Stretch(_BEGINNING, end)
        return
    yield _Stretch(_BEGINNING, datetime.fromtimestamp(now, UTC) + SOON)
    yield _Stretch(datetime.fromtimestamp(filled_until, UTC) - OVERLAP, end)
