"""Sends rows of the outbox to Kafka: each key in order, and no topic in the way of another."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from services.kit import clock, metrics, wire
from services.kit.broker import make_producer
from services.kit.settings import Settings

_log = logging.getLogger(__name__)

FIRST_REST, LONGEST_REST = 0.1, 10.0  # seconds

Row = Mapping[str, Any]

_PARTITIONER = DefaultPartitioner()
"""The partition of a key is the default of Kafka's own clients (librdkafka has another one)."""


@dataclass(slots=True)
class Publisher:
    """Publishes for one service. Topics that failed rest for a while, longer each time."""

    settings: Settings
    service: str
    _producer: AIOKafkaProducer | None = None
    _rests: dict[str, tuple[float, float]] = field(default_factory=dict)

    def resting(self) -> list[str]:
        """Name the topics that are not to be tried at this moment."""
        present = clock.elapsed()
        return [topic for topic, (until, _) in self._rests.items() if until > present]

    def patience(self, most: float) -> float:
        """Tell for how many seconds there is nothing to do, unless new rows come."""
        present = clock.elapsed()
        waits = [until - present for until, _ in self._rests.values()]
        return max(0.01, min([most, *waits]))

    async def publish(self, rows: Sequence[Row]) -> list[int]:
        """Send rows and give the `seq` of those that Kafka acknowledged."""
        producer = await self._ready_producer()
        topics: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            topics[row["topic"]].append(row)
        sent = await asyncio.gather(
            *(self._send_topic(producer, topic, each) for topic, each in topics.items())
        )
        if any(topic in self._rests for topic in topics):
            metrics.OUTBOX_FAILURES.inc()
            await self.close()  # an idempotent producer may not go on after an error
        return [seq for seqs in sent for seq in seqs]

    async def _send_topic(
        self, producer: AIOKafkaProducer, topic: str, rows: Sequence[Row]
    ) -> list[int]:
        name = f"{self.settings.topic_prefix}{topic}"
        try:
            partitions = sorted(await producer.partitions_for(name))
        except KafkaError as error:
            self._let_rest(topic, error)
            return []
        shares: dict[int, list[Row]] = defaultdict(list)
        for row in rows:
            shares[_PARTITIONER(row["key"].encode(), partitions, partitions)].append(row)
        sent: list[int] = []
        results = await asyncio.gather(
            *(_send_share(producer, name, number, share, sent) for number, share in shares.items())
        )
        errors = [error for error in results if error is not None]
        if sent or not errors:
            self._rests.pop(topic, None)
        if errors:
            self._let_rest(topic, errors[0])
        metrics.OUTBOX_PUBLISHED.labels(topic).inc(len(sent))
        return sent

    def _let_rest(self, topic: str, error: KafkaError) -> None:
        """Leave a topic out for a while, so that its rows do not fill every page."""
        _, seconds = self._rests.get(topic, (0.0, FIRST_REST / 2))
        seconds = min(seconds * 2, LONGEST_REST)
        self._rests[topic] = (clock.elapsed() + seconds, seconds)
        _log.warning("not published, again in %.1f s: %r", seconds, error, extra={"topic": topic})

    async def _ready_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = make_producer(self.settings, self.service)
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def close(self) -> None:
        """Let the producer go; the next page starts another one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()


async def _send_share(
    producer: AIOKafkaProducer, topic: str, number: int, rows: Sequence[Row], sent: list[int]
) -> KafkaError | None:
    """Send one partition's rows batch after batch, up to the first error.

    The next batch is not sent before the last one is acknowledged: so no row of a key is ever in
    Kafka while an earlier one is not.
    """
    for builder, seqs in _batches(producer, rows):
        try:
            acknowledged = await producer.send_batch(builder, topic, partition=number)
            await acknowledged
        except KafkaError as error:
            return error
        sent.extend(seqs)
    return None


def _batches(
    producer: AIOKafkaProducer, rows: Iterable[Row]
) -> Iterator[tuple[BatchBuilder, list[int]]]:
    """Fill Kafka batches with rows, in order."""
    builder, seqs = producer.create_batch(), list[int]()
    for row in rows:
        record = {
            "timestamp": None, "key": row["key"].encode(), "value": row["value"],
            "headers": wire.to_headers(row),
        }  # fmt: skip
        if builder.append(**record) is None:
            yield builder, seqs
            builder, seqs = producer.create_batch(), []
            builder.append(**record)
        seqs.append(row["seq"])
    builder.close()
    yield builder, seqs
