"""Hangs a consumer on Kafka through FastStream, and stops it where going on would do harm."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER
from faststream.kafka.subscriber.usecase import BatchSubscriber

from services.kit import metrics
from services.kit.brake import Brake
from services.kit.inbox import Inbox
from services.kit.lane import Lane, StandstillError
from services.kit.offsets import Offsets
from services.kit.positions import Seeker
from services.kit.reading import Intent, Reader
from services.kit.settings import Settings
from services.kit.unit import Units
from services.kit.wire import Verify

_log = logging.getLogger(__name__)

_LOOK = 1_000  # milliseconds after which a consumer that waits looks at its group's errors
_FETCH = 500
"""Milliseconds for which Kafka holds back an answer while it has no record. It answers at once when
one comes; but a partition that was left out of a question, since records of it still waited here,
is only asked for again after the answer: a longer wait would hold up what is behind."""
_GATHERED = 512 * 1024
"""Bytes that are enough before a lingering consumer's time is up."""
_HEARTBEATS = 6
"""Heartbeats in a session: one slow batch must not cost its partitions."""


@dataclass(slots=True)
class Running:
    """A consumer on a broker; `standstill` says why it stopped by itself, if it did."""

    lane: Lane
    subscriber: BatchSubscriber
    offsets: Offsets
    standstill: str | None = None
    _stopping: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The consumer's name: its group without the fleet's prefix."""
        return self.lane.intent.consumer

    @classmethod
    def attach(
        cls,
        intent: Intent,
        broker: KafkaBroker,
        units: Units,
        inbox: Inbox,
        settings: Settings,
        verify: Verify | None,
    ) -> "Running":
        """Subscribe one handler. Offsets are told by hand, after the transaction."""
        prefix, session = settings.topic_prefix, int(settings.kafka_session_seconds * 1000)
        seeker = Seeker(units.pool, intent.consumer, prefix)
        subscriber = broker.subscriber(
            *(f"{prefix}{topic}" for topic in intent.topics),
            group_id=f"{prefix}{intent.consumer}",
            batch=True,
            max_records=intent.max_records,
            **_fetching(intent),
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            session_timeout_ms=session,
            heartbeat_interval_ms=session // _HEARTBEATS,
            listener=seeker,
            parser=_as_it_is,
            decoder=_undecoded,
            title=intent.consumer,
        )
        subscriber.get_msg = partial(_next, intent.max_records)
        offsets = Offsets(units.pool, intent.consumer, prefix, lambda: subscriber.consumer)
        subscriber.stop = partial(_stop, subscriber, subscriber.stop, offsets)
        seeker.client, seeker.before_leaving = offsets.client, offsets.tell
        lane = Lane(
            intent, units, inbox, Reader(intent, units.blobs, inbox, prefix, verify),
            Brake(settings.brake_window, settings.brake_share), settings.retry_ceiling_seconds,
            wanted=lambda: subscriber.running,
        )  # fmt: skip
        running = cls(lane, subscriber, offsets)
        metrics.CONSUMER_STOPPED.labels(intent.consumer).set(0)
        subscriber(running.consume)
        return running

    async def consume(self, records: Sequence[ConsumerRecord]) -> None:
        """Handle a batch, and note its offsets; stand still where going on would do harm."""
        try:
            stored = await self.lane.take(records)
        except StandstillError as error:
            self._stand_still(error)
            return
        self.offsets.passed(records, stored=stored)
        if not self.subscriber.running:  # it stops, and waited for this batch
            await self.offsets.tell()

    def _stand_still(self, error: StandstillError) -> None:
        self.standstill = str(error)
        metrics.CONSUMER_STOPPED.labels(self.name).set(1)
        _log.critical(
            "consumer stands still: %s", error, exc_info=error.__cause__,
            extra={"consumer": self.name},
        )  # fmt: skip
        self.subscriber.running = False  # no further batch, even before the stop below
        self._stopping = asyncio.create_task(self.subscriber.stop())


def _fetching(intent: Intent) -> dict[str, Any]:
    """Say how long Kafka may hold back its answers; a lingering consumer's gather there."""
    if intent.linger:
        return {"fetch_max_wait_ms": int(intent.linger * 1000), "fetch_min_bytes": _GATHERED}
    return {"fetch_max_wait_ms": _FETCH}


async def _next(most: int, consumer: AIOKafkaConsumer) -> tuple[ConsumerRecord, ...]:
    """Wait for records instead of looking for them again and again.

    FastStream looks for so long, sleeps as long and looks again: thirty idle consumers then cost
    more than busy ones, and a record that comes during a sleep waits for its end. aiokafka wakes
    whoever waits.
    """
    found = await consumer.getmany(timeout_ms=_LOOK, max_records=most)
    return tuple(chain.from_iterable(found.values()))


async def _stop(
    subscriber: BatchSubscriber, stop: Callable[[], Awaitable[None]], offsets: Offsets
) -> None:
    """Stop, but tell first how far the consumer came: it is leaving its group."""
    subscriber.running = False  # no further batch; the one in hand tells for itself
    await offsets.tell()
    await stop()


async def _as_it_is(records: tuple[ConsumerRecord, ...]) -> KafkaMessage:
    """Wrap records untouched: FastStream's own parser fails on odd headers and loses the batch."""
    return KafkaMessage(raw_message=records, body=b"", consumer=FAKE_CONSUMER)


async def _undecoded(message: KafkaMessage) -> tuple[ConsumerRecord, ...]:
    return message.raw_message
