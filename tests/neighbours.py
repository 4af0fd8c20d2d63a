"""Runs one service in this process, and plays its neighbours: publishes and reads real topics."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from fastapi import FastAPI

from schemas.event import Event, Tombstone
from schemas.registry import EVENTS
from schemas.topics import TOPICS
from tests.world import World

E = TypeVar("E", bound=Event)
PATIENCE = 20.0
"""Seconds a test waits for what must happen before it fails; never a measure of speed."""


@asynccontextmanager
async def serving(
    make: Callable[[], FastAPI], world: World, service: str, **settings: str
) -> AsyncIterator[httpx.AsyncClient]:
    """Run a service with the world's settings; the client speaks HTTP to it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (world.environment(service) | settings).items():
            patch.setenv(name, value)
        app = make()
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            yield client


@dataclass(slots=True)
class Neighbours:
    """The other services on the wire: their producers, and one reader of everything."""

    world: World
    producer: AIOKafkaProducer
    revisions: dict[tuple[str, str], int] = field(default_factory=dict)

    async def publish(
        self, *events: Event, bulk: bool = False, case: str | None = None, repeat: int = 1
    ) -> None:
        """Publish events as their owners would; `repeat` sends each again, the same id."""
        for event in events:
            stream = event.TOPIC
            revision = self.revisions[stream, event.key] = (
                self.revisions.get((stream, event.key), 0) + 1
            )
            headers = event_headers(event, revision, case)
            topic = self.world.topic(f"{stream}.bulk" if bulk else stream)
            for _ in range(repeat):
                await self.producer.send_and_wait(
                    topic, event.model_dump_json().encode(), event.key.encode(), headers=headers
                )

    async def forget(self, end: Tombstone) -> None:
        """Publish the end of a key as its owner would."""
        revision = self.revisions[end.TOPIC, end.key] = self.revisions[end.TOPIC, end.key] + 1
        await self.producer.send_and_wait(
            self.world.topic(end.TOPIC), None, end.key.encode(),
            headers=event_headers(end, revision, None),
        )  # fmt: skip

    async def send(
        self,
        topic: str,
        value: bytes,
        key: str = "",
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Publish raw bytes to an inbound topic, as the outside would."""
        await self.producer.send_and_wait(
            self.world.topic(topic), value, key.encode(), headers=list(headers)
        )

    async def events(self, kind: type[E], *, at_least: int = 1, **equal: Any) -> list[E]:
        """Read a stream from its start until enough events of a kind have these field values.

        Raises:
            AssertionError: they did not come within PATIENCE.
        """
        found: list[E] = []
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            found = [
                each
                for each in await self._read(kind)
                if all(getattr(each, name) == value for name, value in equal.items())
            ]
            if len(found) >= at_least:
                return found
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"{len(found)} of {at_least} {kind.TYPE} with {equal} came")
            await asyncio.sleep(0.05)

    async def event(self, kind: type[E], **equal: Any) -> E:
        """Read the last event of a kind with these field values."""
        return (await self.events(kind, **equal))[-1]

    async def _read(self, kind: type[E]) -> list[E]:
        lanes = [kind.TOPIC, *([f"{kind.TOPIC}.bulk"] if f"{kind.TOPIC}.bulk" in TOPICS else [])]
        records = await read_all(self.world, lanes)
        return [
            kind.model_validate_json(record.value)
            for record in records
            if dict(record.headers).get("ce_type") == kind.TYPE.encode()
        ]


def event_headers(
    event: Event | Tombstone, revision: int, case: str | None
) -> list[tuple[str, bytes]]:
    """Give the CloudEvents headers of an event as its owner would write them."""
    headers: Mapping[str, str | None] = {
        "ce_specversion": "1.0",
        "content-type": "application/json",
        "ce_id": str(uuid4()),
        "ce_type": event.TYPE,
        "ce_source": TOPICS[event.TOPIC].written_by[0],
        "ce_time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "ce_revision": str(revision),
        "ce_case": case or getattr(event, "case", None),
    }
    return [(name, value.encode()) for name, value in headers.items() if value]


async def read_all(world: World, topics: Iterable[str]) -> list[Any]:
    """Read every record that these topics hold now, in order of time."""
    reader = AIOKafkaConsumer(**world.kafka("admin"), enable_auto_commit=False)
    await reader.start()
    try:
        partitions = [
            TopicPartition(world.topic(name), partition)
            for name in topics
            for partition in range(TOPICS[name].partitions)
        ]
        reader.assign(partitions)
        ends = await reader.end_offsets(partitions)
        starts = await reader.beginning_offsets(partitions)
        for partition in partitions:
            reader.seek(partition, starts[partition])
        left = {each for each in partitions if ends[each] > starts[each]}
        records: list[Any] = []
        while left:
            for batch in (await reader.getmany(timeout_ms=200)).values():
                records += batch
            left = {each for each in left if await reader.position(each) < ends[each]}
    finally:
        await reader.stop()
    return sorted(records, key=lambda record: (record.timestamp, record.topic, record.offset))


def type_of(record: Any) -> type[Event]:
    """Give the event class of a record."""
    return EVENTS[dict(record.headers)["ce_type"].decode()]


@asynccontextmanager
async def neighbours(world: World) -> AsyncIterator[Neighbours]:
    """Connect the neighbours to a world's topics."""
    producer = AIOKafkaProducer(**world.kafka("admin"), enable_idempotence=True)
    await producer.start()
    try:
        yield Neighbours(world, producer)
    finally:
        await producer.stop()


async def eventually(check: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Ask an async check until it gives something true, and return that.

    Raises:
        AssertionError: it did not within `patience` seconds.
    """
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        found = await check()
        if found:
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{check} gave {found!r} until the end")
        await asyncio.sleep(0.05)
