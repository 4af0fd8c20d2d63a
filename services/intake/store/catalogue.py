"""Reads what people look up: submissions, originals, the catalogue, and joins that were missed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.kit.database import Connection

SUBMISSION = "SELECT * FROM submission WHERE id = $1"
SUBMISSIONS = """
SELECT * FROM submission
WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR source = $2)
    AND ($3::timestamptz IS NULL OR (received_at, id) < ($3, $4::uuid))
ORDER BY received_at DESC, id DESC LIMIT $5
"""
ROW = "SELECT body, retired FROM registered WHERE key = $1 AND body IS NOT NULL"
ROWS = """
SELECT id, body, retired FROM registered
WHERE kind = $1 AND id > $2
    AND ($3::text IS NULL OR product = $3) AND ($4::text IS NULL OR site = $4)
ORDER BY id LIMIT $5
"""
MISSED = """
SELECT w.submission, p.id AS product FROM waiting w
JOIN product p ON p.names && w.needs AND NOT p.retired
WHERE w.waits_for IS NULL
    AND w.needs <@ (SELECT coalesce(array_agg(lower(id)), '{}') FROM product)
   OR split_part(w.waits_for[1], '@', -1) = ANY(p.versions)
ORDER BY w.submission LIMIT 100
"""


async def submission(db: Connection, id_: UUID) -> Any:
    """One submission, or None."""
    return await db.fetchrow(SUBMISSION, id_)


async def submissions(
    db: Connection,
    status: str | None,
    source: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Any]:
    """Submissions, the newest first."""
    moment, last = after or (None, None)
    return await db.fetch(SUBMISSIONS, status, source, moment, last, limit)


async def row(db: Connection, key: str) -> Any:
    """A product, entity, site or device by its key, or None."""
    return await db.fetchrow(ROW, key)


async def rows(
    db: Connection,
    kind: str,
    after: str,
    limit: int,
    product: str | None = None,
    site: str | None = None,
) -> Sequence[Any]:
    """Products, entities, sites or devices, by id."""
    return await db.fetch(ROWS, kind, after, product, site, limit)


async def missed(db: Connection) -> list[str]:
    """Submissions that wait although their product is there: always none."""
    return [
        f"submission {each['submission']} waits although product {each['product']} is registered"
        for each in await db.fetch(MISSED)
    ]
