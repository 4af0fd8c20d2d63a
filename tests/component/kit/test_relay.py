"""The outbox reaches Kafka: whole, in order for each key, by one relay at a time."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaTimeoutError

from schemas.event import Tombstone
from services.kit import broker
from services.kit.outbox import CLAIM_CHECK_BYTES, UnsendableError
from services.kit.relay import PAGE, Relay
from services.kit.unit import Units
from tests.component.kit.node import (
    SERVICE,
    Counted,
    Tallied,
    read_all,
    settings_of,
    units_of,
    until,
)
from tests.world import World

pytestmark = pytest.mark.stack


@pytest.fixture
async def own(new_world: World) -> AsyncIterator[Units]:
    async with units_of(settings_of(new_world)) as opened:
        yield opened


def numbers(records: Sequence[ConsumerRecord]) -> dict[str, list[int]]:
    """Give the numbers of each key, in the order of its partition."""
    found: dict[str, list[int]] = defaultdict(list)
    for record in sorted(records, key=lambda each: (each.partition, each.offset)):
        found[record.key.decode()].append(Tallied.model_validate_json(record.value).number)
    return found


async def pending(units: Units) -> int:
    async with units.pool.acquire() as db:
        return int(await db.fetchval("SELECT count(*) FROM kit_outbox"))


async def empty(units: Units) -> bool:
    return await pending(units) == 0


async def emit(units: Units, amount: int, keys: int = 10, **options: Any) -> None:
    async with units.begin() as unit:
        for n in range(amount):
            unit.emit(Tallied(subject=f"key-{n % keys}", number=n), **options)


async def test_nothing_is_published_of_a_transaction_that_fails(own: Units) -> None:
    async def fail() -> None:
        async with own.begin() as unit:
            unit.emit(Tallied(subject="never", number=1))
            await unit.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await empty(own)


async def test_revisions_count_up_for_each_key_over_both_lanes(own: Units) -> None:
    for bulk in (False, True):
        async with own.begin() as unit:
            for n in range(3):
                unit.emit(Counted(subject="counted", number=n), bulk=bulk)
            unit.emit(Counted(subject="other", number=9))
    async with own.pool.acquire() as db:
        rows = await db.fetch("SELECT topic, key, revision FROM kit_outbox ORDER BY seq")
    assert [tuple(row) for row in rows] == [
        ("findings", "counted", 1), ("findings", "counted", 2), ("findings", "counted", 3),
        ("findings", "other", 1), ("findings.bulk", "counted", 4),
        ("findings.bulk", "counted", 5), ("findings.bulk", "counted", 6), ("findings", "other", 2),
    ]  # fmt: skip


async def test_concurrent_writers_of_a_key_leave_it_in_the_order_of_its_revisions(
    own: Units,
) -> None:
    async def write(writer: int) -> None:
        for n in range(10):
            async with own.begin() as unit:
                unit.emit(Tallied(subject=f"key-{n % 3}", number=writer))

    await asyncio.gather(*(write(writer) for writer in range(8)))
    async with own.pool.acquire() as db:
        rows = await db.fetch(
            "SELECT key, array_agg(revision ORDER BY seq) r FROM kit_outbox GROUP BY 1"
        )
    assert {row["key"]: row["r"] for row in rows} == {
        "key-0": list(range(1, 33)), "key-1": list(range(1, 25)), "key-2": list(range(1, 25)),
    }  # fmt: skip


async def test_two_relays_publish_every_row_once_and_in_order(new_world: World, own: Units) -> None:
    relays = [Relay(settings_of(new_world), own.pool, SERVICE) for _ in range(2)]
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        for start in range(0, 3000, 300):
            async with own.begin() as unit:
                for n in range(start, start + 300):
                    unit.emit(Tallied(subject=f"key-{n % 7}", number=n))
            for relay in relays:
                relay.wake()
        await until(lambda: empty(own))
        found = numbers(await read_all(new_world, "cases", 3000))
        assert found == {f"key-{k}": list(range(k, 3000, 7)) for k in range(7)}
        relays[0].stop()  # whoever led, the other one goes on
        await tasks[0]
        await emit(own, 10)
        await until(lambda: empty(own))
        assert len(await read_all(new_world, "cases", 3010)) == 3010
    finally:
        for relay in relays:
            relay.stop()
        await asyncio.gather(*tasks)


async def test_a_page_that_fails_in_part_keeps_each_key_in_order(
    new_world: World, own: Units, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = 0

    class Failing:
        """Kafka's producer, but every fourth batch is lost on the way."""

        def __init__(self, producer: Any) -> None:
            self._producer = producer

        def __getattr__(self, name: str) -> Any:
            return getattr(self._producer, name)

        async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Any:
            nonlocal failures
            failures += 1
            if failures % 4 == 0:
                raise KafkaTimeoutError
            return await self._producer.send_batch(batch, topic, partition=partition)

    def make(*given: Any) -> Failing:
        return Failing(broker.make_producer(*given))

    monkeypatch.setattr("services.kit.publish.make_producer", make)
    monkeypatch.setattr("services.kit.broker.PRODUCE_BATCH_BYTES", 2000)
    await emit(own, 600, keys=12)
    relay = Relay(settings_of(new_world), own.pool, SERVICE)
    task = asyncio.create_task(relay.run())
    try:
        await until(lambda: empty(own), 60)
    finally:
        relay.stop()
        await task
    assert failures > 4
    found = numbers(await read_all(new_world, "cases", 600))
    assert found == {f"key-{k}": list(range(k, 600, 12)) for k in range(12)}


