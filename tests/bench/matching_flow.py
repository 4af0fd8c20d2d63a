"""A backfill through the running sbom-matcher, Kafka to Kafka, and what it does to urgent work.

200,000 components in 1,000 product versions are published as SBOMs. Then 50,000 advisories go to
`advisories.bulk`, each of which affects one component: that is the most events that 50,000 findings
can take, one description and one finding each. Then 50,000 more go there while urgent advisories
come one by one; how long each one's finding takes is held against the same without a backfill.
The service is the product's own, alone in one process as it is deployed.
`python -m tests.bench.matching_flow` writes bench/results/matching_flow.json.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import asyncpg
import httpx
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy import stack as deploy_stack
from schemas.advisories import AdvisoryPublished, Range, Score
from schemas.event import Event
from schemas.findings import FindingOpened, VulnerabilityDescribed
from schemas.topics import TOPICS
from tests.bench import processor
from tests.bench.report import Figure, percentile, write
from tests.component.sbom_matcher.facts import advisory, npm, on_npm, product, sbom
from tests.neighbours import event_headers
from tests.world import World, fresh_world

PRODUCTS, VERSIONS, PER_SBOM = 100, 10, 200
COMPONENTS = PRODUCTS * VERSIONS * PER_SBOM
ADVISORIES = 50_000
URGENT, EVERY = 120, 0.15
"""Urgent advisories of one row, and the seconds between two of them."""

TEXT = "A flaw in the parser lets a remote attacker read memory that is not theirs. " * 8
WAITING = "SELECT count(*) FROM sbom_matcher.pending_match"
SBOMS = "SELECT count(*) FROM sbom_matcher.sbom"
_PATIENCE = 600.0
_LOOK = 0.2


@dataclass(slots=True)
class Service:
    """The running process: its memory at moments of the run, in MiB."""

    pid: int
    resident: list[tuple[float, float]] = field(default_factory=list)

    def look(self) -> None:
        """Note how much memory it holds now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        self.resident.append((time.perf_counter(), pages * os.sysconf("SC_PAGE_SIZE") / 2**20))


@contextmanager
def serving(world: World) -> Iterator[Service]:
    """Run sbom-matcher in a process of its own.

    Raises:
        RuntimeError: it ended, or does not become ready.
    """
    env = {**os.environ, **world.environment("sbom-matcher")}
    log = (world.folder / "sbom-matcher.log").open("wb")
    command = [sys.executable, "-m", "deploy.embedded.serve", "sbom-matcher"]
    running = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        ready = f"{world.stack.base_url('sbom-matcher')}/health/ready"
        deadline = time.monotonic() + 60
        while not _is_ready(ready):
            if running.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(Path(log.name).read_text()[-2000:])
            time.sleep(0.1)
        yield Service(running.pid)
    finally:
        running.terminate()
        running.wait()
        log.close()


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


class Record(NamedTuple):
    """An event as it goes over the wire."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass(slots=True)
class Wire:
    """The neighbours: one producer, one reader of what the matcher says."""

    world: World
    producer: AIOKafkaProducer
    reader: AIOKafkaConsumer

    def written(self, events: Iterable[Event], *, bulk: bool = False) -> list[Record]:
        """Write events as their owner would put them on the wire."""
        return [
            Record(
                self.world.topic(f"{each.TOPIC}.bulk" if bulk else each.TOPIC),
                each.key.encode(),
                each.model_dump_json().encode(),
                event_headers(each, 1, None),
            )
            for each in events
        ]

    async def send(self, records: Iterable[Record]) -> None:
        """Publish records as fast as Kafka takes them."""
        waiting = [
            await self.producer.send(each.topic, each.value, each.key, headers=each.headers)
            for each in records
        ]
        await asyncio.gather(*waiting)

    def partitions(self, name: str) -> list[TopicPartition]:
        """Name a topic's partitions."""
        return [
            TopicPartition(self.world.topic(name), number)
            for number in range(TOPICS[name].partitions)
        ]

    async def count(self, name: str) -> int:
        """Count the records of a topic that Kafka has acknowledged."""
        return sum((await self.reader.end_offsets(self.partitions(name))).values())

    async def read(self, name: str) -> AsyncIterator[tuple[str, bytes]]:
        """Read a topic whole: type and value of each record."""
        partitions = self.partitions(name)
        self.reader.assign(partitions)
        await self.reader.seek_to_beginning(*partitions)
        left = await self.count(name)
        while left:
            for batch in (await self.reader.getmany(timeout_ms=1000)).values():
                left -= len(batch)
                for record in batch:
                    yield dict(record.headers)["ce_type"].decode(), record.value


