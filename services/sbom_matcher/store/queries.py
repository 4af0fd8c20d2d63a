"""Reads what HTTP answers: findings, vulnerabilities, and where a component is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from schemas.findings import Finding, FindingKind
from services.kit.database import Connection
from services.kit.pages import Key
from services.sbom_matcher.domain import kinds
from services.sbom_matcher.domain.asked import Asked

FINDINGS = """
SELECT id, live, cleared_at, held_at, vulnerability, body FROM finding
WHERE ($1::uuid IS NULL OR id > $1) AND ($2::text IS NULL OR verdict = $2)
    AND ($3::text IS NULL OR product = $3)
    AND ($4::text IS NULL OR vulnerability = coalesce(
        (SELECT vulnerability FROM identifier WHERE identifier = $4), $4))
    AND (live OR NOT $5)
    AND ($6::text IS NULL OR $6 = CASE WHEN starts_with(vulnerability, 'inventory/')
        THEN 'inventory' WHEN starts_with(vulnerability, 'support/') THEN 'support'
        ELSE 'vulnerability' END)
ORDER BY id LIMIT $7
"""
FINDING = "SELECT id, live, cleared_at, held_at, vulnerability, body FROM finding WHERE id = $1"
GROUP_OF = "SELECT vulnerability FROM identifier WHERE identifier = $1"
COUNTS = """
SELECT verdict, count(*) AS findings FROM finding WHERE live AND vulnerability = $1
GROUP BY verdict ORDER BY verdict
"""
ADVISORIES = """
SELECT DISTINCT r.advisory FROM identifier k JOIN record r ON r.identifier = k.identifier
WHERE k.vulnerability = $1 ORDER BY r.advisory
"""
UNNAMED = """
SELECT coalesce(sum(r.unnamed), 0)::int
FROM identifier k JOIN record r ON r.identifier = k.identifier
WHERE k.vulnerability = $1 AND NOT r.withdrawn
"""
WHERE = """
SELECT i.product, i.version, i.hardware, c.place, c.name, c.version AS component_version, c.purl,
    NOT $3 AND (c.version = $4) IS NOT TRUE AND known.none AS unread
FROM component c JOIN inventory i ON i.component = c.id
CROSS JOIN LATERAL (SELECT NOT EXISTS (
    SELECT FROM handle h WHERE h.component = c.id AND h.vkey IS NOT NULL) AS none) known
WHERE NOT i.own AND c.id IN (
        SELECT id FROM component WHERE lower(name) = lower($1)
        UNION SELECT component FROM handle WHERE ident = $2)
    AND ($3 OR c.version = $4 OR known.none OR EXISTS (
        SELECT FROM handle h
        JOIN unnest($5::text[], $6::bytea[], $7::bytea[]) AS w(type, low, high)
            ON h.vkey >= w.low AND h.vkey < w.high
        WHERE h.component = c.id AND w.type = CASE
            WHEN starts_with(h.ident, 'purl:') AND split_part(substr(h.ident, 6), '/', 1) = ANY($5)
            THEN split_part(substr(h.ident, 6), '/', 1) ELSE 'generic' END))
    AND (i.product, i.version, i.hardware, c.place) > ($8, $9, $10, $11)
    AND NOT EXISTS (SELECT FROM product p WHERE p.product = i.product AND p.retired)
ORDER BY i.product, i.version, i.hardware, c.place LIMIT $12
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding with whether it still holds."""

    finding: Finding
    live: bool
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which findings are asked for."""

    verdict: str | None
    product: str | None
    vulnerability: str | None
    kind: FindingKind | None
    only_live: bool


@dataclass(frozen=True, slots=True)
class Location:
    """A product version that holds a component.

    `unread` tells that some versions were asked for and the component's own has no order.
    """

    product: str
    version: str
    hardware: str
    place: str
    name: str
    component_version: str | None
    purl: str | None
    unread: bool


async def findings(
    db: Connection, filters: Filters, after: Key | None, limit: int
) -> Sequence[Shown]:
    """Read findings in the order of their ids."""
    start = after[0] if after else None
    rows = await db.fetch(
        FINDINGS, start, filters.verdict, filters.product, filters.vulnerability,
        filters.only_live, filters.kind, limit,
    )  # fmt: skip
    return [_shown(row) for row in rows]


async def finding(db: Connection, number: UUID) -> Shown | None:
    """Read one finding, live or ended."""
    row = await db.fetchrow(FINDING, number)
    return _shown(row) if row else None


async def group_of(db: Connection, identifier: str) -> str | None:
    """Name the vulnerability that an identifier belongs to."""
    name: str | None = await db.fetchval(GROUP_OF, identifier)
    return name


async def counts(db: Connection, vulnerability: str) -> dict[str, int]:
    """Count a vulnerability's live findings by verdict."""
    return {row["verdict"]: row["findings"] for row in await db.fetch(COUNTS, vulnerability)}


async def advisories(db: Connection, vulnerability: str) -> tuple[str, ...]:
    """Name the advisories that speak of a vulnerability."""
    return tuple(row["advisory"] for row in await db.fetch(ADVISORIES, vulnerability))


async def unnamed(db: Connection, vulnerability: str) -> int:
    """Count the claims on a vulnerability that name nothing which anything could be met by."""
    found: int = await db.fetchval(UNNAMED, vulnerability)
    return found


async def where(db: Connection, asked: Asked, after: Key | None, limit: int) -> Sequence[Location]:
    """Find the product versions that hold a component in the versions asked for.

    Where nobody can compare the component's version, it may be one of them.
    """
    within = asked.within or ()
    rows = await db.fetch(
        WHERE, asked.name, asked.ident, asked.within is None, asked.exact,
        [each.type for each in within],
        [each.interval.low for each in within],
        [each.interval.high for each in within],
        *(after or ("", "", "", "")), limit,
    )  # fmt: skip
    return [Location(**row) for row in rows]


def _shown(row: asyncpg.Record) -> Shown:
    body = Finding.model_validate(row["body"])
    update = {
        "kind": kinds.kind_of(row["vulnerability"]),
        "vulnerability": row["vulnerability"],
        "held_at": row["held_at"],
    }
    now = body.model_copy(update=update)
    return Shown(now, row["live"], row["cleared_at"])
