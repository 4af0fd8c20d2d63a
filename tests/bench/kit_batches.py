"""What the kit costs: a batch handler on it beside a plain aiokafka loop that does the same work.

The same records are read again by a new consumer group each round: decoded, claimed in the inbox,
upserted, and one event each written to the outbox; one transaction a batch, then the offsets. The
rounds take turns, so that a noisy machine disturbs all of them alike; the medians are compared.
`python -m tests.bench.kit_batches` writes bench/results/kit_batches.json.
"""

import asyncio
import json
import os
import statistics
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from uuid import UUID, uuid5

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.consumer import fetcher

from deploy import stack as deploy_stack
from services.kit import ids, inbox, outbox
from services.kit.broker import make_broker
from services.kit.database import Connection
from services.kit.records import Batch
from services.kit.unit import Unit, Units
from tests.component.kit.node import (
    SERVICE,
    Counted,
    Tallied,
    counting,
    peer,
    send,
    settings_of,
    units_of,
)
from tests.world import World, fresh_world

RECORDS = 20_000
ROUNDS = 5
MAX_RECORDS = 500
BAR = 0.8
PLAIN_RECORDS = fetcher.MemoryRecords

UPSERT = """
INSERT INTO state (key, number, count) SELECT key, number, 1
FROM unnest($1::text[], $2::int[]) AS t (key, number)
ON CONFLICT (key) DO UPDATE SET number = excluded.number, count = state.count + 1
"""
CLEAN = "TRUNCATE state, kit_inbox, kit_outbox, kit_revision, kit_position"


class Clock:
    """Measures from the first upsert to the last commit; every batch between them is whole."""

    def __init__(self) -> None:
        self.began = 0.0
        self.seen = 0
        self.took = asyncio.get_running_loop().create_future()

    def saw(self, records: int) -> None:
        """Note that a batch is about to be written."""
        self.began = self.began or perf_counter()
        self.seen += records

    def committed(self) -> None:
        """Note that a batch is committed."""
        if self.seen == RECORDS and not self.took.done():
            self.took.set_result(perf_counter() - self.began)

    async def rate(self) -> float:
        """Give the records a second once all are there."""
        return RECORDS / float(await asyncio.wait_for(self.took, 120))


async def on_kit(world: World, units: Units, name: str) -> float:
    """Run the handler on the kit; gives records a second."""
    clock = Clock()

    async def handle(batch: Batch, unit: Unit) -> None:
        clock.saw(len(batch))
        received = batch.of(Counted)
        await unit.db.execute(
            UPSERT, [each.key for each in received], [each.event.number for each in received]
        )
        for each in received:
            unit.emit(_answer(each.event), cause=each)
        unit.after_commit(clock.committed)

    settings = settings_of(world)
    broker = make_broker(settings, SERVICE)
    counting(handle, name=name, max_records=MAX_RECORDS).attach(broker, units, settings)
    await broker.start()
    try:
        return await clock.rate()
    finally:
        await broker.stop()


async def plainly(world: World, units: Units, name: str) -> float:
    """Run the same work on a bare aiokafka loop; gives records a second."""
    clock = Clock()
    async with _client(world, name) as client:
        while not clock.took.done():
            records = await _poll(client)
            if not records:
                continue
            read = [_decode(record) for record in records]
            async with units.pool.acquire() as db:
                async with db.transaction():
                    rows = await db.fetch(
                        inbox.CLAIM,
                        name,
                        [each.time.date() for each in read],
                        [each.source for each in read],
                        [each.id for each in read],
                    )
                    fresh = {row["id"] for row in rows}
                    new = [each for each in read if each.id in fresh]
                    clock.saw(len(new))
                    await db.execute(
                        UPSERT,
                        [each.event.subject for each in new],
                        [each.event.number for each in new],
                    )
                    await _write_outbox(db, new)
                clock.committed()
            await client.commit()
    return await clock.rate()


async def upserting(world: World, units: Units, name: str) -> float:
    """Run the upsert alone on a bare loop, without inbox and outbox; gives records a second."""
    clock = Clock()
    async with _client(world, name) as client:
        while not clock.took.done():
            records = await _poll(client)
            if not records:
                continue
            events = [Counted.model_validate_json(record.value) for record in records]
            clock.saw(len(events))
            async with units.pool.acquire() as db:
                await db.execute(
                    UPSERT, [each.subject for each in events], [each.number for each in events]
                )
            clock.committed()
            await client.commit()
    return await clock.rate()


@dataclass(frozen=True, slots=True)
class Read:
    """What the plain loop knows of a record: the least that its statements need."""

    id: UUID
    source: str
    time: datetime
    event: Counted


