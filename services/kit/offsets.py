"""Tells how far a consumer came: to Kafka, and to the database where no batch has done so.

A batch that had effects stored its position with them, and that is what counts: a consumer begins
at the lower of both, and the inbox drops what comes again. So Kafka is told of many batches at
once, and so is the database of batches that held nothing which the consumer asked for.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from services.kit import positions
from services.kit.database import TRANSIENT, Pool, connection

_log = logging.getLogger(__name__)

GATHER = 0.25
"""Seconds for which offsets gather: what may come again after a crash."""


@dataclass(slots=True)
class Offsets:
    """How far one consumer came and nobody was told yet; `prefix` is the fleet's."""

    pool: Pool
    consumer: str
    prefix: str
    client: Callable[[], AIOKafkaConsumer | None]
    _ends: dict[TopicPartition, int] = field(default_factory=dict)
    _unstored: dict[positions.Place, int] = field(default_factory=dict)
    _later: asyncio.Task[None] | None = None
    _telling: asyncio.Lock = field(default_factory=asyncio.Lock)

    def passed(self, records: Sequence[ConsumerRecord], *, stored: bool) -> None:
        """Note that a batch is done with; `stored` says whether the database knows already."""
        for record in records:
            end = record.offset + 1
            self._ends[TopicPartition(record.topic, record.partition)] = end
            if not stored:
                self._unstored[record.topic.removeprefix(self.prefix), record.partition] = end
        if self._later is None or self._later.done():
            self._later = asyncio.create_task(self._gather())

    async def _gather(self) -> None:
        """Tell until nothing is left: also of what was passed while the last was on its way."""
        while self._ends or self._unstored:
            await asyncio.sleep(GATHER)
            await self.tell()

    async def tell(self) -> None:
        """Tell now of all that was passed.

        What a store that is away did not hear is told again later; what a consumer may not tell
        any more comes again, to whoever has the partition now, and has no effect.
        """
        async with self._telling:  # whoever stops waits for what is on its way
            ends, self._ends = self._ends, {}
            unstored, self._unstored = self._unstored, {}
            client = self.client()
            try:
                if unstored:
                    async with connection(self.pool) as db:
                        await positions.advance(db, self.consumer, unstored)
                if ends and client is not None:
                    await client.commit(ends)
            except (*TRANSIENT, KafkaError) as error:
                _log.info("offsets not told: %s", error, extra={"consumer": self.consumer})
                if isinstance(error, TRANSIENT) or error.retriable:
                    self._ends = ends | self._ends
                    self._unstored = unstored | self._unstored
