"""A service that is killed between any two steps of a batch loses nothing and doubles nothing."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from services.kit.database import Connection
from tests.chaos.crashing_service import POINTS
from tests.component.kit.node import SERVICE, Counted, peer, read_all, send, until
from tests.world import World

pytestmark = pytest.mark.stack

EVENTS = 300
KEYS = 20


@asynccontextmanager
async def service(world: World, *arguments: str) -> AsyncIterator[Process]:
    """Run the service in a process of its own; it is gone when the context ends."""
    environment = {**os.environ, **world.environment(SERVICE)}
    command = (sys.executable, "-m", "tests.chaos.crashing_service", *arguments)
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def database(world: World) -> AsyncIterator[Connection]:
    db = await asyncpg.connect(world.admin_dsn, server_settings={"search_path": "triage"})
    try:
        yield db
    finally:
        await db.close()


async def produce(world: World) -> None:
    async with peer(world) as producer:
        events = (Counted(subject=f"key-{n % KEYS}", number=n) for n in range(EVENTS))
        await send(producer, world, events)


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_between_two_steps_of_a_batch_has_no_effect_that_shows(
    new_world: World, point: str
) -> None:
    await produce(new_world)
    async with service(new_world, "--crash", point) as crashing:
        assert await asyncio.wait_for(crashing.wait(), 60) == -signal.SIGKILL
    async with service(new_world) as healthy, database(new_world) as db:

        async def settled() -> bool:
            query = "SELECT (SELECT count(*) FROM effect), (SELECT count(*) FROM kit_outbox)"
            return tuple(await db.fetchrow(query) or ()) == (EVENTS, 0)

        await until(settled, 60)
        healthy.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(healthy.wait(), 30) == 0
        assert await db.fetchval("SELECT max(times) FROM effect") == 1
        assert await db.fetchval("SELECT sum(next_offset) FROM kit_position") == EVENTS
        assert await db.fetchval("SELECT count(*) FROM kit_quarantine") == 0
    await expect_each_event_published(new_world)


async def expect_each_event_published(world: World) -> None:
    """Each event is in Kafka, under one id, and the revisions of each key have no gap."""
    records = await read_all(world, "cases", EVENTS)
    first: dict[str, dict[str, Any]] = {}
    for record in records:
        named = {name: value.decode() for name, value in record.headers}
        first.setdefault(named["ce_id"], {"key": record.key, "revision": int(named["ce_revision"])})
    assert len(first) == EVENTS
    revisions: dict[bytes, list[int]] = defaultdict(list)
    for each in first.values():
        revisions[each["key"]].append(each["revision"])
    assert all(found == list(range(1, len(found) + 1)) for found in revisions.values())


async def test_sigterm_in_the_middle_of_a_batch_finishes_and_commits_it(new_world: World) -> None:
    await produce(new_world)
    async with service(new_world, "--slowly") as slow, database(new_world) as db:
        assert slow.stdout is not None
        assert await asyncio.wait_for(slow.stdout.readline(), 60) == b"in a batch\n"
        slow.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(slow.wait(), 30) == 0
        handled = await db.fetchval("SELECT count(*) FROM effect")
        assert 0 < handled < EVENTS
        assert await db.fetchval("SELECT sum(next_offset) FROM kit_position") == handled
    async with service(new_world) as healthy, database(new_world) as db:

        async def all_there() -> bool:
            return bool(await db.fetchval("SELECT count(*) FROM effect") == EVENTS)

        await until(all_there, 60)
        healthy.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(healthy.wait(), 30) == 0
        assert await db.fetchval("SELECT max(times) FROM effect") == 1
