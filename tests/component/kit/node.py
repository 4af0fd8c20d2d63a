"""A service cut down to the kit: a table of effects, a consumer, a relay; and its Kafka peers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from schemas.event import Event
from services.kit import database, ids, migration
from services.kit.blobs import open_blobs
from services.kit.brake import Brake
from services.kit.broker import make_broker
from services.kit.consume import Consumer
from services.kit.inbox import Inbox
from services.kit.lane import Lane
from services.kit.reading import Reader
from services.kit.records import Batch, RawRecord
from services.kit.relay import Relay
from services.kit.replay import Desk
from services.kit.running import Running
from services.kit.settings import Settings
from services.kit.unit import Unit, Units
from tests.world import World

SERVICE = "triage"
"""Whose role, users and access rules the node borrows."""

TABLE = """
CREATE TABLE effect (id uuid PRIMARY KEY, key text NOT NULL, number int NOT NULL,
    times int NOT NULL DEFAULT 1, at bigint GENERATED ALWAYS AS IDENTITY);
CREATE TABLE state (key text PRIMARY KEY, number int NOT NULL, count int NOT NULL);
"""
EFFECTS = """
INSERT INTO effect (id, key, number) SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[])
ON CONFLICT (id) DO UPDATE SET times = effect.times + 1
"""


class Counted(Event):
    """What comes in: a number under a key."""

    TYPE: ClassVar[str] = "test.counted.v1"
    TOPIC: ClassVar[str] = "findings"

    subject: str
    number: int
    filler: str = ""

    @property
    def key(self) -> str:
        return self.subject


class Tallied(Event):
    """What goes out: the same number under the same key."""

    TYPE: ClassVar[str] = "test.tallied.v1"
    TOPIC: ClassVar[str] = "cases"

    subject: str
    number: int
    filler: str = ""

    @property
    def key(self) -> str:
        return self.subject


async def count_effects(batch: Batch, unit: Unit) -> None:
    """Keep each event as a row, and emit one for it: a row of two would show a double effect."""
    received = batch.of(Counted)
    await unit.db.execute(
        EFFECTS,
        [each.id for each in received],
        [each.key for each in received],
        [each.event.number for each in received],
    )
    for each in received:
        tallied = Tallied(subject=each.key, number=each.event.number)
        unit.emit(tallied, cause=each)


def counting(handler: Callable[[Batch, Unit], Any] = count_effects, **options: Any) -> Consumer:
    """Make a consumer that gives `handler` what is counted."""
    consumer = Consumer(SERVICE)
    consumer.on(Counted, lanes=options.pop("lanes", ("urgent",)), **options)(handler)
    return consumer


@dataclass
class Node:
    """A running service."""

    settings: Settings
    units: Units
    relay: Relay
    running: list[Running] = field(default_factory=list)

    @property
    def lane(self) -> Lane:
        return self.running[0].lane

    @property
    def desk(self) -> Desk:
        return Desk(self.units, {each.name: each.lane for each in self.running})

    async def rows(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self.units.pool.acquire() as db:
            return await db.fetch(query, *arguments)

    async def value(self, query: str, *arguments: Any) -> Any:
        async with self.units.pool.acquire() as db:
            return await db.fetchval(query, *arguments)

    async def effects(self) -> int:
        return int(await self.value("SELECT count(*) FROM effect"))


def settings_of(world: World, **changes: Any) -> Settings:
    """Give the settings that the node's service has in a world."""
    given = {
        name.removeprefix("PATCHVIGIL_").lower(): value
        for name, value in world.environment(SERVICE).items()
    }
    return Settings(**{"retry_ceiling_seconds": 0.5, "brake_window": 1000, **given, **changes})


def kafka_user_of(world: World, service: str) -> dict[str, str]:
    """Give the settings with which the node speaks to Kafka as another service."""
    given = world.environment(service)
    names = ("kafka_user", "kafka_password")
    return {name: given[f"PATCHVIGIL_{name.upper()}"] for name in names}


@asynccontextmanager
async def units_of(
    settings: Settings, wake: Callable[[], None] = lambda: None
) -> AsyncIterator[Units]:
    """Open the node's database, migrated, with its table of effects."""
    pool = await database.open_pool(settings, SERVICE)
    try:
        kit = [each for each in migration.migrations(SERVICE) if each.name.startswith("kit/")]
        wanted = [*kit, migration.Migration("test/001_effect.sql", TABLE)]
        await migration.migrate(pool, SERVICE, wanted)
        yield Units(pool, SERVICE, open_blobs(settings.blob_url), wake)
    finally:
        await asyncio.wait_for(pool.close(), 10)


@asynccontextmanager
async def node(
    world: World,
    consumer: Consumer | None = None,
    *,
    relaying: bool = True,
    settings: Settings | None = None,
) -> AsyncIterator[Node]:
    """Run a service for as long as the context lasts."""
    settings = settings or settings_of(world)
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(units_of(settings))
        relay = Relay(settings, opened.pool, SERVICE)
        units = replace(opened, wake=relay.wake)
        made = Node(settings, units, relay)
        if relaying:
            task = asyncio.create_task(relay.run())
            stack.push_async_callback(asyncio.wait_for, task, 20)
            stack.callback(relay.stop)
        if consumer is not None:
            broker = make_broker(settings, SERVICE)
            made.running = consumer.attach(broker, units, settings)
            await broker.start()
            stack.push_async_callback(broker.stop)
        yield made


