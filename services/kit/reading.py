"""Reads the records of a consumer: what was asked for, what each record holds, what is wrong."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord
from pydantic import ValidationError

from schemas.event import Event
from services.kit import ids, metrics, wire
from services.kit.blobs import BlobError, Blobs
from services.kit.database import TRANSIENT
from services.kit.inbox import Identity, Inbox
from services.kit.records import Faulty, RawRecord, Received
from services.kit.unit import Unit
from services.kit.wire import Fault, Verify

_log = logging.getLogger(__name__)

Handler = Callable[[Any, Unit], Awaitable[None]]
Types = Mapping[str, type[Event]]
Place = tuple[str, int, int]
"""Where a record is: topic without the fleet's prefix, partition, offset."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a handler subscribed to, and how it wants it."""

    consumer: str
    topics: tuple[str, ...]
    handler: Handler
    types: Types | None
    """The events it asked for by `ce_type`; None: it takes raw records."""
    inbox: bool
    bulk: bool
    max_records: int
    linger: float = 0.0
    """Seconds for which records may gather in Kafka before they are handled together."""


class Item(NamedTuple):
    """A record with what was read from it: an event or a raw record, nothing, or a fault.

    `known` is what the inbox knows the content by.
    """

    topic: str
    record: ConsumerRecord
    content: Received[Event] | RawRecord | None = None
    known: Identity | None = None
    fault: Fault | None = None

    @property
    def place(self) -> Place:
        """Where the record is."""
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
    inbox: Inbox
    prefix: str = ""
    verify: Verify | None = None

    async def read(self, records: Sequence[ConsumerRecord], pause: Pause) -> list[Item]:
        """Read records; what is wrong with one becomes its fault, never an exception."""
        items = []
        for record in records:
            topic = record.topic.removeprefix(self.prefix)
            if self.intent.types is None:
                items.append(self._outside(record, topic))
            elif record.value is None:  # a tombstone: valid on compacted topics, nothing to do
                items.append(Item(topic, record))
            else:
                items.append(await self._event(record, topic, self.intent.types, pause))
        return items

    def _outside(self, record: ConsumerRecord, topic: str) -> Item:
        """Take a record as it is.

        It is known by its place and time in Kafka: ids that third parties choose may collide or be
        forged, and a topic that is made anew counts its offsets from 0 again.
        """
        content = wire.raw(record, topic, self.verify)
        if content.headers.faulty:
            metrics.FAULTY_HEADERS.labels(self.intent.consumer).inc()
        place = (topic, record.partition, record.offset, content.timestamp.isoformat())
        known = Identity(self.inbox.day(content.timestamp), "record", ids.derived(*place))
        return Item(topic, record, content, known)

    async def _event(self, record: ConsumerRecord, topic: str, types: Types, pause: Pause) -> Item:
        """Decode an event, which may have to be fetched from the blob store first."""
        named = dict(record.headers)  # the last of a name counts
        value, bulk = record.value, self.intent.bulk
        try:
            if (reference := named.get("ce_dataref")) is not None:
                value = await self._fetch(reference.decode("ascii", "replace"), pause)
            content = wire.decode(record, named, value, topic, types, bulk=bulk)
        except (Faulty, ValidationError, BlobError) as error:
            return Item(topic, record, fault=Fault.of(error))
        if content is None:
            metrics.UNKNOWN_EVENT_TYPES.labels(self.intent.consumer).inc()
            return Item(topic, record)
        known = Identity(self.inbox.day(content.time), content.source, content.id)
        return Item(topic, record, content, known)

    async def _fetch(self, digest: str, pause: Pause) -> bytes:
        while True:
            try:
                return await self.blobs.get(digest)
            except TRANSIENT as error:
                await pause.after(error)