async def test_a_topic_that_cannot_be_written_holds_up_no_other(
    new_world: World, own: Units
) -> None:
    async with own.begin() as unit:
        for n in range(2000):  # more than a page of what triage may not write
            unit.emit(Counted(subject="denied", number=n))
        unit.emit(Tallied(subject="granted", number=1))
    relay = Relay(settings_of(new_world), own.pool, SERVICE)
    task = asyncio.create_task(relay.run())
    try:
        assert numbers(await read_all(new_world, "cases", 1)) == {"granted": [1]}
        assert await pending(own) == 2000
    finally:
        relay.stop()
        await task


async def test_urgent_rows_go_before_bulk_rows_that_are_older(own: Units) -> None:
    async with own.begin() as unit:
        unit.emit(Counted(subject="slow", number=1), bulk=True)
        unit.emit(Counted(subject="fast", number=2))
    async with own.pool.acquire() as db:
        rows = await db.fetch(PAGE, [], 10, SERVICE, [])
    assert [row["key"] for row in rows] == ["fast", "slow"]


async def test_an_event_above_the_limit_travels_by_reference(new_world: World, own: Units) -> None:
    filler = "x" * (2 << 20)
    async with own.begin() as unit:
        unit.emit(Tallied(subject="large", number=1, filler=filler))
        unit.emit(Tallied(subject="large", number=2, filler="x" * (CLAIM_CHECK_BYTES - 100)))
    relay = Relay(settings_of(new_world), own.pool, SERVICE)
    task = asyncio.create_task(relay.run())
    try:
        first, second = await read_all(new_world, "cases", 2)
    finally:
        relay.stop()
        await task
    digest = dict(first.headers)["ce_dataref"].decode()
    assert first.value == b""
    content = await own.blobs.get(digest)
    assert Tallied.model_validate_json(content) == Tallied(subject="large", number=1, filler=filler)
    assert "ce_dataref" not in dict(second.headers)


@pytest.mark.parametrize("key", ["", "x" * 3000, "nul\0"], ids=["empty", "long", "nul"])
async def test_an_event_that_kafka_cannot_carry_is_refused_when_it_is_emitted(
    own: Units, key: str
) -> None:
    async with own.begin() as unit:
        with pytest.raises(UnsendableError, match="its key has to be"):
            unit.emit(Tallied(subject=key, number=1))


class Ended(Tombstone):
    """The end of a key on a topic that keeps no key for ever."""

    TYPE = "case.ended.v1"
    TOPIC = "cases"


async def test_the_end_of_a_key_is_refused_on_a_topic_that_forgets_by_itself(own: Units) -> None:
    async with own.begin() as unit:
        with pytest.raises(UnsendableError, match="cases is not compacted"):
            unit.emit(Ended("key"))


async def test_a_bulk_event_of_a_stream_without_a_bulk_lane_is_refused(own: Units) -> None:
    async with own.begin() as unit:
        with pytest.raises(UnsendableError, match="cases has no bulk lane"):
            unit.emit(Tallied(subject="x", number=1), bulk=True)


async def test_events_wait_while_kafka_is_away_and_no_transaction_is_open(
    new_world: World, own: Units, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka goes away as a network sees it: its connections break and no new one is answered."""
    relay = Relay(settings_of(new_world), own.pool, SERVICE)
    task = asyncio.create_task(relay.run())
    try:
        await emit(own, 50)
        await until(lambda: empty(own))
        with monkeypatch.context() as outage:

            async def refused(*_: Any, **__: Any) -> None:
                raise ConnectionRefusedError

            outage.setattr("aiokafka.client.create_conn", refused)
            producer = relay._publisher._producer
            assert producer is not None
            for link in list(producer.client._conns.values()):
                link.close()
            for start in range(50, 100, 10):
                async with own.begin() as unit:
                    for n in range(start, start + 10):
                        unit.emit(Tallied(subject=f"key-{n % 10}", number=n))
                relay.wake()
                await asyncio.sleep(0.3)
            assert await pending(own) == 50
            async with own.pool.acquire() as db:
                query = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
                assert await db.fetchval(f"{query} AND datname = current_database()") == 0
        await until(lambda: empty(own), 60)
    finally:
        relay.stop()
        await task
    found = numbers(await read_all(new_world, "cases", 100))
    assert found == {f"key-{k}": list(range(k, 100, 10)) for k in range(10)}