async def until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until an async condition holds.

    Raises:
        AssertionError: it does not hold in time.
    """
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  (it happens in another process)
            await asyncio.sleep(0.02)


def headers(event: Event, **changes: bytes | None) -> list[tuple[str, Any]]:
    """Spell an event's headers as a peer would; a change to `...` leaves the header out."""
    spelled: dict[str, Any] = {
        "ce_specversion": b"1.0", "content-type": b"application/json",
        "ce_id": str(ids.uuid7()).encode(), "ce_type": event.TYPE.encode(),
        "ce_source": b"sbom-matcher", "ce_revision": b"1",
        "ce_time": datetime.now(UTC).isoformat().encode(),
    }  # fmt: skip
    spelled.update(changes)
    return [(name, value) for name, value in spelled.items() if value is not ...]


@asynccontextmanager
async def peer(world: World) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that may write anywhere, as the other services would."""
    producer = AIOKafkaProducer(**world.kafka("admin"), acks="all", linger_ms=5)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send(
    producer: AIOKafkaProducer, world: World, events: Iterable[Event], **changes: Any
) -> list[UUID]:
    """Publish events to their topic; gives their ids."""
    sent: list[UUID] = []
    waits = []
    for event in events:
        spelled = headers(event, **changes)
        sent.append(UUID(dict(spelled)["ce_id"].decode()))
        value = event.model_dump_json().encode()
        topic = world.topic(event.TOPIC)
        waits.append(await producer.send(topic, value, event.key.encode(), headers=spelled))
    await asyncio.gather(*waits)
    return sent


async def read_all(
    world: World, topic: str, wanted: int, seconds: float = 20.0
) -> list[ConsumerRecord]:
    """Read a topic from its start until `wanted` records came and nothing more follows."""
    reader = AIOKafkaConsumer(
        **world.kafka("admin"), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await reader.start()
    try:
        name = world.topic(topic)
        numbers = await partitions(reader, name)
        places = [TopicPartition(name, number) for number in numbers]
        reader.assign(places)
        await reader.seek_to_beginning(*places)
        found: list[ConsumerRecord] = []
        async with asyncio.timeout(seconds):
            while len(found) < wanted:
                for records in (await reader.getmany(timeout_ms=200)).values():
                    found.extend(records)
        for records in (await reader.getmany(timeout_ms=300)).values():
            found.extend(records)
        return found
    finally:
        await reader.stop()


async def partitions(reader: AIOKafkaConsumer, topic: str) -> Sequence[int]:
    """Name the partitions of a topic."""
    cluster = await reader._client.fetch_all_metadata()
    return sorted(cluster.partitions_for_topic(topic) or ())


async def keep_raw(records: list[RawRecord], unit: Unit) -> None:
    """Keep each raw record as a row under its place."""
    places = [ids.derived(each.topic, each.partition, each.offset) for each in records]
    keys = [(each.key or b"").decode() for each in records]
    await unit.db.execute(EFFECTS, places, keys, [len(each.value) for each in records])


class Tape:
    """Records as Kafka would deliver them, in one partition, without Kafka."""

    def __init__(self, topic: str = Counted.TOPIC, partition: int = 0) -> None:
        self.topic, self.partition = topic, partition
        self.records: list[ConsumerRecord] = []

    def add(
        self, event: Event, value: bytes | None = b"as it is", **changes: Any
    ) -> ConsumerRecord:
        """Append an event's record; `value` and headers may be spoilt."""
        key = event.key.encode()
        content = event.model_dump_json().encode() if value == b"as it is" else value
        return self.raw(key, content, headers(event, **changes))

    def raw(
        self, key: bytes | None, value: bytes | None, spelled: Sequence[tuple[str, Any]] = ()
    ) -> ConsumerRecord:
        """Append any record."""
        record = ConsumerRecord(
            self.topic, self.partition, len(self.records), 1_790_000_000_000, 0, key, value,
            None, -1, -1, spelled,
        )  # fmt: skip
        self.records.append(record)
        return record


def lane_of(
    units: Units,
    handler: Callable[..., Any] = count_effects,
    consumer: Consumer | None = None,
    **changes: Any,
) -> Lane:
    """Make the lane of a handler, under a name of its own, that is fed by hand."""
    name = f"lane{next(_NUMBERS)}"
    [intent] = (consumer or counting(handler, name=name)).intents
    options = {"brake": Brake(1000, 0.5), "ceiling": 0.2, "wanted": lambda: True, **changes}
    inbox = Inbox(units.pool, SERVICE, timedelta(days=97))
    reader = Reader(intent, units.blobs, inbox)
    return Lane(intent, units, inbox, reader, **options)


_NUMBERS = count()
