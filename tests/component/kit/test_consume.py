"""Batches on real Kafka and PostgreSQL: each record takes effect once, whatever else is in them."""

from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer

from services.kit import ids
from tests.component.kit.node import (
    Counted,
    counting,
    node,
    peer,
    read_all,
    send,
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


async def _equals(read: object, wanted: object) -> bool:
    return bool(await read() == wanted)  # type: ignore[operator]
