"""Offsets are told in the end, whatever happens while others are on their way."""

import asyncio
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaConnectionError

from services.kit import offsets
from services.kit.offsets import Offsets

PLACE = TopicPartition("cases", 0)


class Group:
    """A consumer's side of committing: slow, and failing as often as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.told: asyncio.Queue[int] = asyncio.Queue()
        self.begun = asyncio.Event()
        self.asked = 0

    async def commit(self, ends: dict[TopicPartition, int]) -> None:
        self.asked += 1
        self.begun.set()
        await asyncio.sleep(0.02)
        if self.failures:
            raise self.failures.pop(0)
        self.told.put_nowait(ends[PLACE])


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offsets, "GATHER", 0.01)


def of(group: Group) -> Offsets:
    client = cast("AIOKafkaConsumer", group)
    return Offsets(cast("Any", None), "triage.cases", "", lambda: client)


def record(offset: int) -> ConsumerRecord:
    made = ConsumerRecord(
        topic=PLACE.topic, partition=PLACE.partition, offset=offset, timestamp=0, timestamp_type=0,
        key=None, value=None, checksum=None, serialized_key_size=0, serialized_value_size=0,
        headers=(),
    )  # fmt: skip
    return cast("ConsumerRecord", made)


async def until_told(group: Group, end: int) -> None:
    async with asyncio.timeout(10):
        while await group.told.get() != end:
            pass


async def test_what_is_passed_while_another_is_being_told_is_told_too() -> None:
    group = Group()
    gathered = of(group)
    gathered.passed([record(1)], stored=True)
    await group.begun.wait()
    gathered.passed([record(2)], stored=True)
    await until_told(group, 3)


async def test_what_a_broker_that_is_away_did_not_hear_is_told_again() -> None:
    group = Group(KafkaConnectionError(), KafkaConnectionError())
    of(group).passed([record(1)], stored=True)
    await until_told(group, 2)
    assert group.asked == 3


async def test_what_a_consumer_may_not_tell_any_more_is_left_to_the_next() -> None:
    group = Group(CommitFailedError())
    gathered = of(group)
    gathered.passed([record(1)], stored=True)
    await group.begun.wait()
    await asyncio.sleep(0.1)
    assert (group.told.empty(), group.asked) == (True, 1)
    gathered.passed([record(2)], stored=True)
    await until_told(group, 3)
