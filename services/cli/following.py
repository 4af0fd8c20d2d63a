"""Reads topics as the platform's administrator, from where and to where it was asked."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from deploy.world import Stack
from schemas.topics import TOPICS

_WAIT_MS = 200


@dataclass(frozen=True, slots=True)
class Span:
    """Which records: from the oldest or the next one on, and whether it ends."""

    from_start: bool
    until_end: bool


async def follow(
    stack: Stack, names: Sequence[str], show: Callable[[dict[str, Any]], None], span: Span
) -> None:
    """Show records of topics, in the order of their time within what arrives together.

    Raises:
        KafkaError: the broker does not answer or refuses.
    """
    reader = AIOKafkaConsumer(
        bootstrap_servers=stack.kafka.bootstrap, enable_auto_commit=False, **_login(stack)
    )
    await reader.start()
    try:
        partitions = [
            TopicPartition(stack.topic_prefix + name, partition)
            for name in names
            for partition in range(TOPICS[name].partitions)
        ]
        reader.assign(partitions)
        ends = await reader.end_offsets(partitions)
        begins = await reader.beginning_offsets(partitions) if span.from_start else ends
        for partition in partitions:
            reader.seek(partition, begins[partition])
        left = {each for each in partitions if begins[each] < ends[each]}
        while left or not span.until_end:
            for record in await _arrived(reader):
                if not span.until_end or record.offset < ends[_place(record)]:
                    show(_read(record, stack.topic_prefix))
            if span.until_end:
                left = {each for each in left if await reader.position(each) < ends[each]}
    finally:
        await reader.stop()


def _login(stack: Stack) -> dict[str, Any]:
    if not stack.kafka.secured:
        return {}
    user = stack.kafka.admin_user
    return {
        "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": stack.kafka.mechanism,
        "sasl_plain_username": user, "sasl_plain_password": stack.kafka.passwords[user],
    }  # fmt: skip


async def _arrived(reader: AIOKafkaConsumer) -> list[ConsumerRecord]:
    batches = await reader.getmany(timeout_ms=_WAIT_MS)
    records = [record for batch in batches.values() for record in batch]
    return sorted(records, key=lambda record: int(record.timestamp))


def _place(record: ConsumerRecord) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


def _read(record: ConsumerRecord, prefix: str) -> dict[str, Any]:
    """Turn a record into a document: its place, key, headers and decoded value."""
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers if value}
    raw = record.value or b""
    try:
        value = json.loads(raw) if raw else None
    except ValueError:
        value = raw.decode("utf-8", "replace")
    return {
        **headers,
        "topic": record.topic.removeprefix(prefix),
        "partition": record.partition,
        "offset": record.offset,
        "key": (record.key or b"").decode("utf-8", "replace"),
        "value": value,
    }
