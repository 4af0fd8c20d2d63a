"""Packs as they were proposed, what became of them, and how far each has moved the clocks."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.deadline_clock.domain.escalation import Escalation
from services.deadline_clock.domain.pack_change import Applied
from services.deadline_clock.domain.rules import Pack
from services.kit.database import Connection

ADD = """
INSERT INTO pack_proposal
    (id, version, kind, sha256, name, content, proposed_by, proposed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *
"""
ONE = "SELECT * FROM pack_proposal WHERE proposal = $1"
ONE_HELD = "SELECT * FROM pack_proposal WHERE proposal = $1 FOR UPDATE"
WAITING = "SELECT proposal FROM pack_proposal WHERE state = 'waiting' AND sha256 = $1"
LISTED = """
SELECT * FROM pack_proposal WHERE ($1::text IS NULL OR state = $1)
    AND ($2::bigint IS NULL OR proposal < $2) ORDER BY proposal DESC LIMIT $3
"""
SETTLE = """
UPDATE pack_proposal SET state = $2, settled_by = $3, settled_at = $4, reason = $5
WHERE proposal = $1 RETURNING *
"""
ADVANCE = """
UPDATE pack_proposal SET cursor = $2, cases = cases + $3, clocks = clocks + $4 WHERE proposal = $1
"""
FINISH = "UPDATE pack_proposal SET moved_at = $2 WHERE proposal = $1"
OPEN_CLOCKS = """
SELECT rule, count(*) AS clocks FROM clock
WHERE state NOT IN ('met', 'superseded', 'not_applicable') GROUP BY rule
"""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pack that somebody proposed. `settled_by` approved or rejected it.

    `cursor` is the last case whose clocks were moved; `moved_at` is set once all were.
    """

    proposal: int
    id: str
    version: str
    kind: str
    sha256: str
    name: str
    content: str
    proposed_by: str
    proposed_at: datetime
    state: str
    settled_by: str | None
    settled_at: datetime | None
    reason: str | None
    cursor: str
    cases: int
    clocks: int
    moved_at: datetime | None

    @property
    def pack(self) -> str:
        """How clocks remember it."""
        return f"{self.id}@{self.version}"

    @property
    def applied(self) -> Applied:
        """Who put it in force.

        Raises:
            ValueError: nobody did.
        """
        if self.state != "approved" or self.settled_by is None or self.settled_at is None:
            raise ValueError(f"proposal {self.proposal} is {self.state}")
        return Applied(self.proposal, self.pack, self.proposed_by, self.settled_by, self.settled_at)


async def add(
    db: Connection, pack: Pack | Escalation, text: tuple[str, str], by: str, at: datetime
) -> Proposal:
    """Keep a proposal; `text` is the name of its file and its content."""
    row = await db.fetchrow(ADD, pack.id, pack.version, pack.kind.value, pack.sha256, *text, by, at)
    return _one(row)


async def one(db: Connection, proposal: int, *, held: bool = False) -> Proposal | None:
    """A proposal, `held` against other writers until commit."""
    row = await db.fetchrow(ONE_HELD if held else ONE, proposal)
    return None if row is None else _one(row)


async def waiting(db: Connection, sha256: str) -> int | None:
    """The proposal of the same text that waits already."""
    found: int | None = await db.fetchval(WAITING, sha256)
    return found


async def listed(
    db: Connection, state: str | None, before: int | None, most: int
) -> list[Proposal]:
    """Proposals, the newest first."""
    return [_one(row) for row in await db.fetch(LISTED, state, before, most)]


async def settle(
    db: Connection, proposal: int, state: str, by: str, at: datetime, reason: str | None = None
) -> Proposal:
    """Say what became of a proposal."""
    return _one(await db.fetchrow(SETTLE, proposal, state, by, at, reason))


async def advance(db: Connection, proposal: int, cursor: str, cases: int, clocks: int) -> None:
    """Note that the clocks of so many more cases were decided anew, and how many changed."""
    await db.execute(ADVANCE, proposal, cursor, cases, clocks)


async def finish(db: Connection, proposal: int, at: datetime) -> None:
    """Note that every case was decided anew."""
    await db.execute(FINISH, proposal, at)


async def open_clocks(db: Connection) -> dict[str, int]:
    """How many open clocks rest on each rule."""
    return {row["rule"]: row["clocks"] for row in await db.fetch(OPEN_CLOCKS)}


def _one(row: asyncpg.Record | None) -> Proposal:
    if row is None:
        raise LookupError("no row came back")
    return Proposal(**row)