@asynccontextmanager
async def connected(world: World) -> AsyncIterator[Wire]:
    """Connect to the world's topics."""
    producer = AIOKafkaProducer(**world.kafka("admin"), linger_ms=5)
    reader = AIOKafkaConsumer(**world.kafka("admin"), enable_auto_commit=False)
    await producer.start()
    await reader.start()
    try:
        yield Wire(world, producer, reader)
    finally:
        await reader.stop()
        await producer.stop()


def _package(number: int) -> str:
    return f"package-{number}"


def stock() -> Iterator[Event]:
    """The portfolio: each component in one product version."""
    versions = [str(number) for number in range(VERSIONS)]
    for number in range(PRODUCTS):
        yield product(f"product-{number}", *versions)
    for number in range(PRODUCTS * VERSIONS):
        first = number * PER_SBOM
        parts = (npm(_package(n), "1.4.0") for n in range(first, first + PER_SBOM))
        yield sbom(f"product-{number // VERSIONS}", versions[number % VERSIONS], *parts)


def advisories(kind: str, numbers: Iterable[int]) -> list[AdvisoryPublished]:
    """An advisory for each component: two ranges on its package, a score and a text."""
    ranges = (Range(introduced="1.0.0", fixed="1.9.3"), Range(introduced="2.0.0", fixed="2.2.0"))
    score = Score(version="3.1", vector="CVSS:3.1/AV:N", base=7.5, asserter="osv")
    found = []
    for number in numbers:
        made = advisory(f"{kind}/{number}", f"{kind}-{number}", on_npm(_package(number), *ranges),
                        scores=(score,))  # fmt: skip
        told = made.vulnerabilities[0].model_copy(update={"description": TEXT})
        found.append(made.model_copy(update={"vulnerabilities": (told,)}))
    return found


async def settled(db: asyncpg.Connection) -> None:
    """Wait until the portfolio is stored and nothing waits to be matched.

    Raises:
        TimeoutError: it does not end.
    """
    deadline = time.monotonic() + _PATIENCE
    while await db.fetchval(SBOMS) < PRODUCTS * VERSIONS or await db.fetchval(WAITING):
        if time.monotonic() > deadline:
            raise TimeoutError("the portfolio is not stored")
        await asyncio.sleep(0.5)


async def backfill(wire: Wire, service: Service, records: Sequence[Record]) -> float:
    """Send advisories on the bulk lane; give the seconds until the last finding's acknowledgement.

    Raises:
        TimeoutError: findings stay away.
    """
    expected = await wire.count("findings.bulk") + 2 * len(records)
    began = time.perf_counter()
    sending = asyncio.create_task(wire.send(records))
    await _until(wire, service, expected, began + _PATIENCE)
    took = time.perf_counter() - began
    await sending
    return took


async def _until(wire: Wire, service: Service, expected: int, deadline: float) -> None:
    while (count := await wire.count("findings.bulk")) < expected:
        if time.perf_counter() > deadline:
            raise TimeoutError(f"{count} of {expected} events came")
        service.look()
        await asyncio.sleep(_LOOK)


async def urgent(wire: Wire, kind: str, numbers: Sequence[int]) -> list[float]:
    """Send urgent advisories one by one; give the milliseconds until each one's finding is read.

    Raises:
        TimeoutError: a finding stays away.
    """
    partitions = wire.partitions("findings")
    wire.reader.assign(partitions)
    await wire.reader.seek_to_end(*partitions)
    sent: dict[str, float] = {}
    waits: dict[str, float] = {}

    async def listen() -> None:
        while len(waits) < len(numbers):
            for batch in (await wire.reader.getmany(timeout_ms=1000)).values():
                arrived = time.perf_counter()
                for record in batch:
                    if dict(record.headers)["ce_type"] == FindingOpened.TYPE.encode():
                        name = record.key.decode()
                        waits[name] = (arrived - sent[name]) * 1000

    listening = asyncio.create_task(listen())
    began = time.perf_counter()
    for place, each in enumerate(advisories(kind, numbers)):
        await asyncio.sleep(max(0.0, began + place * EVERY - time.perf_counter()))
        written = wire.written([each])
        sent[each.vulnerabilities[0].id] = time.perf_counter()
        await wire.send(written)
    await asyncio.wait_for(listening, _PATIENCE)
    return list(waits.values())


async def _opened(wire: Wire) -> tuple[int, int]:
    """Count the vulnerabilities described, and those with a finding, on the bulk lane."""
    described, opened = set(), set()
    async for kind, value in wire.read("findings.bulk"):
        body = orjson.loads(value)
        if kind == VulnerabilityDescribed.TYPE:
            described.add(body["vulnerability"])
        elif kind == FindingOpened.TYPE:
            opened.add(body["finding"]["vulnerability"])
    return len(described), len(opened)