def _decode(record: ConsumerRecord) -> Read:
    named = dict(record.headers)
    return Read(
        UUID(named["ce_id"].decode()),
        named["ce_source"].decode(),
        datetime.fromisoformat(named["ce_time"].decode()),
        Counted.model_validate_json(record.value),
    )


def _answer(event: Counted) -> Tallied:
    return Tallied(subject=event.subject, number=event.number, filler=event.filler)


async def _write_outbox(db: Connection, causes: Sequence[Read]) -> None:
    """Count revisions and write the outbox with the kit's own statements."""
    present = datetime.now(UTC)
    answers = [_answer(cause.event) for cause in causes]
    counts = Counter(each.subject for each in answers)
    keys = sorted(counts)
    at = {key: place for place, key in enumerate(keys, 1)}
    left = counts.copy()
    following = []
    for each in answers:
        left[each.subject] -= 1
        following.append(left[each.subject])
    size = len(answers)
    nothing = [None] * size
    await db.execute(
        outbox.APPEND,
        [Tallied.TOPIC] * len(keys),
        keys,
        [counts[key] for key in keys],
        [Tallied.TOPIC] * size,
        [False] * size,
        [each.subject for each in answers],
        [Tallied.TYPE] * size,
        [
            uuid5(ids.NAMESPACE, f"{cause.id}{Tallied.TYPE}{each.subject}")
            for cause, each in zip(causes, answers, strict=True)
        ],
        [present] * size,
        [at[each.subject] for each in answers],
        following,
        [str(cause.id) for cause in causes],
        nothing,
        nothing,
        nothing,
        [each.model_dump_json().encode() for each in answers],
    )


@asynccontextmanager
async def _client(world: World, name: str) -> AsyncIterator[AIOKafkaConsumer]:
    fetcher.MemoryRecords = PLAIN_RECORDS  # without what the kit changed for its own consumers
    client = AIOKafkaConsumer(
        world.topic(Counted.TOPIC),
        **world.kafka(SERVICE),
        group_id=f"{world.stack.topic_prefix}{SERVICE}.{name}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def _poll(client: AIOKafkaConsumer) -> list[ConsumerRecord]:
    batches = await client.getmany(timeout_ms=20, max_records=MAX_RECORDS)
    return [record for records in batches.values() for record in records]


async def measure(world: World) -> dict[str, list[float]]:
    """Run all contenders in turn, several times over the same records."""
    rates: dict[str, list[float]] = {"kit": [], "plain": [], "upsert": []}
    contenders = {"kit": on_kit, "plain": plainly, "upsert": upserting}
    async with units_of(settings_of(world)) as units:
        async with peer(world) as producer:
            for start in range(0, RECORDS, 1000):
                events = (
                    Counted(subject=f"subject-{n % 5000}", number=n, filler="x" * 200)
                    for n in range(start, start + 1000)
                )
                await send(producer, world, events)
        await _ready(units)
        for turn in range(ROUNDS + 1):
            for contender, run in contenders.items():
                async with units.pool.acquire() as db:
                    await db.execute(CLEAN)
                rate = await run(world, units, f"{contender}-{turn}")
                if turn:  # the first round warms up
                    rates[contender].append(rate)
    return rates


async def _ready(units: Units) -> None:
    """Make today's inbox partition, which the plain loop relies on too."""
    keep = timedelta(days=97)
    await inbox.Inbox(units.pool, SERVICE, keep).prepare({datetime.now(UTC).date()})


def main() -> None:
    """Measure, print and write the figures."""
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
        world = stack.enter_context(fresh_world(servers, folder / "world"))
        rates = asyncio.run(measure(world))
    kit, plain, upsert = (statistics.median(rates[name]) for name in ("kit", "plain", "upsert"))
    ratio = statistics.median(
        ours / theirs for ours, theirs in zip(rates["kit"], rates["plain"], strict=True)
    )
    figures = [
        _figure("batch handler on the kit, share of the plain loop", ratio, "ratio", BAR, 1.0),
        _figure("batch handler on the kit", kit, "records/s", None, plain),
        _figure("upsert-only loop", upsert, "records/s", None, None),
    ]
    target = Path("bench/results/kit_batches.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({"bench": "kit_batches", "figures": figures}, indent=1))
    for each in figures:
        print(each)  # noqa: T201  (to a person)
    print({name: [round(each) for each in runs] for name, runs in rates.items()})  # noqa: T201


def _figure(
    name: str, value: float, unit: str, bar: float | None, baseline: float | None
) -> dict[str, object]:
    return {
        "name": name, "value": round(value, 3), "unit": unit, "bar": bar, "better": "higher",
        "baseline": None if baseline is None else round(baseline, 3),
    }  # fmt: skip


if __name__ == "__main__":
    main()
