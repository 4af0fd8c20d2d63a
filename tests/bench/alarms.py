"""A million alarms: how late they fire, how fast they are armed and indexed, and that none is lost.

Replicas of the whole deadline-clock run on real servers. One arms a million timers for the next two
days; then timers come due beside them: with two and four replicas, without Redis, while the index
is built from nothing, and while replicas are killed and Redis is wiped all the time.
`python -m tests.bench.alarms` writes bench/results/alarms.json.
"""

import asyncio
import multiprocessing
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import asyncpg
from redis import Redis
from rich.console import Console

from deploy import stack as deploy_stack
from tests.bench.alarm_replica import HOURS, WITHOUT_REDIS, Load, lateness, live
from tests.bench.report import Figure, percentile, write
from tests.world import World, fresh_world

SERVICE = "deadline-clock"
ARMED = int(os.environ.get("PATCHVIGIL_BENCH_ALARMS", "1000000"))
RATE, STRETCH = 2_000, 20.0
KILLS, WIPES, BETWEEN = 100, 10, 1.5
STORM_RATE = 400
_LEAD = 6.0
_STALL = 250
_PATIENCE = 180.0
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.bench.alarm_replica"])

PLAIN = """
INSERT INTO plain (id, subject, step, due_at, fire_at)
SELECT gen_random_uuid(), 'plain-' || n, 'step', at, at
FROM unnest($1::int[], $2::timestamptz[]) AS p(n, at)
"""
PLAIN_TABLE = """
CREATE TABLE plain (LIKE kit_timer INCLUDING ALL)
"""

console = Console(highlight=False)


@dataclass(slots=True)
class Replica:
    """A replica's process, and the line over which it is told what to arm."""

    number: int
    process: ForkServerProcess
    orders: Connection

    def arm(self, load: Load) -> float:
        """Arm a load; answers how long it took in seconds."""
        self.orders.send(load)
        return self.answer()

    def answer(self) -> float:
        """Wait for an answer.

        Raises:
            TimeoutError: none came.
        """
        if not self.orders.poll(_PATIENCE):
            raise TimeoutError(f"replica {self.number} says nothing")
        answer: float = self.orders.recv()
        return answer


@dataclass(slots=True)
class Fleet:
    """The replicas that run, and the most memory that any of them ever had."""

    environment: dict[str, str]
    folder: Path
    replicas: list[Replica] = field(default_factory=list)
    started: int = 0
    peak: float = 0.0

    def start(self, count: int, **settings: str) -> None:
        """Start replicas and wait until they are ready."""
        fresh = [self.begin(**settings) for _ in range(count)]
        for each in fresh:
            each.answer()

    def begin(self, **settings: str) -> Replica:
        """Start a replica and wait for nothing."""
        ours, theirs = _FORKS.Pipe()
        self.started += 1
        environment = self.environment | settings
        arguments = (environment, self.started, self.folder, theirs)
        process = _FORKS.Process(target=live, args=arguments, daemon=True)
        process.start()
        replica = Replica(self.started, process, ours)
        self.replicas.append(replica)
        return replica

    def kill(self, replica: Replica) -> None:
        """Kill a replica with signal 9."""
        self.look()
        replica.process.kill()
        replica.process.join()
        self.replicas.remove(replica)

    def stop(self) -> None:
        """End every replica, cleanly where it listens."""
        self.look()
        for each in self.replicas:
            with suppress(OSError):  # it has ended already
                each.orders.send(None)
        for each in self.replicas:
            each.process.join(15)
            each.process.kill()
        self.replicas.clear()

    def look(self) -> None:
        """Note how much memory each replica has had at most, in MB."""
        for each in self.replicas:
            try:
                status = Path(f"/proc/{each.process.pid}/status").read_text("utf-8")
            except OSError:
                continue  # it ended just now
            lines = dict(line.split(":", 1) for line in status.splitlines())
            if "VmHWM" in lines:
                self.peak = max(self.peak, int(lines["VmHWM"].split()[0]) / 1024)


