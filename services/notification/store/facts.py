"""Keeps what other services published, and loads everything that the drafts of cases draw on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from pydantic import BaseModel

from schemas.campaigns import CampaignPlanned, CoverageChanged
from schemas.cases import CaseScoped, ExploitationAssessed, Measure, RiskAssessed
from schemas.catalogue import EntityRegistered, ProductRegistered
from schemas.findings import VulnerabilityDescribed
from services.kit.database import Connection

UPSERT = """
INSERT INTO fact AS t (kind, id, scope, revision, type, event, at, body)
SELECT DISTINCT ON (kind, id) * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::uuid[], $7::timestamptz[],
    $8::jsonb[]) AS n(kind, id, scope, revision, type, event, at, body)
ORDER BY kind, id, revision DESC
ON CONFLICT (kind, id) DO UPDATE SET scope = excluded.scope, revision = excluded.revision,
    type = excluded.type, event = excluded.event, at = excluded.at, body = excluded.body
WHERE t.revision < excluded.revision
RETURNING kind, id, scope
"""
OF_SCOPES = "SELECT kind, id, scope, type, event, at, body FROM fact WHERE scope = ANY($1)"
BY_ID = """
SELECT kind, id, scope, type, event, at, body FROM fact
WHERE (kind, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""
MERGE = """
WITH moved AS (UPDATE case_alias SET survivor = $2 WHERE survivor = $1)
INSERT INTO case_alias (absorbed, survivor) VALUES ($1, $2)
ON CONFLICT (absorbed) DO UPDATE SET survivor = excluded.survivor
"""
SURVIVORS = "SELECT absorbed, survivor FROM case_alias WHERE absorbed = ANY($1)"
ABSORBED = "SELECT absorbed FROM case_alias WHERE survivor = $1 ORDER BY absorbed"
KNOWN_CASE = """
SELECT EXISTS (SELECT 1 FROM fact WHERE kind = 'case' AND id = $1)
    OR EXISTS (SELECT 1 FROM case_alias WHERE absorbed = $1)
    OR EXISTS (SELECT 1 FROM clock WHERE case_id = $1)
"""
RECHECK = "INSERT INTO recheck (subject) SELECT * FROM unnest($1::text[])"
RECHECK_NOW = "INSERT INTO recheck (subject, at) SELECT *, '-infinity' FROM unnest($1::text[])"
TAKE_RECHECKS = """
WITH resting AS (
    SELECT subject FROM (SELECT seq, subject, at FROM recheck ORDER BY seq LIMIT 1000) AS oldest
    GROUP BY subject
    HAVING max(at) <= statement_timestamp() - $2::interval
        OR min(at) <= statement_timestamp() - $3::interval
    ORDER BY min(seq) LIMIT $1),
taken AS (
    DELETE FROM recheck WHERE seq IN (
        SELECT seq FROM recheck WHERE subject IN (SELECT subject FROM resting)
        FOR UPDATE SKIP LOCKED)
    RETURNING subject)
SELECT DISTINCT subject FROM taken ORDER BY subject
"""
CASES_OF = """
SELECT case_id FROM clock WHERE live AND case_id = ANY($1)
UNION SELECT case_id FROM clock JOIN case_alias ON case_id = absorbed
    WHERE live AND survivor = ANY($1)
UNION SELECT case_id FROM clock WHERE live AND product = ANY($2)
UNION SELECT case_id FROM clock WHERE live AND entity = ANY($3)
UNION SELECT case_id FROM clock JOIN fact ON kind = 'product' AND id = product
    WHERE live AND scope = ANY($3)
UNION SELECT case_id FROM clock JOIN fact ON kind = 'case' AND id = case_id
    WHERE live AND fact.body ->> 'vulnerability' = ANY($4)
"""

MODELS: Mapping[str, type[BaseModel]] = {
    "product": ProductRegistered,
    "entity": EntityRegistered,
    "vulnerability": VulnerabilityDescribed,
    "case": CaseScoped,
    "assessment": ExploitationAssessed,
    "risk": RiskAssessed,
    "measure": Measure,
    "campaign": CampaignPlanned,
    "coverage": CoverageChanged,
}
"""What the body of each kind of fact is."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of another service as it is kept."""

    kind: str
    id: str
    scope: str
    type: str
    event: UUID
    at: datetime
    body: BaseModel
    revision: int = 0


async def save(db: Connection, facts: Sequence[Fact]) -> list[str]:
    """Keep newer states and return the subjects that changed."""
    if not facts:
        return []
    rows = await db.fetch(
        UPSERT,
        [each.kind for each in facts],
        [each.id for each in facts],
        [each.scope for each in facts],
        [each.revision for each in facts],
        [each.type for each in facts],
        [each.event for each in facts],
        [each.at for each in facts],
        [each.body.model_dump(mode="json") for each in facts],
    )
    return sorted({subject_of(row["kind"], row["id"], row["scope"]) for row in rows})


def subject_of(kind: str, fact_id: str, scope: str) -> str:
    """Name what must be looked at again: `case/…`, `product/…`, `entity/…`, `vulnerability/…`."""
    if kind in {"product", "entity", "vulnerability"}:
        return f"{kind}/{fact_id}"
    return f"case/{scope}"


async def merge(db: Connection, absorbed: str, survivor: str) -> None:
    """Remember that a case lives on in another one."""
    await db.execute(MERGE, absorbed, survivor)


async def survivors(db: Connection, cases: Iterable[str]) -> dict[str, str]:
    """Which of these cases live on in another one."""
    rows = await db.fetch(SURVIVORS, list(cases))
    return {row["absorbed"]: row["survivor"] for row in rows}


async def absorbed(db: Connection, survivor: str) -> list[str]:
    """The cases that live on in this one."""
    return [row["absorbed"] for row in await db.fetch(ABSORBED, survivor)]


async def case_is_known(db: Connection, case: str) -> bool:
    """Tell whether a case was scoped or has a clock, or lives on in another one."""
    known: bool = await db.fetchval(KNOWN_CASE, case)
    return known


async def recheck(db: Connection, subjects: Iterable[str]) -> None:
    """Have the drafts of these subjects looked at again after the commit."""
    if wanted := sorted(set(subjects)):
        await db.execute(RECHECK, wanted)


async def recheck_now(db: Connection, subjects: Sequence[str]) -> None:
    """Have the drafts of these subjects looked at as soon as there is room: they are at rest."""
    if subjects:
        await db.execute(RECHECK_NOW, subjects)


async def take_rechecks(
    db: Connection, limit: int, rest: timedelta, longest: timedelta
) -> list[str]:
    """Take subjects that have been at rest for a while, or have waited for longest, each once."""
    return [row["subject"] for row in await db.fetch(TAKE_RECHECKS, limit, rest, longest)]


async def waiting(db: Connection) -> int:
    """How many subjects wait to be looked at again."""
    found: int = await db.fetchval("SELECT count(*) FROM recheck")
    return found


async def cases_of(db: Connection, subjects: Iterable[str]) -> list[str]:
    """The cases with live clocks on which these subjects bear, as the clocks name them."""
    by_kind: dict[str, list[str]] = {}
    for subject in subjects:
        kind, _, name = subject.partition("/")
        by_kind.setdefault(kind, []).append(name)
    rows = await db.fetch(
        CASES_OF, *(by_kind.get(k, []) for k in ("case", "product", "entity", "vulnerability"))
    )
    return sorted(row["case_id"] for row in rows)


async def of_scopes(db: Connection, scopes: Iterable[str]) -> list[Fact]:
    """Every fact of these cases."""
    return [_fact(row) for row in await db.fetch(OF_SCOPES, sorted(set(scopes)))]


async def by_id(db: Connection, wanted: Iterable[tuple[str, str]]) -> list[Fact]:
    """Facts by kind and id."""
    pairs = sorted(set(wanted))
    rows = await db.fetch(BY_ID, [kind for kind, _ in pairs], [each for _, each in pairs])
    return [_fact(row) for row in rows]


def _fact(row: asyncpg.Record) -> Fact:
    return Fact(
        row["kind"], row["id"], row["scope"], row["type"], row["event"], row["at"],
        MODELS[row["kind"]].model_validate(row["body"]),
    )  # fmt: skip
