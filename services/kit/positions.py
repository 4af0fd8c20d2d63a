"""Stores how far each consumer came, in the transaction of the batch, and starts it from there.

Kafka keeps offsets too, but a database that was restored from a backup is behind them: a consumer
begins at the lower of both, and the inbox drops what was handled after all.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from services.kit import setbacks
from services.kit.database import TRANSIENT, Connection, Pool, connection
from services.kit.setbacks import Behind

_log = logging.getLogger(__name__)

STEP = """
INSERT INTO kit_position AS stored (consumer, topic, partition, next_offset)
SELECT $1, * FROM unnest($2::text[], $3::int[], $4::bigint[])
ON CONFLICT (consumer, topic, partition)
DO UPDATE SET next_offset = greatest(stored.next_offset, excluded.next_offset)
"""

STORED = """
SELECT topic, partition, next_offset FROM kit_position
WHERE consumer = $1 AND topic = ANY($2::text[])
"""

T = TypeVar("T")
Place = tuple[str, int]
"""A partition: the topic's name without the fleet's prefix, and the number."""


def columns(offsets: Mapping[Place, int]) -> tuple[list[str], list[int], list[int]]:
    """Spell offsets as `STEP` takes them, in one order, so that replicas do not deadlock."""
    places = sorted(offsets)
    return (
        [topic for topic, _ in places],
        [partition for _, partition in places],
        [offsets[place] for place in places],
    )


async def advance(db: Connection, consumer: str, offsets: Mapping[Place, int]) -> None:
    """Store the offset after the last record of each partition."""
    await db.execute(STEP, consumer, *columns(offsets))


async def stored(db: Connection, consumer: str, topics: Collection[str]) -> dict[Place, int]:
    """Read how far the consumer came."""
    rows = await db.fetch(STORED, consumer, list(topics))
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


@dataclass
class Seeker(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Moves a consumer back to what the database holds, whenever it is given partitions.

    A partition without a stored position was never handled, as far as this database knows: it is
    read from its beginning.
    """

    pool: Pool
    consumer: str
    prefix: str
    client: Callable[[], AIOKafkaConsumer | None] = lambda: None
    before_leaving: Callable[[], Awaitable[None]] | None = None
    pause: float = 1.0

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:  # noqa: ARG002
        """Tell how far we came; a batch still in hand commits, and comes to no second effect."""
        if self.before_leaving is not None:
            await self.before_leaving()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Hold the partitions until positions are compared; wait for PostgreSQL if need be."""
        client = self.client()
        if client is None or not assigned:
            return
        client.pause(*assigned)
        try:
            positions = await self._patiently(self._stored, assigned)
            behind = []
            for each in assigned:
                theirs = await self._patiently(client.committed, each)
                mine = positions.get(self._place(each), 0)
                if self._seek(client, each, mine, theirs):
                    behind.append(Behind(*self._place(each), mine, theirs or 0))
            if behind:
                await self._patiently(self._note, behind)
        finally:
            client.resume(*(client.assignment() & set(assigned)))

    async def _patiently(self, read: Callable[[Any], Awaitable[T]], what: Any) -> T:
        """Read until it succeeds: to go on without an answer could skip records for good."""
        while True:
            try:
                return await read(what)
            except (*TRANSIENT, KafkaError) as error:
                if isinstance(error, KafkaError) and not error.retriable:
                    raise
                _log.warning("positions cannot be read yet: %s", error)
                await asyncio.sleep(self.pause)

    def _place(self, partition: TopicPartition) -> Place:
        return partition.topic.removeprefix(self.prefix), partition.partition

    async def _stored(self, assigned: Collection[TopicPartition]) -> dict[Place, int]:
        async with connection(self.pool) as db:
            return await stored(db, self.consumer, {self._place(each)[0] for each in assigned})

    async def _note(self, behind: Sequence[Behind]) -> None:
        async with connection(self.pool) as db:
            await setbacks.note(db, self.consumer, behind)

    def _seek(
        self, client: AIOKafkaConsumer, partition: TopicPartition, mine: int, theirs: int | None
    ) -> bool:
        """Go back to where the database is, if that is behind, and say whether it was."""
        if theirs is None or theirs <= mine:
            return False  # Kafka's is the lower; where it has none, reading begins at the earliest
        _log.warning(
            "%s: the database is at %d, Kafka at %d: catching up", partition, mine, theirs,
            extra={"consumer": self.consumer},
        )  # fmt: skip
        client.seek(partition, mine)  # an offset that is gone resets to the earliest
        return True