async def measure(world: World) -> list[Figure]:
    """Store the portfolio, then measure urgent work alone, a backfill alone, and both.

    Raises:
        RuntimeError: a finding is missing, or the backfill ended before the urgent advisories did.
    """
    spare = COMPONENTS - 4 * URGENT  # the last components are for urgent advisories
    with serving(world) as service:
        async with connected(world) as wire:
            db = await asyncpg.connect(world.admin_dsn)
            began = time.perf_counter()
            await wire.send(wire.written(stock()))
            await settled(db)
            stored = time.perf_counter() - began
            await urgent(wire, "WARM", range(spare, spare + 20))
            idle = await urgent(wire, "IDLE", range(spare + URGENT, spare + 2 * URGENT))
            first = wire.written(advisories("BULK", range(0, 2 * ADVISORIES, 2)), bulk=True)
            own, everywhere = processor.seconds(service.pid), processor.seconds_below(os.getpid())
            took = await backfill(wire, service, first)
            own = processor.seconds(service.pid) - own
            everywhere = processor.seconds_below(os.getpid()) - everywhere
            memory = list(service.resident)
            if (seen := await _opened(wire)) != (ADVISORIES, ADVISORIES):
                raise RuntimeError(f"described and opened {seen}, not {ADVISORIES} each")
            before = await wire.count("findings.bulk")
            more = advisories("MORE", range(1, 2 * ADVISORIES, 2))
            await wire.send(wire.written(more, bulk=True))
            under_way = before + ADVISORIES // 50
            await _until(wire, service, under_way, time.perf_counter() + _PATIENCE)
            busy = await urgent(wire, "BUSY", range(spare + 2 * URGENT, spare + 3 * URGENT))
            left = before + 2 * ADVISORIES - await wire.count("findings.bulk")
            if left <= 0:
                raise RuntimeError("the backfill ended before the urgent advisories did")
            await _until(wire, service, before + 2 * ADVISORIES, time.perf_counter() + _PATIENCE)
            await db.close()
    print(f"{left:,} bulk events were still to come after the last urgent finding")  # noqa: T201
    work = [
        Figure(f"processor time an advisory and its finding, {where}", used / ADVISORIES * 1000,
               "ms", "lower")
        for where, used in (("sbom-matcher", own), ("servers and this bench too", everywhere))
    ]  # fmt: skip
    return [*_flow(stored, took, memory), *work, *_lanes(idle, busy)]


def _flow(stored: float, took: float, memory: Sequence[tuple[float, float]]) -> list[Figure]:
    fifth = memory[len(memory) // 5][1]
    last = percentile([each for _, each in memory[-10:]], 0.5)
    return [
        Figure("50,000 advisories to 50,000 findings, 200,000 components, Kafka to Kafka", took,
               "s", "lower", 60),
        Figure("sbom-matcher's memory after a fifth of them", fifth, "MiB", "lower"),
        Figure("how much it grew from there to the last", last - fifth, "MiB", "lower", 20),
        Figure("200,000 components in 1,000 SBOMs stored and matched", stored, "s", "lower"),
    ]  # fmt: skip


def _lanes(idle: Sequence[float], busy: Sequence[float]) -> list[Figure]:
    calm = percentile(idle, 0.5)
    figures = []
    for name, waits in (("idle", idle), ("50,000 bulk advisories in progress", busy)):
        what = f"urgent advisory to its finding, {name}"
        figures += [
            Figure(f"{what}, p50", percentile(waits, 0.5), "ms", "lower"),
            Figure(f"{what}, p99", percentile(waits, 0.99), "ms", "lower"),
            Figure(f"{what}, longest of {len(waits)}", max(waits), "ms", "lower"),
        ]
    longest = "an urgent finding's longest delay by a backfill (over the idle p50)"
    return [*figures, Figure(longest, max(busy) - calm, "ms", "lower", 250)]


def main() -> None:
    """Measure and keep."""
    with ExitStack() as opened:
        home = os.environ.get("PATCHVIGIL_TEST_STACK_HOME")
        found = deploy_stack.running(Path(home)) if home else None
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        stack = (
            found.stack
            if found
            else opened.enter_context(deploy_stack.provide(home=folder / "stack"))
        )
        (folder / "world").mkdir()
        world = opened.enter_context(fresh_world(stack, folder / "world"))
        write("matching_flow", asyncio.run(measure(world)))


if __name__ == "__main__":
    main()
