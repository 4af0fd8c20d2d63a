"""A service as a process: it ends in time with its batch committed, and idles small and quiet."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import asyncpg
import httpx
import pytest

from services.kit.settings import Settings
from tests.component.kit_edges.ledger import SERVICE
from tests.world import World

pytestmark = pytest.mark.stack

GRACE = 15
ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def served(settings: Settings, world: World) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the service and wait until it is ready."""
    log = world.folder / "served.log"
    with log.open("wb") as said:
        process = await start(world, said)
    try:
        async with asyncio.timeout(90), httpx.AsyncClient() as client:
            while True:
                try:
                    answer = await client.get(f"{url(settings)}/health/ready")
                    if answer.status_code == 200:
                        break
                except httpx.TransportError:
                    assert process.returncode is None, log.read_text()[-4000:]
                await asyncio.sleep(0.1)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def start(world: World, said: BinaryIO) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.component.kit_edges.served"),
        cwd=ROOT,
        env=os.environ | world.environment(SERVICE),
        stdout=asyncio.subprocess.PIPE,
        stderr=said,
    )


def url(settings: Settings) -> str:
    return f"http://{settings.http_host}:{settings.http_port}"


async def test_a_sigterm_during_a_batch_lets_it_commit_and_ends_within_15_seconds(
    settings: Settings, world: World
) -> None:
    async with served(settings, world) as process:
        async with httpx.AsyncClient(headers=world.headers("psirt")) as client:
            await client.post(f"{url(settings)}/v1/notes", json={"id": "last", "text": "x"})
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 30) == b"in hand\n"
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(GRACE):
            await process.wait()
    db = await asyncpg.connect(world.dsn(SERVICE))
    seen = await db.fetchval("SELECT count(*) FROM seen WHERE key = 'last'")
    stored = await db.fetchval("SELECT sum(next_offset) FROM kit_position")
    await db.close()
    assert (seen, stored) == (1, 1)


async def test_an_idle_service_is_below_150_megabytes_and_hardly_works(
    settings: Settings, world: World
) -> None:
    async with served(settings, world), httpx.AsyncClient() as client:

        async def measured() -> dict[str, float]:
            text = (await client.get(f"{url(settings)}/metrics")).text
            lines = (line.split() for line in text.splitlines() if line.startswith("process_"))
            return {words[0]: float(words[1]) for words in lines}

        await asyncio.sleep(2)
        before = await measured()
        await asyncio.sleep(4)
        after = await measured()
    worked = after["process_cpu_seconds_total"] - before["process_cpu_seconds_total"]
    assert after["process_resident_memory_bytes"] < 150e6
    assert worked / 4 < 0.1
