"""Keeps what people recorded: filings they made, notices they sent, requests they received."""

from collections.abc import Iterable
from datetime import datetime

import asyncpg

from schemas.drafts import FilingRecorded, NoticeSent, RequestReceived
from services.kit.database import Connection

FILE = """
INSERT INTO filing (filing, case_id, clock, rule, stage, products, draft, revision, receipt, note,
    filed_by, filed_at, recorded_by, recorded_at, mismatches)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""
_FILING = """
filing, case_id, clock, rule, stage, products, draft, revision, receipt, filed_by, filed_at,
recorded_at, mismatches
"""
FILINGS_OF_CASES = f"SELECT {_FILING} FROM filing WHERE case_id = ANY($1) ORDER BY recorded_at"
FILINGS = f"""
SELECT {_FILING} FROM filing
WHERE ($1::text IS NULL OR case_id = $1) AND ($2::text IS NULL OR filing > $2)
ORDER BY filing LIMIT $3
"""
POST = "INSERT INTO letter (id, kind, case_id, at, body) VALUES ($1, $2, $3, $4, $5)"
NOTICES = """
SELECT body FROM letter WHERE kind = 'notice' AND case_id = ANY($1) ORDER BY at, id
"""
LETTERS = """
SELECT id, body FROM letter
WHERE kind = $1 AND ($2::text IS NULL OR case_id = $2) AND ($3::text IS NULL OR id > $3)
ORDER BY id LIMIT $4
"""


async def file(db: Connection, filed: FilingRecorded, recorded_by: str, note: str | None) -> None:
    """Record a filing."""
    await db.execute(
        FILE, filed.filing, filed.case, filed.clock, filed.rule, filed.stage, list(filed.products),
        filed.draft, filed.revision, filed.receipt, note, filed.filed_by, filed.filed_at,
        recorded_by, filed.recorded_at, list(filed.mismatches),
    )  # fmt: skip


async def filings_of(db: Connection, cases: Iterable[str]) -> list[FilingRecorded]:
    """The filings of these cases, in the order in which they were recorded."""
    rows = await db.fetch(FILINGS_OF_CASES, sorted(set(cases)))
    return [_filing(row) for row in rows]


async def filings(
    db: Connection, case: str | None, after: str | None, limit: int
) -> list[FilingRecorded]:
    """Filings in the order of their ids."""
    return [_filing(row) for row in await db.fetch(FILINGS, case, after, limit)]


async def post(db: Connection, letter: NoticeSent | RequestReceived, at: datetime) -> None:
    """Record a notice that was sent, or a request that was received."""
    if isinstance(letter, NoticeSent):
        kind, name = "notice", letter.notice
    else:
        kind, name = "request", letter.request
    await db.execute(POST, name, kind, letter.case, at, letter.model_dump(mode="json"))


async def notices_of(db: Connection, cases: Iterable[str]) -> list[NoticeSent]:
    """The notices of these cases, oldest first."""
    rows = await db.fetch(NOTICES, sorted(set(cases)))
    return [NoticeSent.model_validate(row["body"]) for row in rows]


async def notices(
    db: Connection, case: str | None, after: str | None, limit: int
) -> list[NoticeSent]:
    """Notices in the order of their ids."""
    rows = await db.fetch(LETTERS, "notice", case, after, limit)
    return [NoticeSent.model_validate(row["body"]) for row in rows]


async def requests(
    db: Connection, case: str | None, after: str | None, limit: int
) -> list[RequestReceived]:
    """Requests in the order of their ids."""
    rows = await db.fetch(LETTERS, "request", case, after, limit)
    return [RequestReceived.model_validate(row["body"]) for row in rows]


def _filing(row: asyncpg.Record) -> FilingRecorded:
    values = dict(row)
    values["case"] = values.pop("case_id")
    return FilingRecorded.model_validate(values)
