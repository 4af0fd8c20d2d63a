"""Reads the records of a consumer: what was asked for, what each record holds, what is wrong."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import ConsumerRecord
from pydantic import ValidationError

from schemas.event import Event
from services.kit import ids, metrics, quarantine, wire
from services.kit.blobs import BlobError, Blobs
from services.kit.database import TRANSIENT
from services.kit.inbox import Identity, Inbox
from services.kit.records import Faulty, RawRecord, Received
from services.kit.unit import Unit
from services.kit.wire import Fault, Verify

_log = logging.getLogger(__name__)

Handler = Callable[[Any, Unit], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Intent:
    """What a handler subscribed to, and how it wants it."""

    consumer: str
    topics: tuple[str, ...]
    handler: Handler
    types: Mapping[str, type[Event]] | None
    """The events it asked for by `ce_type`; None: it takes raw records."""
    inbox: bool
    bulk: bool
    max_records: int


@dataclass(frozen=True, slots=True)
class Item:
    """A record with what was read from it: an event or a raw record, nothing, or a fault."""

    topic: str
    record: ConsumerRecord
    content: Received[Event] | RawRecord | None = None
    fault: Fault | None = None

    @property
    def place(self) -> quarantine.Place:
        """Where the record is: topic, partition, offset."""
        return self.topic, self.record.partition, self.record.offset

    def raise_fault(self) -> None:
        """Raise what is wrong with the record, if anything is.

        Raises:
            Faulty: it is what reading found.
        """
        if self.fault is not None:
            raise Faulty(*self.fault)


@dataclass(slots=True)
class Pause:
    """Waits between tries, twice as long each time up to `ceiling` seconds, while `wanted`."""

    consumer: str
    ceiling: float
    wanted: Callable[[], bool]
    seconds: float = 0.05

    async def after(self, error: BaseException, kind: str = "transient") -> None:
        """Wait after an error.

        Raises:
            asyncio.CancelledError: the service stops; the batch will be delivered again.
        """
        _log.warning(
            "batch is tried again in %.2f s: %s: %s", self.seconds, type(error).__name__, error,
            extra={"consumer": self.consumer},
        )  # fmt: skip
        metrics.BATCH_RETRIES.labels(self.consumer, kind).inc()
        if not self.wanted():
            raise asyncio.CancelledError
        await asyncio.sleep(self.seconds)
        self.seconds = min(self.seconds * 2, self.ceiling)


@dataclass(slots=True)
class Reader:
    """Reads records for one consumer; `prefix` is the fleet's, before every topic on the broker."""

    intent: Intent
    blobs: Blobs
    prefix: str = ""
    verify: Verify | None = None

    async def read(self, record: ConsumerRecord, pause: Pause) -> Item:
        """Read a record; what is wrong with it becomes its fault, never an exception."""
        topic = record.topic.removeprefix(self.prefix)
        types = self.intent.types
        if types is None:
            return Item(topic, record, wire.raw(record, topic, self.verify))
        if record.value is None:
            return Item(topic, record)  # a tombstone: valid on compacted topics, nothing to do
        try:
            digest = wire.dataref(record)
            value = record.value if digest is None else await self._fetch(digest, pause)
            content = wire.decode(record, value, topic, types, bulk=self.intent.bulk)
        except (Faulty, ValidationError, BlobError) as error:
            return Item(topic, record, fault=Fault.of(error))
        if content is None:
            metrics.UNKNOWN_EVENT_TYPES.labels(self.intent.consumer).inc()
        return Item(topic, record, content)

    async def _fetch(self, digest: str, pause: Pause) -> bytes:
        while True:
            try:
                return await self.blobs.get(digest)
            except TRANSIENT as error:
                await pause.after(error)


def identity(content: Received[Event] | RawRecord, inbox: Inbox) -> Identity:
    """Say what makes a record the same one when it comes again.

    A record of the outside is known by its place and time in Kafka: the ids that third parties
    choose may collide or be forged, and a topic made anew counts its offsets from 0 again.
    """
    if isinstance(content, Received):
        return Identity(inbox.day(content.time), content.source, content.id)
    place = (content.topic, content.partition, content.offset, content.timestamp.isoformat())
    return Identity(inbox.day(content.timestamp), "record", ids.derived(*place))
