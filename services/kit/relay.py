"""Publishes the outbox to Kafka: urgent rows first, each key in order, one relay a service.

A session advisory lock makes one replica the relay; the others wait for it. Rows are read, sent
batch by batch for each partition, and deleted once Kafka has acknowledged them. No transaction is
open meanwhile. A crash in between publishes a row again, with the same id.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
from aiokafka.errors import KafkaError

from services.kit.database import TRANSIENT, Connection, Pool, connection, is_lost, schema_of
from services.kit.locks import signed
from services.kit.publish import Publisher
from services.kit.settings import Settings

_log = logging.getLogger(__name__)

PAGE_ROWS = 1000
POLL_SECONDS = 1.0
FORGET_SECONDS = 0.1
"""How long published rows wait for the next page, so that one statement does for both."""

PAGE = """
WITH done AS (DELETE FROM kit_outbox WHERE seq = ANY($4::bigint[]))
SELECT seq, topic, key, type, $3::text AS source, id, time, revision, causation, case_id,
    traceparent, dataref, value
FROM kit_outbox WHERE topic <> ALL($1::text[]) AND seq <> ALL($4::bigint[])
ORDER BY bulk, seq LIMIT $2
"""
"""Forget what is published, and give what follows."""
HASTY, CAREFUL = "SET synchronous_commit = off", "RESET synchronous_commit"
"""A deletion that a crash of PostgreSQL forgets publishes its rows again, with the same ids: the
next page need not wait until the disk has it."""
FORGET = "DELETE FROM kit_outbox WHERE seq = ANY($1::bigint[])"


class Relay:
    """The relay of one replica. `wake` is what every committed unit calls."""

    def __init__(self, settings: Settings, pool: Pool, service: str) -> None:
        self._pool = pool
        self._service = service
        self._publisher = Publisher(settings, service)
        self._work = asyncio.Event()
        self._stopping = False
        self._published: list[int] = []

    def wake(self) -> None:
        """Say that there are new rows: the relay looks at once instead of at its next poll."""
        self._work.set()

    async def run(self) -> None:
        """Relay until `stop`, whatever PostgreSQL and Kafka do meanwhile."""
        try:
            while not self._stopping:
                try:
                    async with self._leadership() as db:
                        while not self._stopping:
                            await self._page(db)
                except (*TRANSIENT, KafkaError, asyncpg.InterfaceError) as error:
                    _log.warning("relay starts again: %s: %s", type(error).__name__, error)
                except Exception:  # noqa: BLE001  (the last line of defence: without a relay a service is mute)
                    _log.exception("relay starts again after an error that nobody declared")
                await self._publisher.close()
                await self._rest(POLL_SECONDS)
        finally:
            await self._publisher.close()

    def stop(self) -> None:
        """Let the page in hand finish, and end."""
        self._stopping = True
        self.wake()

    @asynccontextmanager
    async def _leadership(self) -> AsyncIterator[Connection]:
        """Wait to be the one relay of the service; the lock ends with its connection."""
        key = signed(f"relay {schema_of(self._service)}")
        async with connection(self._pool) as db:
            leads = False
            while not (leads or self._stopping):
                leads = await db.fetchval("SELECT pg_try_advisory_lock($1, 2)", key)
                if not leads:
                    self._work.clear()  # only the leader looks when woken
                    await self._rest(POLL_SECONDS)
            self._published = []  # whoever led meanwhile may have had another past
            try:
                await db.execute(HASTY)
                yield db
            finally:
                if not is_lost(db):
                    await db.execute(FORGET, self._published)
                    await db.execute(CAREFUL)
                    if leads:
                        await db.execute("SELECT pg_advisory_unlock($1, 2)", key)

    async def _rest(self, seconds: float) -> None:
        """Wait for work, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._work.wait()

    async def _page(self, db: Connection) -> None:
        """Publish one page, or wait for work if there is none."""
        self._work.clear()
        resting, done = self._publisher.resting(), self._published
        rows = await db.fetch(PAGE, resting, PAGE_ROWS, self._service, done)
        self._published = []
        if rows:
            self._published = await self._publisher.publish([dict(row) for row in rows])
        if len(rows) < PAGE_ROWS and not self._stopping:
            most = FORGET_SECONDS if self._published else POLL_SECONDS
            await self._rest(self._publisher.patience(most))
