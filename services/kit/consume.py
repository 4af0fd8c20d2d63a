"""Declares consumers: which events, or records of the outside, go to which handler."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from faststream.kafka import KafkaBroker

from schemas.event import Event
from schemas.topics import bulk_lane
from services.kit.database import schema_of
from services.kit.inbox import Inbox
from services.kit.reading import Intent
from services.kit.records import Batch, RawRecord
from services.kit.running import Running
from services.kit.settings import Settings
from services.kit.unit import Unit, Units
from services.kit.wire import Verify

EventHandler = Callable[[Batch, Unit], Awaitable[None]]
RawHandler = Callable[[list[RawRecord], Unit], Awaitable[None]]
LaneName = Literal["urgent", "bulk"]

BULK_RECORDS = 100
"""The most records of a bulk batch, so that none holds the event loop or a lock above 50 ms."""


@dataclass(slots=True)
class Consumer:
    """The Kafka edge of a service: its handlers, each a consumer group of its own."""

    service: str
    intents: list[Intent] = field(default_factory=list)

    def on(
        self,
        *events: type[Event],
        lanes: Sequence[LaneName] = ("urgent", "bulk"),
        name: str | None = None,
        inbox: bool = True,
        max_records: int = 500,
        linger: float = 0.0,
    ) -> Callable[[EventHandler], EventHandler]:
        """Give the decorated handler these events, in batches of one transaction each.

        Each lane is a consumer of its own. Events of several streams need a `name`; they share one
        consumer and its order. `inbox=False` is for handlers that are idempotent by themselves.
        `linger` is for projections that nobody waits for: seconds for which records gather, so that
        many share a transaction.

        Raises:
            ValueError: no events, or events of several streams without a name.
        """
        streams = sorted({event.TOPIC for event in events})
        if not streams or (len(streams) > 1 and name is None):
            raise ValueError(
                f"{self.service}: events of {streams} need one name for their consumer"
            )
        types = {event.TYPE: event for event in events}
        base = f"{self.service}.{name or streams[0]}"
        bulk = [lane for stream in streams if (lane := bulk_lane(stream))]

        def register(handler: EventHandler) -> EventHandler:
            if "urgent" in lanes:
                self._add(
                    Intent(base, tuple(streams), handler, types, inbox, False, max_records, linger)
                )
            if "bulk" in lanes and bulk:
                few = min(max_records, BULK_RECORDS)
                self._add(
                    Intent(f"{base}.bulk", tuple(bulk), handler, types, inbox, True, few, linger)
                )
            return handler

        return register

    def raw(
        self, *topics: str, inbox: bool = True, max_records: int = 500
    ) -> Callable[[RawHandler], RawHandler]:
        """Give the decorated handler the records of topics that belong to the outside, as they are.

        Each topic is a consumer of its own. With the inbox a record is known by its place in Kafka.
        """

        def register(handler: RawHandler) -> RawHandler:
            for topic in topics:
                bulk = topic.endswith(".bulk")
                few = min(max_records, BULK_RECORDS) if bulk else max_records
                name = f"{self.service}.{topic}"
                self._add(Intent(name, (topic,), handler, None, inbox, bulk, few))
            return handler

        return register

    def _add(self, intent: Intent) -> None:
        if any(each.consumer == intent.consumer for each in self.intents):
            raise ValueError(f"two handlers are called {intent.consumer}: give one of them a name")
        self.intents.append(intent)

    def attach(
        self, broker: KafkaBroker, units: Units, settings: Settings, verify: Verify | None = None
    ) -> list[Running]:
        """Hang every handler on the broker; they run once the broker is started."""
        keep = timedelta(days=settings.inbox_days)
        inbox = Inbox(units.pool, schema_of(self.service), keep)
        return [Running.attach(i, broker, units, inbox, settings, verify) for i in self.intents]
