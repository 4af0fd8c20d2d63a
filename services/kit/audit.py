"""Audit rows: inserted last in the transaction they record, then chained by hash.

The sealer gives every committed row a position in a chain: hash = SHA-256(hash before ‖ content).
An edited row no longer fits its hash, a deleted one leaves its seal behind, and `verify` names
each. Whoever keeps the head that `verify` shows can prove later that the end was not cut off.
"""

import asyncio
import hashlib
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from services.kit.database import TRANSIENT, Connection, Pool, connection, schema_of
from services.kit.locks import signed
from services.kit.unit import Unit

_log = logging.getLogger(__name__)

EVERY = timedelta(seconds=1)
"""How long rows are collected before they are sealed together."""
LOOK = timedelta(seconds=30)
"""How often to look for rows whose own process died before it sealed them."""
FIRST = bytes(32)
_PAGE = 2_000
_NOBODY = "nobody"

INSERT = """
WITH added AS (
    INSERT INTO kit_audit (at, actor, action, subject, before, after, reason)
    SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::text[])
    RETURNING seq)
INSERT INTO kit_audit_unsealed (seq) SELECT seq FROM added
"""
_CONTENT = """convert_to(jsonb_build_array(a.seq, extract(epoch FROM a.at), a.actor, a.action,
    a.subject, a.before, a.after, a.reason)::text, 'UTF8')"""
LEAD = "SELECT pg_try_advisory_xact_lock($1, 0)"
TAKE = """
DELETE FROM kit_audit_unsealed WHERE seq IN (
    SELECT seq FROM kit_audit_unsealed ORDER BY seq LIMIT $1) RETURNING seq
"""
CONTENTS = f"""
SELECT a.seq, {_CONTENT} AS content FROM kit_audit a WHERE a.seq = ANY($1::bigint[]) ORDER BY a.seq
"""
HEAD = "SELECT position, hash FROM kit_audit_seal ORDER BY position DESC LIMIT 1"
SEAL = """
INSERT INTO kit_audit_seal (position, seq, hash)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])
"""
CHAIN = f"""
SELECT s.position, s.seq, s.hash, {_CONTENT} AS content, a.seq IS NULL AS missing
FROM kit_audit_seal s LEFT JOIN kit_audit a USING (seq)
WHERE s.position > $1 ORDER BY s.position LIMIT $2
"""
LOOSE = """
SELECT a.seq FROM kit_audit a
WHERE NOT EXISTS (SELECT FROM kit_audit_seal s WHERE s.seq = a.seq)
    AND NOT EXISTS (SELECT FROM kit_audit_unsealed u WHERE u.seq = a.seq)
ORDER BY a.seq LIMIT 1000
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of the whole chain found; each fault names the audit row's number."""

    sealed: int
    head: str
    edited: tuple[int, ...] = ()
    deleted: tuple[int, ...] = ()
    unsealed: tuple[int, ...] = field(default=(), metadata={"why": "inserted past the kit"})
    gaps: tuple[int, ...] = field(default=(), metadata={"why": "positions whose seal is gone"})

    @property
    def intact(self) -> bool:
        """Whether nothing was tampered with."""
        return not (self.edited or self.deleted or self.unsealed or self.gaps)


async def flush(unit: Unit) -> None:
    """Write what the unit recorded, in one statement; the last one before commit."""
    if not unit.audited:
        return
    await unit.db.execute(
        INSERT,
        unit.now,
        unit.actor.id if unit.actor else _NOBODY,
        [each.action for each in unit.audited],
        [each.subject for each in unit.audited],
        [each.before for each in unit.audited],
        [each.after for each in unit.audited],
        [each.reason for each in unit.audited],
    )


class Sealer:
    """Seals a service's audit rows. Any number of replicas may run it: a lock lets one work."""

    def __init__(self, pool: Pool, service: str) -> None:
        self._pool = pool
        self._lock = signed(f"audit {schema_of(service)}")
        self._woken = asyncio.Event()

    async def flush(self, unit: Unit) -> None:
        """Write the unit's rows, and wake the sealer when they are committed."""
        if unit.audited:
            await flush(unit)
            unit.after_commit(self._woken.set)

    async def run(self) -> None:
        """Seal until cancelled: a second after rows were written, and every half minute."""
        while True:
            self._woken.clear()
            try:
                while await self.seal() == _PAGE:
                    pass
            except TRANSIENT as error:
                _log.warning("audit rows wait for their seal: %s", type(error).__name__)
                self._woken.set()
            except Exception:  # noqa: BLE001  (unsealed rows would pile up unseen)
                _log.exception("the sealer goes on after an error that nobody declared")
                self._woken.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK.total_seconds()):
                    await self._woken.wait()
            await asyncio.sleep(EVERY.total_seconds())

    async def seal(self) -> int:
        """Seal one page of rows and count them; none if another replica is sealing."""
        async with connection(self._pool) as db, db.transaction():
            if not await db.fetchval(LEAD, self._lock):
                return 0
            taken = [row["seq"] for row in await db.fetch(TAKE, _PAGE)]
            if taken:
                await self._append(db, taken)
        return len(taken)

    async def _append(self, db: Connection, taken: list[int]) -> None:
        head = await db.fetchrow(HEAD)
        position, last = (head["position"], head["hash"]) if head else (0, FIRST)
        seals: list[tuple[int, int, bytes]] = []
        for row in await db.fetch(CONTENTS, taken):
            position, last = position + 1, _hash(last, row["content"])
            seals.append((position, row["seq"], last))
        await db.execute(SEAL, *map(list, zip(*seals, strict=True)))


def _hash(before: bytes, content: bytes) -> bytes:
    return hashlib.sha256(before + content).digest()


async def verify(db: Connection) -> Verdict:
    """Check every seal against its row; a faulty row does not hide the ones after it."""
    position, last = 0, FIRST
    sealed = 0
    edited: list[int] = []
    deleted: list[int] = []
    gaps: list[int] = []
    while rows := await db.fetch(CHAIN, position, _PAGE):
        for row in rows:
            gaps.extend(range(position + 1, row["position"]))
            unbroken = row["position"] == position + 1
            if row["missing"]:
                deleted.append(row["seq"])
            elif unbroken and _hash(last, row["content"]) != row["hash"]:
                edited.append(row["seq"])
            position, last = row["position"], row["hash"]
            sealed += 1
    loose = tuple(row["seq"] for row in await db.fetch(LOOSE))
    return Verdict(sealed, last.hex(), tuple(edited), tuple(deleted), loose, tuple(gaps))
