"""Reads topics from where and to where it was asked."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.topics import TOPICS
from services.cli.broker import Broker
from services.cli.refusal import Exit, RefusedError

_WAIT_MS = 200


@dataclass(frozen=True, slots=True)
class Span:
    """Which records: from the oldest or the next one on, and whether it ends."""

    from_start: bool
    until_end: bool


async def follow(
    at: Broker, names: Sequence[str], show: Callable[[dict[str, Any]], None], span: Span
) -> None:
    """Show records of topics, in the order of their time within what arrives together.

    Raises:
        KafkaError: the broker does not answer or refuses.
        RefusedError: a topic is not there for this user.
    """
    reader = AIOKafkaConsumer(
        bootstrap_servers=at.kafka.bootstrap, enable_auto_commit=False, **_login(at)
    )
    try:
        await reader.start()
        seen = await reader.topics()
        if hidden := [name for name in names if at.prefix + name not in seen]:
            raise RefusedError(
                Exit.FORBIDDEN,
                f"{', '.join(hidden)} cannot be read at {at.kafka.bootstrap}",
                f"the topic is not there, or {at.kafka.admin_user or 'nobody'} may not read it",
                "act as a Kafka user who may (schemas/topics.py), or run `patchvigil topics apply`",
            )
        partitions = [
            TopicPartition(at.prefix + name, partition)
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
                    show(_read(record, at.prefix))
            if span.until_end:
                left = {each for each in left if await reader.position(each) < ends[each]}
    finally:
        await reader.stop()


def _login(at: Broker) -> dict[str, Any]:
    if not at.kafka.secured:
        return {}
    user = at.kafka.admin_user
    return {
        "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": at.kafka.mechanism,
        "sasl_plain_username": user, "sasl_plain_password": at.kafka.passwords[user],
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
