"""Handles the batches of one consumer: one transaction each, and whatever can go wrong with it.

*position → inbox claim → handler → quarantine → outbox → commit*; Kafka's offset comes after.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import ConsumerRecord
from pydantic import ValidationError

from services.kit import clock, metrics, positions, quarantine, telemetry
from services.kit.brake import Brake
from services.kit.database import TRANSIENT
from services.kit.inbox import Identity, Inbox
from services.kit.reading import Intent, Item, Pause, Reader
from services.kit.records import Batch, Faulty, Received
from services.kit.unit import Unit, Units
from services.kit.wire import Fault

_log = logging.getLogger(__name__)

TRIES = 3
"""How often a batch is tried when it fails for a reason that nobody declared."""


class StandstillError(Exception):
    """The consumer must not go on: its batch stays where it is until the service starts again."""


@dataclass(slots=True)
class Lane:
    """One consumer at work; `wanted` turns false when its service stops."""

    intent: Intent
    units: Units
    inbox: Inbox
    reader: Reader
    brake: Brake
    ceiling: float
    wanted: Callable[[], bool]

    async def take(self, records: Sequence[ConsumerRecord]) -> bool:
        """Bring a batch to its end: handled, skipped, quarantined or parked, and committed.

        Returns:
            Whether the batch's position is stored; it is not where nothing was asked for.

        Raises:
            StandstillError: most records fail, or an error that nobody declared stays.
            asyncio.CancelledError: the service stops while the world keeps the batch waiting.
        """
        consumer, began = self.intent.consumer, clock.elapsed()
        metrics.BATCH_SIZE.labels(consumer).observe(len(records))
        pause = self.pause()
        items = await self.reader.read(records, pause)
        failures = [item.fault is not None for item in items]
        if any(failures) and self.brake.holds(failures):
            raise StandstillError(f"{sum(failures)} of {len(items)} records cannot be read")
        if all(item.content is None and item.fault is None for item in items):
            return False
        received = [item.content for item in items if isinstance(item.content, Received)]
        with telemetry.span(f"process {consumer}", (each.traceparent for each in received)):
            await self._settle(items)
        metrics.BATCH_DURATION.labels(consumer).observe(clock.elapsed() - began)
        if received:
            oldest = min(each.time for each in received)
            age = metrics.EVENT_AGE.labels(received[0].topic)
            age.observe((clock.now() - oldest).total_seconds())
        return True

    def pause(self) -> Pause:
        """Begin a row of tries."""
        return Pause(self.intent.consumer, self.ceiling, self.wanted)

    async def _settle(self, items: Sequence[Item]) -> None:
        """Try until it is done; where a record is faulty, halve until it stands alone."""
        pause, tries = self.pause(), 0
        while True:
            try:
                return await self._transact(items)
            except TRANSIENT as error:
                await pause.after(error)
            except (Faulty, ValidationError) as error:
                if len(items) > 1:
                    middle = len(items) // 2
                    await self._settle(items[:middle])
                    return await self._settle(items[middle:])
                items = [self._condemn(items[0], error)]
            except Exception as error:
                tries += 1
                if tries == TRIES:
                    message = f"{TRIES} tries failed: {Fault.of(error).reason}"
                    raise StandstillError(message) from error
                await pause.after(error, "unknown")

    def _condemn(self, item: Item, error: Exception) -> Item:
        if self.brake.holds([True]):
            raise StandstillError(f"most records fail, at last with: {error}") from error
        return item._replace(content=None, known=None, fault=Fault.of(error))

    async def _transact(self, items: Sequence[Item]) -> None:
        await self.prepare(items)
        sound = not any(item.fault for item in items)
        known = _known(items) if self.intent.inbox and sound else []
        held: list[Item] = []
        async with self.units.begin() as unit:
            arrival = await self.inbox.arrive(unit.db, self.intent.consumer, _ends(items), known)
            if sound and not arrival.guarded:
                await self._hand_over(unit, items, arrival.claimed)
            else:
                items, held = await self._part(unit, items)
                await self.handle(unit, items)
            if held:
                await quarantine.put(unit, self.intent.consumer, held)
        self.brake.note([*[False] * len(items), *(each.fault is not None for each in held)])
        if held:
            self._report(held)

    async def prepare(self, items: Sequence[Item]) -> None:
        """Make room in the inbox, in a transaction of its own."""
        if self.intent.inbox:
            await self.inbox.prepare({each.day for each in _known(items)})

    async def handle(self, unit: Unit, items: Sequence[Item]) -> None:
        """Claim what was read and give it to the handler, inside the unit's transaction."""
        claimed: list[bool] = []
        if self.intent.inbox and (known := _known(items)):
            claimed = await self.inbox.claim(unit.db, self.intent.consumer, known)
        await self._hand_over(unit, items, claimed)

    async def _hand_over(self, unit: Unit, items: Sequence[Item], claimed: Sequence[bool]) -> None:
        """Give the handler what is new of these records."""
        contents: list[Any] = [item.content for item in items if item.content is not None]
        if not all(claimed):
            repeated = metrics.INBOX_DUPLICATES.labels(self.intent.consumer)
            repeated.inc(claimed.count(False))
            contents = [each for each, new in zip(contents, claimed, strict=True) if new]
        if contents:
            given = contents if self.intent.types is None else Batch(contents)
            await self.intent.handler(given, unit)

    async def _part(self, unit: Unit, items: Sequence[Item]) -> tuple[list[Item], list[Item]]:
        """Part what may be handled from what is faulty or has to wait behind a faulty record."""
        consumer = self.intent.consumer
        gone = await quarantine.dropped(unit.db, consumer, [item.place for item in items])
        keyed = {(i.topic, i.record.key) for i in items if i.record.key is not None}
        waiting: set[tuple[str, bytes | None]] = set()
        waiting |= await quarantine.blocked(unit.db, consumer, sorted(keyed))
        free: list[Item] = []
        held: list[Item] = []
        for item in items:
            aggregate = (item.topic, item.record.key)
            if item.place in gone:
                continue
            if item.fault is None and aggregate not in waiting:
                free.append(item)
                continue
            held.append(item)
            if item.record.key is not None:
                waiting.add(aggregate)
        return free, held

    def _report(self, held: Sequence[Item]) -> None:
        faulty = [each for each in held if each.fault is not None]
        for each in faulty:
            topic, partition, offset = each.place
            place = {"topic": topic, "partition": partition, "offset": offset}
            _log.error(
                "quarantined: %s", each.fault and each.fault.reason,
                extra={"consumer": self.intent.consumer, **place},
            )  # fmt: skip
        counter = metrics.QUARANTINED
        counter.labels(self.intent.consumer, "faulty").inc(len(faulty))
        counter.labels(self.intent.consumer, "parked").inc(len(held) - len(faulty))


def _known(items: Sequence[Item]) -> list[Identity]:
    """Give what the inbox knows the records with a content by."""
    return [item.known for item in items if item.known is not None]


def _ends(items: Sequence[Item]) -> dict[positions.Place, int]:
    """Give the offset after the last record of each partition."""
    ends: dict[positions.Place, int] = {}
    for item in items:
        place = (item.topic, item.record.partition)
        ends[place] = max(ends.get(place, 0), item.record.offset + 1)
    return ends
