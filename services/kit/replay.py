"""Lets a person settle quarantined records: replay them, or drop them."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import orjson
from aiokafka import ConsumerRecord
from pydantic import ValidationError

from services.kit import clock
from services.kit.actors import Actor
from services.kit.blobs import BlobError, Blobs
from services.kit.lane import Lane
from services.kit.quarantine import SHOWN, Entry, NotWaitingError, shown
from services.kit.records import Faulty
from services.kit.unit import Units
from services.kit.wire import Fault

HEAD = """
SELECT id FROM kit_quarantine
WHERE consumer = $1 AND topic = $2 AND key = $3 AND state IN ('faulty', 'parked')
ORDER BY partition, "offset" LIMIT 1
"""
LOCKED = """
SELECT * FROM kit_quarantine WHERE id = $1 AND state IN ('faulty', 'parked') FOR UPDATE
"""
SETTLE = """
UPDATE kit_quarantine SET state = $2, settled_at = $3, settled_by = $4, settled_why = $5
WHERE id = $1
"""
STILL_FAULTY = """
UPDATE kit_quarantine SET state = 'faulty', reason = $2, field = $3, mend = $4 WHERE id = $1
"""


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a service's quarantine is settled; `lanes` are its consumers by name."""

    units: Units
    lanes: Mapping[str, Lane]

    async def replay(self, entry: UUID, actor: Actor, why: str) -> Entry:
        """Handle a record again, and if that succeeds those that wait behind it, in their order.

        A record that fails again stays, with its new reason, and so does all behind it.

        Raises:
            NotWaitingError: it does not wait for this, or another of its key has to go first.
        """
        head = await self._head(entry)
        if await self._again(head.id, actor, why, named=True):
            await self._follow(head, actor)
        return await self._show(entry)

    async def drop(self, entry: UUID, actor: Actor, why: str) -> Entry:
        """Give a record up, whatever delivers it again, and handle those that wait behind it.

        Raises:
            NotWaitingError: it does not wait for this, or another of its key has to go first.
        """
        head = await self._head(entry)
        async with self.units.begin(actor=actor) as unit:
            row = await unit.db.fetchrow(LOCKED, entry)
            if row is not None:
                await unit.db.execute(SETTLE, entry, "dropped", clock.now(), actor.id, why)
                unit.audit("quarantine.drop", str(entry), before=_place(row), reason=why)
        await self._follow(head, actor)
        return await self._show(entry)

    async def _show(self, entry: UUID) -> Entry:
        async with self.units.pool.acquire() as db:
            return await shown(db, entry)

    async def _head(self, entry: UUID) -> Entry:
        """Check that the entry waits and that nothing of its key has to be settled before it."""
        async with self.units.pool.acquire() as db:
            row = await db.fetchrow(SHOWN, entry)
            if row is None or row["state"] not in {"faulty", "parked"}:
                raise NotWaitingError(f"no record {entry} waits in quarantine")
            first = await db.fetchval(HEAD, row["consumer"], row["topic"], row["key"])
        if first not in {None, entry}:
            raise NotWaitingError(f"{entry} waits behind {first}: settle that one first")
        return Entry.of(row)

    async def _follow(self, head: Entry, actor: Actor) -> None:
        """Handle what waits behind a settled record until one of it fails or nothing is left."""
        while True:
            async with self.units.pool.acquire() as db:
                row = await db.fetchrow(SHOWN, head.id)
                following = row and await db.fetchval(HEAD, head.consumer, head.topic, row["key"])
            if not following or not await self._again(following, actor, f"behind {head.id}"):
                return

    async def _again(self, entry: UUID, actor: Actor, why: str, *, named: bool = False) -> bool:
        """Handle one entry in a transaction; `named` ones, which a person chose, are audited."""
        try:
            async with self.units.begin(actor=actor) as unit:
                row = await unit.db.fetchrow(LOCKED, entry)
                if row is None:
                    return True  # somebody else has just settled it
                lane = self.lanes[row["consumer"]]
                record = await _kept(row, unit.blobs)
                [item] = await lane.reader.read([record], lane.pause())
                item.raise_fault()
                await lane.prepare([item])
                await lane.handle(unit, [item])
                await unit.db.execute(SETTLE, entry, "replayed", clock.now(), actor.id, why)
                if named:
                    unit.audit("quarantine.replay", str(entry), before=_place(row), reason=why)
        except (Faulty, ValidationError, BlobError) as error:
            async with self.units.begin(actor=actor) as unit:
                await unit.db.execute(STILL_FAULTY, entry, *Fault.of(error))
                if named:
                    reason = f"{why} (it failed again)"
                    unit.audit("quarantine.replay", str(entry), reason=reason)
            return False
        return True


def _place(row: asyncpg.Record) -> dict[str, object]:
    return {name: row[name] for name in ("consumer", "topic", "partition", "offset", "reason")}


async def _kept(row: asyncpg.Record, blobs: Blobs) -> ConsumerRecord:
    """Give a record back as Kafka delivered it."""
    value = await blobs.get(row["dataref"]) if row["dataref"] else row["value"]
    headers = [
        (n, None if raw is None else b64decode(raw)) for n, raw in orjson.loads(row["headers"])
    ]
    milliseconds = (row["timestamp"] - EPOCH) // timedelta(milliseconds=1)
    return ConsumerRecord(
        row["topic"], row["partition"], row["offset"], milliseconds, 0, row["key"], value,
        None, -1, -1, headers,
    )  # fmt: skip
