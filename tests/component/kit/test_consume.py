"""Batches on real Kafka and PostgreSQL: each record takes effect once, whatever else is in them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from services.kit import ids
from services.kit.consume import Consumer
from services.kit.records import Batch, RawRecord
from services.kit.unit import Unit
from tests.component.kit.node import (
    Counted,
    Node,
    count_effects,
    counting,
    headers,
    kafka_user_of,
    keep_raw,
    node,
    peer,
    read_all,
    send,
    settings_of,
    until,
)
from tests.world import World

pytestmark = pytest.mark.stack


@pytest.fixture
async def kafka(new_world: World) -> AsyncIterator[AIOKafkaProducer]:
    async with peer(new_world) as producer:
        yield producer


def counted(number: int, subject: str | None = None) -> Counted:
    return Counted(subject=subject or f"subject-{number}", number=number)


async def test_each_event_takes_effect_once_and_causes_one_event(
    new_world: World, kafka: AIOKafkaProducer
) -> None:
    sent = await send(kafka, new_world, [counted(n) for n in range(1000)])
    async with node(new_world, counting()) as running:
        await until(lambda: _equals(running.effects, 1000))
        records = await read_all(new_world, "cases", 1000)
        assert await running.value("SELECT max(times) FROM effect") == 1
        assert await running.value("SELECT sum(next_offset) FROM kit_position") == 1000
    derived = {
        str(ids.derived(each, "test.tallied.v1", f"subject-{n}", "")) for n, each in enumerate(sent)
    }
    assert {dict(record.headers)["ce_id"].decode() for record in records} == derived
    assert len(records) == 1000


async def test_odd_records_on_a_real_topic_are_met_one_by_one(
    new_world: World, kafka: AIOKafkaProducer
) -> None:
    topic = new_world.topic("findings")
    good, odd = counted(1, "good"), counted(2, "odd")
    value = odd.model_dump_json().encode()
    async with node(new_world, counting()) as running:
        await kafka.send(topic, None, b"tombstone", headers=headers(odd))
        await kafka.send(topic, value, b"non-utf-8", headers=headers(odd, ce_source=b"\xff"))
        await kafka.send(topic, value, b"null", headers=headers(odd, ce_id=None))
        await kafka.send(topic, b"", b"empty", headers=headers(odd))
        await kafka.send(topic, value, b"unknown", headers=headers(odd, ce_type=b"x.y.v1"))
        await kafka.send(topic, value, None, headers=[])
        await send(kafka, new_world, [good])
        query = "SELECT sum(next_offset) FROM kit_position"
        await until(lambda: _equals(lambda: running.value(query), 7))
        assert await running.effects() == 1
        rows = await running.rows("SELECT key, reason FROM kit_quarantine ORDER BY key")
        assert {row["key"]: row["reason"] for row in rows} == {
            b"empty": "the value is empty",
            b"non-utf-8": "header ce_source is null or not UTF-8",
            b"null": "header ce_id is null or not UTF-8",
            None: "header ce_id is missing",
        }
        references = await read_all(new_world, "triage.quarantine", 4)
        assert {dict(each.headers)["ce_type"] for each in references} == {b"record.quarantined.v1"}


async def test_what_nobody_asked_for_is_passed_without_a_batch_of_its_own(
    new_world: World, kafka: AIOKafkaProducer
) -> None:
    topic, odd = new_world.topic("findings"), counted(1)
    value = odd.model_dump_json().encode()
    async with node(new_world, counting()) as running:
        for n in range(5):
            await kafka.send(topic, value, b"%d" % n, headers=headers(odd, ce_type=b"x.y.v1"))
        query = "SELECT sum(next_offset) FROM kit_position"
        await until(lambda: _equals(lambda: running.value(query), 5))
        assert await running.value("SELECT count(*) FROM kit_inbox") == 0


async def test_a_consumer_that_stops_has_told_kafka_how_far_it_came(
    new_world: World, kafka: AIOKafkaProducer
) -> None:
    await send(kafka, new_world, [counted(n) for n in range(100)])
    consumer = counting()
    async with node(new_world, consumer) as running:
        await until(lambda: _equals(running.effects, 100))
    group = f"{new_world.stack.topic_prefix}{consumer.intents[0].consumer}"
    admin = AIOKafkaAdminClient(**new_world.kafka("admin"))
    await admin.start()
    try:
        told = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    assert sum(each.offset for each in told.values()) == 100


class Odd(str):
    """A header's name that some client wrote in another encoding."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        return b"\xff\xfe"


@pytest.mark.parametrize("compression", [0, 3], ids=["plain", "lz4"])
async def test_a_header_name_that_is_not_utf_8_does_not_hold_up_its_partition(
    new_world: World, kafka: AIOKafkaProducer, compression: int
) -> None:
    topic = new_world.topic("submissions")
    builder = kafka.create_batch()
    # aiokafka's fast builder refuses what other clients write
    builder._builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, 0, 1 << 16)
    for n, name in enumerate(("x", Odd("x"), "y")):
        value = str(n).encode()
        builder.append(key=b"%d" % n, value=value, timestamp=None, headers=[(name, value)])
    await (await kafka.send_batch(builder, topic, partition=0))
    consumer = Consumer("intake")
    seen: list[RawRecord] = []

    async def keep(records: list[RawRecord], _: Unit) -> None:
        seen.extend(records)

    consumer.raw("submissions")(keep)
    settings = settings_of(new_world, **kafka_user_of(new_world, "intake"))
    async with node(new_world, consumer, settings=settings):
        await until(_done(lambda: len(seen) == 3))
    assert [(each.value, dict(each.headers)) for each in seen] == [
        (b"0", {"x": "0"}), (b"1", {r"\xff\xfe": "1"}), (b"2", {"y": "2"}),
    ]  # fmt: skip


