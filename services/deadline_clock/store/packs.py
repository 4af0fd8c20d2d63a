"""Which packs this database works with: those applied, and that a version is one text, for ever."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.deadline_clock.domain.escalation import Escalation
from services.deadline_clock.domain.pack_change import Applied
from services.deadline_clock.domain.pack_document import PackError
from services.deadline_clock.domain.rules import Pack
from services.deadline_clock.library import Text
from services.kit.database import Connection, schema_of
from services.kit.locks import signed

_KIND = "packs in force"

USE = """
INSERT INTO pack (id, version, sha256) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
ON CONFLICT (id, version) DO NOTHING
"""
OTHERS = """
SELECT id, version FROM pack JOIN unnest($1::text[], $2::text[], $3::text[])
    AS used(id, version, sha256) USING (id, version)
WHERE pack.sha256 <> used.sha256
"""
HOLD = "SELECT pg_advisory_xact_lock_shared($1, 0)"
HOLD_ALONE = "SELECT pg_advisory_xact_lock($1, 0)"
GIVE_WAY = "SET LOCAL lock_timeout = '500ms'"
"""Shorter than PostgreSQL waits before it looks for deadlocks: who waits behind us goes on."""
WAIT_AGAIN = "SET LOCAL lock_timeout TO DEFAULT"
TRIES = 20

EDITION = "SELECT edition FROM pack_edition"
IN_FORCE = """
SELECT p.proposal, p.id, p.version, p.name, p.content, p.proposed_by, p.settled_by, p.settled_at
FROM pack_in_force f JOIN pack_proposal p USING (proposal) ORDER BY p.id
"""
PUT_IN_FORCE = """
INSERT INTO pack_in_force (id, proposal) VALUES ($1, $2)
ON CONFLICT (id) DO UPDATE SET proposal = excluded.proposal
"""
NEW_EDITION = "UPDATE pack_edition SET edition = gen_random_uuid()"


async def refuse_changed(db: Connection, packs: Sequence[Pack | Escalation]) -> None:
    """Hold packs to the texts that this database has worked with.

    Raises:
        PackError: one was used before under the same version with another text.
    """
    changed = await db.fetch(OTHERS, *_columns(packs))
    if changed:
        named = ", ".join(f"{row['id']}@{row['version']}" for row in changed)
        raise PackError(f"{named}: the text changed under its version; give it a new version")


async def use(db: Connection, packs: Sequence[Pack | Escalation]) -> None:
    """Remember these packs.

    Raises:
        PackError: one was used before under the same version with another text.
    """
    await db.execute(USE, *_columns(packs))
    await refuse_changed(db, packs)


def _columns(packs: Sequence[Pack | Escalation]) -> tuple[list[str], list[str], list[str]]:
    return (
        [each.id for each in packs],
        [each.version for each in packs],
        [each.sha256 for each in packs],
    )


async def hold(db: Connection, service: str) -> None:
    """Let no pack come into force before this transaction ends; many may hold that at once."""
    await db.execute(HOLD, signed(f"{schema_of(service)} {_KIND}"))


async def hold_alone(db: Connection, service: str) -> None:
    """Wait until nobody decides by the packs of before, and let nobody begin to.

    It gives way again and again: those who wait behind it may hold what others need to end.

    Raises:
        LockNotAvailableError: somebody has been deciding without a pause; worth another try.
    """
    for attempt in range(1, TRIES + 1):
        try:
            async with db.transaction():
                await db.execute(GIVE_WAY)
                await db.execute(HOLD_ALONE, signed(f"{schema_of(service)} {_KIND}"))
                await db.execute(WAIT_AGAIN)
        except asyncpg.LockNotAvailableError:
            if attempt == TRIES:
                raise
        else:
            return


async def edition(db: Connection) -> UUID | None:
    """Which state of the applied packs counts; None where nothing was applied."""
    found: UUID | None = await db.fetchval(EDITION)
    return found


async def in_force(db: Connection) -> list[Text]:
    """The packs that people applied, one of each id."""
    return [
        Text(
            row["name"],
            row["content"],
            Applied(
                row["proposal"], f"{row['id']}@{row['version']}", row["proposed_by"],
                row["settled_by"], row["settled_at"],
            ),
        )
        for row in await db.fetch(IN_FORCE)
    ]  # fmt: skip


async def put_in_force(db: Connection, name: str, proposal: int) -> None:
    """Let a proposal's pack count from this commit on; whoever calls it holds the packs alone."""
    await db.execute(PUT_IN_FORCE, name, proposal)
    await db.execute(NEW_EDITION)
