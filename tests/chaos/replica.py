"""Replicas of a small service of the tests' own, whose timers write down that they fired."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from redis.asyncio import Redis

from services.kit import timers
from services.kit.blobs import open_blobs
from services.kit.database import Pool, open_pool
from services.kit.firing import BATCH, Firing
from services.kit.migration import migrate, migrations
from services.kit.settings import Settings
from services.kit.timer_filling import Filling
from services.kit.timer_index import TimerIndex, connect
from services.kit.timer_loop import Moves, TimerLoop
from services.kit.timers import Fired, Timers
from services.kit.unit import Unit, Units

SERVICE = "deadline-clock"
"""Whose role and schema the tests borrow."""

EFFECT = """
CREATE TABLE IF NOT EXISTS effect (
    timer uuid, subject text, step text, due_at timestamptz, fired_at timestamptz)
"""
RECORD = """
INSERT INTO effect SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
"""


async def record(fired: Sequence[Fired], unit: Unit) -> None:
    """Write one row a firing: a timer with two rows took effect twice."""
    await unit.db.execute(
        RECORD,
        [each.id for each in fired],
        [each.subject for each in fired],
        [each.step for each in fired],
        [each.due_at for each in fired],
        [each.fired_at for each in fired],
    )


@dataclass(frozen=True, slots=True)
class Replica:
    """One process's share of the timers, with handles to arm and to look."""

    pool: Pool
    units: Units
    firing: Firing
    index: TimerIndex
    loop: TimerLoop
    redis: "Redis | None"
    moves: Moves = field(default_factory=Moves)

    async def arm(self, *times: tuple[str, str, datetime]) -> None:
        """Arm timers in one transaction."""
        async with self.units.begin() as unit:
            for subject, step, due_at in times:
                unit.arm(subject, step, due_at)

    async def now(self) -> datetime:
        """PostgreSQL's clock, which decides what is due."""
        found: datetime = await self.pool.fetchval("SELECT clock_timestamp()")
        return found

    async def effects(self) -> list[tuple[UUID, str, str]]:
        """What has taken effect, in order."""
        rows = await self.pool.fetch("SELECT timer, subject, step FROM effect ORDER BY fired_at")
        return [(row["timer"], row["subject"], row["step"]) for row in rows]

    async def lateness(self) -> list[float]:
        """Seconds from due to fired, sorted."""
        rows = await self.pool.fetch(
            "SELECT extract(epoch FROM fired_at - due_at)::float8 AS late FROM effect ORDER BY 1"
        )
        return [row["late"] for row in rows]

    async def until_fired(self, count: int, patience: float = 20) -> None:
        """Wait for this many effects.

        Raises:
            AssertionError: they did not come.
        """
        last = asyncio.get_running_loop().time() + patience
        while (found := await self.pool.fetchval("SELECT count(*) FROM effect")) < count:
            assert asyncio.get_running_loop().time() < last, f"{found} of {count} fired"
            await asyncio.sleep(0.02)


@asynccontextmanager
async def replica(
    settings: Settings,
    *,
    sweep_every: timedelta = timedelta(seconds=15),
    handler: Callable[[Sequence[Fired], Unit], Awaitable[None]] = record,
    running: bool = True,
) -> AsyncIterator[Replica]:
    """Open a replica; `running` starts its loop."""
    pool = await open_pool(settings, SERVICE)
    await migrate(pool, SERVICE, [m for m in migrations(SERVICE) if m.name.startswith("kit/")])
    await pool.execute(EFFECT)
    redis, moves, declared = connect(settings), Moves(), Timers()
    declared.on_fire(handler)
    flush = timers.arming(settings.time_compression, moves.changed)
    units = Units(pool, SERVICE, open_blobs(settings.blob_url), lambda: None, (flush,))
    firing = Firing(units, declared)
    index = TimerIndex(redis, settings.redis_prefix, SERVICE)
    loop = TimerLoop(firing, index, moves, sweep_every)
    task = asyncio.create_task(loop.run()) if running else None
    try:
        yield Replica(pool, units, firing, index, loop, redis, moves)
    finally:
        if task is not None:
            loop.stop()
            await asyncio.wait([task], timeout=10)
        if redis is not None:
            await redis.aclose()
        with suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), 3)
        pool.terminate()


async def _claim_and_die() -> None:
    """Take what is due from the index, and be killed before it fires."""
    async with replica(Settings(), running=False) as victim:
        claim = await victim.index.claim((await victim.now()).timestamp(), BATCH)
        assert claim is not None
        sys.stdout.write(f"{len(claim.due)}\n")
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)


async def _fire_and_die() -> None:
    """Fire what is due, and be killed inside the handler, before the commit."""

    async def die(fired: Sequence[Fired], unit: Unit) -> None:
        await record(fired, unit)
        sys.stdout.write(f"{len(fired)}\n")
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    async with replica(Settings(), handler=die, running=False) as victim:
        await victim.firing.fire(await victim.firing.overdue(), "sweep")


async def _settle_and_die() -> None:
    """Fire and commit, and be killed before the index hears of it."""
    async with replica(Settings(), running=False) as victim:
        claim = await victim.index.claim((await victim.now()).timestamp(), BATCH)
        assert claim is not None
        fired = await victim.firing.fire(claim.due, "redis")
        sys.stdout.write(f"{fired}\n")
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)


async def _fill_and_die() -> None:
    """Put a page into a wiped index, and be killed in the midst of filling it."""
    async with replica(Settings(), running=False) as victim:
        assert victim.redis is not None
        await victim.redis.flushall()
        filling = Filling(victim.pool, victim.index)
        await filling.begin(0.0, (await victim.now()).timestamp())
        await filling.page()
        sys.stdout.write(f"{await victim.pool.fetchval(ARMED)}\n")
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)


async def _arm_and_die() -> None:
    """Arm, commit, and be killed before the index hears of it."""
    async with replica(Settings(), running=False) as victim:
        due_at = await victim.now()
        await victim.arm(*((f"late-{n}", "step", due_at) for n in range(100)))
        sys.stdout.write("100\n")
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)


ARMED = "SELECT count(*) FROM kit_timer WHERE state = 'armed'"
DEATHS = {
    "arm": _arm_and_die,
    "fill": _fill_and_die,
    "claim": _claim_and_die,
    "fire": _fire_and_die,
    "settle": _settle_and_die,
}
"""Where a replica can be killed, in the order of a timer's life."""

if __name__ == "__main__":
    asyncio.run(DEATHS[sys.argv[1]]())