@dataclass(slots=True)
class Bench:
    """One run of the benchmark."""

    world: World
    fleet: Fleet
    redis: Redis
    figures: list[Figure] = field(default_factory=list)
    loads: int = 0
    asked: int = 0

    def note(self, figure: Figure) -> None:
        """Keep a figure, and show it."""
        self.figures.append(figure)
        console.print(f"  {figure.name}: {figure.value:,.4g} {figure.unit}")

    def query(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Ask PostgreSQL."""

        async def ask() -> list[asyncpg.Record]:
            db = await asyncpg.connect(
                self.world.dsn(SERVICE), server_settings={"search_path": "deadline_clock"}
            )
            try:
                return list(await db.fetch(sql, *arguments))
            finally:
                await db.close()

        return asyncio.run(ask())

    def load(self, count: int, rate: float, lead: float = _LEAD) -> Load:
        """Arm timers that come due at a rate, from soon on, through one replica."""
        self.loads += 1
        self.asked += count
        load = Load(f"load-{self.loads}", count, time.time() + lead, 1 / rate)
        self.fleet.replicas[0].arm(load)
        if time.time() > load.begin:
            raise TimeoutError("arming took longer than the time before the first is due")
        return load

    def wait(self, load: Load) -> None:
        """Wait until all of a load has fired."""
        last = load.begin + load.count * load.spacing + _PATIENCE
        while time.time() < last:
            self.fleet.look()
            waiting = "SELECT 1 FROM kit_timer WHERE state = 'armed' AND subject LIKE $1 LIMIT 1"
            if time.time() > load.begin + load.count * load.spacing and not self.query(
                waiting, f"{load.name}-%"
            ):
                return
            time.sleep(0.5)

    def late(self, load: Load) -> list[float]:
        """Milliseconds from due to commit of each timer of a load."""
        end = load.begin + load.count * load.spacing
        found = lateness(self.fleet.folder, load.begin, end)
        stalls = Counter(int(due - load.begin) for due, late in found.items() if late > _STALL)
        if stalls:
            told = ", ".join(f"{count} in second {at}" for at, count in sorted(stalls.items()))
            console.print(f"  later than {_STALL} ms: {told}")
        return list(found.values())

    def shares(self, load: Load) -> dict[int, float]:
        """Percent of a load that each replica fired."""
        rows = self.query(
            "SELECT e.replica, count(*) AS fired FROM effect e JOIN kit_timer t ON t.id = e.timer "
            "WHERE t.subject LIKE $1 GROUP BY 1",
            f"{load.name}-%",
        )
        return {row["replica"]: 100 * row["fired"] / load.count for row in rows}

    # Phases ----------------------------------------------------------------------------------

    def arming(self) -> None:
        """Arm the million that stays armed, and the same rows the plain way."""
        self.fleet.start(1)
        spacing = 44 * HOURS / ARMED
        took = self.fleet.replicas[0].arm(Load("far", ARMED, time.time() + 2.5 * HOURS, spacing))
        plain = self.plainly()
        self.note(
            Figure(
                "alarms armed through the store", ARMED / took, "alarms/s", "higher", 20_000, plain
            )
        )
        self.filled()

    def plainly(self, count: int = 200_000) -> float:
        """Rows a second that one connection inserts into such a table, with nothing around it."""
        self.query(PLAIN_TABLE)

        async def insert() -> float:
            db = await asyncpg.connect(
                self.world.dsn(SERVICE), server_settings={"search_path": "deadline_clock"}
            )
            at = (await db.fetchval("SELECT clock_timestamp()")) if count else None
            began = time.perf_counter()
            for first in range(0, count, 2_000):
                await db.execute(PLAIN, list(range(first, first + 2_000)), [at] * 2_000)
            took = time.perf_counter() - began
            await db.close()
            return count / took

        rate = asyncio.run(insert())
        self.query("DROP TABLE plain")
        return rate

    def filled(self) -> float:
        """Wait until the index says that it is whole; answers how many seconds that took."""
        began = time.time()
        while not list(self.redis.scan_iter(f"*{self.world.stack.redis_prefix}*:epoch")):
            self.fleet.look()
            if time.time() > began + _PATIENCE:
                raise TimeoutError("the index is not filled")
            time.sleep(0.05)
        return time.time() - began

    def punctuality(self) -> None:
        """Fire at the full rate with two replicas, with four, and with two without Redis."""
        late: dict[str, float] = {}
        for name, count, settings in (
            ("two replicas", 2, {}),
            ("four replicas", 4, {}),
            ("two replicas without Redis", 2, {WITHOUT_REDIS: "1"}),
        ):
            self.fleet.stop()
            self.fleet.start(count, **settings)
            load = self.load(int(RATE * STRETCH), RATE, lead=10)
            self.wait(load)
            found, shares = self.late(load), self.shares(load)
            late[name] = percentile(found, 0.99)
            told = ", ".join(f"{share:.0f} %" for share in sorted(shares.values(), reverse=True))
            console.print(f"  {name}: p50 {percentile(found, 0.5):.0f} ms, shares {told}")
            if settings:
                continue
            self.note(
                Figure(f"least share of {name}, of an even one",
                       min(shares.values()) * count / 100 if len(shares) == count else 0.0,
                       "ratio", "higher", 0.5)
            )  # fmt: skip
        without = late.pop("two replicas without Redis")
        for name, value in late.items():
            self.note(
                Figure(f"alarm to commit at {RATE:,} a second, {name}, p99", value, "ms", "lower",
                       250, without)
            )  # fmt: skip

    def rebuild(self) -> None:
        """Build the index from nothing while timers fire."""
        self.fleet.stop()
        self.fleet.start(2)
        self.filled()
        load = self.load(int(RATE * STRETCH), RATE, lead=10)
        time.sleep(max(0.0, load.begin + 2 - time.time()))
        self.redis.flushall()
        took = self.filled()
        held = sum(self.redis.zcard(key) for key in self.redis.scan_iter("*:due"))
        self.wait(load)
        self.note(Figure("index built from nothing while firing", took, "s", "lower", 60))
        console.print(f"  the index held {held:,} timers then")
        self.note(
            Figure(
                "alarm to commit meanwhile, p99", percentile(self.late(load), 0.99), "ms", "lower"
            )
        )

    def storm(self) -> None:
        """Kill replicas and wipe Redis all the time; then count."""
        self.fleet.stop()
        self.fleet.start(4)
        seconds = KILLS * BETWEEN + 5
        load = self.load(int(STORM_RATE * seconds), STORM_RATE, lead=30)
        time.sleep(max(0.0, load.begin - time.time()))
        chosen = random.Random(1)
        for number in range(KILLS):
            time.sleep(BETWEEN)
            self.fleet.kill(chosen.choice(self.fleet.replicas))
            self.fleet.begin()
            if number % (KILLS // WIPES) == KILLS // WIPES // 2:
                self.redis.flushall()
        self.wait(load)
        self.note(
            Figure(f"alarm to commit with {KILLS} kills and {WIPES} wipes, p99",
                   percentile(self.late(load), 0.99), "ms", "lower")
        )  # fmt: skip

    def verdict(self) -> None:
        """Count what was lost and what took effect twice, over the whole run."""
        effects = Counter(row["timer"] for row in self.query("SELECT timer FROM effect"))
        rows = self.query("SELECT state, count(*) AS timers FROM kit_timer GROUP BY state")
        states: dict[str, int] = {row["state"]: row["timers"] for row in rows}
        console.print(f"  {states}, {len(effects):,} with effect of {self.asked:,} that came due")
        twice = sum(1 for count in effects.values() if count > 1)
        for name, value in (
            ("alarms lost", self.asked - len(effects)),
            ("alarms effective twice", twice),
            ("alarms not due that no longer wait", ARMED - states.get("armed", 0)),
        ):
            self.note(Figure(name, value, "alarms", "lower", 0))
        self.note(
            Figure("memory of the heaviest replica, peak", self.fleet.peak, "MB", "lower", 200)
        )


@contextmanager
def _servers() -> Iterator[World]:
    with ExitStack() as stack:
        kept = os.environ.get("PATCHVIGIL_TEST_STACK_HOME")
        found = deploy_stack.running(Path(kept)) if kept else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = (
            found.stack
            if found
            else stack.enter_context(deploy_stack.provide(home=folder / "home", durable=True))
        )
        (folder / "world").mkdir()
        yield stack.enter_context(fresh_world(servers, folder / "world"))


def main() -> None:
    """Measure, print and write the figures."""
    with _servers() as world:
        fleet = Fleet(world.environment(SERVICE), world.folder)
        with Redis.from_url(world.stack.redis_url) as redis:
            bench = Bench(world, fleet, redis)
            try:
                for phase in (
                    bench.arming, bench.punctuality, bench.rebuild, bench.storm, bench.verdict
                ):  # fmt: skip
                    console.print(phase.__name__)
                    phase()
            finally:
                write("alarms", bench.figures)
                fleet.stop()


if __name__ == "__main__":
    main()
