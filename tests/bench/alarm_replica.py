"""One replica of deadline-clock for the alarms' benchmark: the whole service, with its own answer.

It runs the service's own wiring; only what a timer does is replaced by a row that says so. After
each commit it writes down when each timer should have fired and when its firing was committed.
"""

import asyncio
import gc
import os
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, time

from pydantic import SecretStr

from services.deadline_clock.app import SERVICE
from services.kit.app import Context, build
from services.kit.settings import Settings
from services.kit.timers import Fired, Timers
from services.kit.unit import Unit

EFFECT = "CREATE TABLE IF NOT EXISTS effect (timer uuid, replica int)"
RECORD = "INSERT INTO effect SELECT unnest($1::uuid[]), $2"
LATE = struct.Struct("dd")
"""When a timer was to fire and when that was committed, in epoch seconds."""
A_UNIT = 2_000
"""Timers that one transaction arms."""
_AT_ONCE = 2
HOURS = timedelta(hours=1).total_seconds()
WITHOUT_REDIS = "BENCH_WITHOUT_REDIS"
"""Set in a replica's environment: PostgreSQL alone says when timers fire."""


@dataclass(frozen=True, slots=True)
class Load:
    """Timers to arm: so many, named after `name`, `spacing` seconds apart from `begin` on."""

    name: str
    count: int
    begin: float
    spacing: float


def live(environment: dict[str, str], number: int, folder: Path, orders: Connection) -> None:
    """Be a replica until told to end: what a forked process runs."""
    os.environ.update(environment)
    log = os.open(folder / "replicas.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, sys.stderr.fileno())
    gc.collect()
    gc.freeze()  # as the process does that forks the services of a fleet
    asyncio.run(_live(number, folder, orders))


async def _live(number: int, folder: Path, orders: Connection) -> None:
    timers = Timers()
    written = os.open(folder / f"late-{number}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    @timers.on_fire
    async def count(fired: Sequence[Fired], unit: Unit) -> None:
        await unit.db.execute(RECORD, [each.id for each in fired], number)
        due = [each.fire_at.timestamp() for each in fired]
        unit.after_commit(lambda: _note(written, due))

    settings = Settings()
    if WITHOUT_REDIS in os.environ:
        settings = settings.model_copy(update={"redis_url": SecretStr("")})
    app = build(replace(SERVICE, timers=timers), settings)
    async with app.router.lifespan_context(app):
        context: Context = app.state.context
        await context.pool.execute(EFFECT)
        orders.send(0.0)
        while (load := await asyncio.to_thread(orders.recv)) is not None:
            orders.send(await arm(context, load))


def _note(written: int, due: Sequence[float]) -> None:
    now = time()
    os.write(written, b"".join(LATE.pack(at, now) for at in due))


async def arm(context: Context, load: Load) -> float:
    """Arm a load through the store; answers how many seconds that took."""
    began, parts = perf_counter(), iter(range(0, load.count, A_UNIT))

    async def armer() -> None:
        for first in parts:
            async with context.units.begin() as unit:
                for n in range(first, min(first + A_UNIT, load.count)):
                    unit.arm(f"{load.name}-{n}", "step", _at(load.begin + n * load.spacing))

    await asyncio.gather(*(armer() for _ in range(_AT_ONCE)))
    return perf_counter() - began


def _at(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def lateness(folder: Path, begin: float, end: float) -> dict[float, float]:
    """Milliseconds from due to commit of all timers that were due in a stretch of time."""
    found: dict[float, float] = {}
    for each in folder.glob("late-*"):
        whole = each.read_bytes()
        whole = whole[: len(whole) - len(whole) % LATE.size]
        found |= {
            due: 1000 * (at - due) for due, at in LATE.iter_unpack(whole) if begin <= due < end
        }
    return found