async def test_a_record_of_two_mebibytes_comes_through_where_the_topic_allows_it(
    new_world: World,
) -> None:
    topic = new_world.topic("submissions")
    admin = AIOKafkaAdminClient(**new_world.kafka("admin"))
    await admin.start()
    wider = ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": str(4 << 20)})
    await admin.alter_configs([wider])
    await admin.close()
    consumer = Consumer("intake")
    consumer.raw("submissions")(keep_raw)
    settings = settings_of(new_world, **kafka_user_of(new_world, "intake"))
    producer = AIOKafkaProducer(**new_world.kafka("admin"), max_request_size=4 << 20)
    await producer.start()
    try:
        async with node(new_world, consumer, settings=settings) as running:
            await producer.send_and_wait(topic, b"x" * (2 << 20), b"large")
            await until(lambda: _equals(running.effects, 1))
            assert await running.value("SELECT number FROM effect") == 2 << 20
    finally:
        await producer.stop()


async def test_an_unknown_error_stops_the_consumer_and_keeps_the_record(
    new_world: World, kafka: AIOKafkaProducer
) -> None:
    broken = True

    async def break_down(batch: Batch, unit: Unit) -> None:
        if broken:
            raise ZeroDivisionError
        await count_effects(batch, unit)

    await send(kafka, new_world, [counted(1)])
    async with node(new_world, counting(break_down)) as running:
        await until(lambda: _equals(_done(lambda: running.running[0].standstill), True))
        assert running.running[0].standstill == "3 tries failed: ZeroDivisionError: "
        await until(lambda: _equals(_done(lambda: running.running[0].subscriber.consumer), False))
        assert await running.effects() == 0
    broken = False
    async with node(new_world, counting(break_down)) as running:
        await until(lambda: _equals(running.effects, 1))


async def test_two_members_and_a_rebalance_lose_nothing_and_double_nothing(
    new_world: World, kafka: AIOKafkaProducer
) -> None:
    async def slowly(batch: Batch, unit: Unit) -> None:
        await count_effects(batch, unit)
        await asyncio.sleep(0.05)

    consumer = counting(slowly, max_records=50)
    await send(kafka, new_world, [counted(n) for n in range(1500)])
    async with node(new_world, consumer) as first:
        await until(lambda: _above(first.effects, 100))
        async with node(new_world, consumer) as second:
            await send(kafka, new_world, [counted(n) for n in range(1500, 3000)])
            await until(lambda: _equals(_done(lambda: assigned(second)), True))
            await until(lambda: _above(first.effects, 1000))
        await until(lambda: _equals(first.effects, 3000), 60)  # what the second one left
        assert await first.value("SELECT max(times) FROM effect") == 1
        await until(lambda: _equals(lambda: first.value("SELECT count(*) FROM kit_outbox"), 0))
    records = await read_all(new_world, "cases", 3000)
    assert len({dict(record.headers)["ce_id"] for record in records}) == 3000


async def test_a_database_restored_from_a_backup_catches_up_by_itself(
    new_world: World, kafka: AIOKafkaProducer
) -> None:
    tables = ("effect", "kit_inbox", "kit_position", "kit_revision")
    await send(kafka, new_world, [counted(n) for n in range(200)])
    async with node(new_world, counting()) as running:
        await until(lambda: _equals(running.effects, 200))
        for table in tables:
            await running.rows(f"CREATE TABLE backup_{table} AS SELECT * FROM {table}")
        await send(kafka, new_world, [counted(n) for n in range(200, 500)])
        await until(lambda: _equals(running.effects, 500))
    async with node(new_world, relaying=False) as stopped:
        for table in tables:
            await stopped.rows(f"TRUNCATE {table}")
            columns = "id, key, number, times" if table == "effect" else "*"
            into = "effect (id, key, number, times)" if table == "effect" else table
            await stopped.rows(f"INSERT INTO {into} SELECT {columns} FROM backup_{table}")
        assert await stopped.effects() == 200
    async with node(new_world, counting()) as running:
        await until(lambda: _equals(running.effects, 500))
        assert await running.value("SELECT max(times) FROM effect") == 1
        behind = await running.value("SELECT sum(committed - stored) FROM kit_setback")
        assert behind == 300


async def test_an_emptied_database_reads_every_topic_from_its_start(
    new_world: World, kafka: AIOKafkaProducer
) -> None:
    await send(kafka, new_world, [counted(n) for n in range(100)])
    async with node(new_world, counting()) as running:
        await until(lambda: _equals(running.effects, 100))
    async with node(new_world, relaying=False) as stopped:
        await stopped.rows("TRUNCATE effect, kit_inbox, kit_position")
    async with node(new_world, counting()) as running:
        await until(lambda: _equals(running.effects, 100))


def assigned(member: Node) -> object:
    """Give the partitions that a member has."""
    client = member.running[0].subscriber.consumer
    return client and client.assignment()


def _done(read: Callable[[], object]) -> Callable[[], Awaitable[bool]]:
    async def done() -> bool:
        return bool(read())

    return done


async def _equals(read: Callable[[], Awaitable[object]], wanted: object) -> bool:
    return bool(await read() == wanted)


async def _above(read: Callable[[], Awaitable[int]], least: int) -> bool:
    return await read() > least
