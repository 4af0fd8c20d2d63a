"""What people read of cases: lists, a case's parts, the review list, the timeline."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.kit.database import Connection

LIST = """
SELECT case_id, kind, status, title, vulnerability, identifiers, products, scope, opened_at,
    scoped_at, closed_at, outcome, year, number
FROM casefile
WHERE status <> 'merged' AND ($1::text IS NULL OR status = $1)
    AND ($2::text IS NULL OR products @> ARRAY[$2])
    AND ($3::text IS NULL OR identifiers @> ARRAY[$3] OR vulnerability = $3 OR case_id = (
        SELECT coalesce(merged_into, case_id) FROM casefile WHERE case_id = $3))
    AND ($4::int IS NULL OR (year, number) < ($4, $5::int))
ORDER BY year DESC, number DESC LIMIT $6
"""
RISKS = """
SELECT product, max(band) FILTER (WHERE proposed) AS proposed_band,
    max(band) FILTER (WHERE NOT proposed) AS set_band,
    max(score) FILTER (WHERE proposed) AS score, max(vector) FILTER (WHERE proposed) AS vector,
    max(ground) FILTER (WHERE proposed) AS ground, max(assessed_by) AS assessed_by,
    max(pack) AS pack
FROM (SELECT DISTINCT ON (r.product, r.proposed) r.* FROM risk r JOIN casefile c USING (case_id)
    WHERE $1 IN (c.case_id, c.merged_into)
    ORDER BY r.product, r.proposed, (c.case_id = $1) DESC, r.assessed_at DESC) AS latest
GROUP BY product ORDER BY product
"""
SIGNALS = """
SELECT s.signal, s.identifier, s.source, s.reporter, s.reported_at, s.received_at, s.backfill,
    s.site, s.evidence, s.ransomware, s.withdrawn_at,
    array_agg(m.product ORDER BY m.product) AS products, min(m.held_at) AS held_at
FROM meeting m JOIN signal s USING (signal) WHERE m.case_id = ANY($1::text[])
GROUP BY s.signal ORDER BY s.received_at, s.signal
"""
ASSESSMENTS = """
SELECT assessment, product, verdict, aware_at, assessed_at, assessed_by, ground, evidence,
    reopen_trigger
FROM assessment WHERE case_id = ANY($1::text[]) ORDER BY assessed_at, assessment
"""
INCIDENTS = """
SELECT assessment, regime, product, report, reportable, harm, aware_at, assessed_at, assessed_by,
    ground, reopen_trigger
FROM incident_assessment WHERE case_id = ANY($1::text[]) ORDER BY assessed_at, assessment
"""
DECISIONS = """
SELECT decision, question, product, outcome, ground, decided_by, decided_at, reopen_trigger,
    supersedes, happened_at
FROM decision WHERE case_id = ANY($1::text[]) ORDER BY decided_at, decision
"""
PATHWAYS = """
SELECT pathway, measure, product, category, us, eu, notified_body_route, emergency_basis, ground,
    decided_by, decided_at, pack
FROM pathway WHERE case_id = ANY($1::text[]) ORDER BY decided_at, pathway
"""
EVIDENCE = """
SELECT evidence, measure, product, gate, reference, digest, release_digest, hash, valid_until,
    recorded_by, recorded_at, revoked_by, revoked_at, revocation_ground
FROM evidence WHERE case_id = ANY($1::text[]) ORDER BY recorded_at, evidence
"""
GATES = """
SELECT campaign, wave, request, measure, product, passed, answers, warnings, valid_until,
    evaluated_at
FROM gate_answer WHERE case_id = ANY($1::text[]) ORDER BY evaluated_at, request
"""
SCORES = """
SELECT identifier, model, probability, percentile, observed_on FROM exploit_score
WHERE identifier = ANY($1::text[]) ORDER BY probability DESC
"""
REVIEW = """
SELECT coalesce(f.component, '') AS component, coalesce(f.reason, 'not stated') AS reason,
    count(*)::int AS findings, count(DISTINCT f.vulnerability)::int AS vulnerabilities,
    array_agg(DISTINCT f.product ORDER BY f.product) AS products,
    (array_agg(DISTINCT f.vulnerability ORDER BY f.vulnerability))[1:20] AS some_vulnerabilities,
    (array_agg(DISTINCT f.finding ORDER BY f.finding))[1:20] AS some_findings,
    array_agg(DISTINCT coalesce(f.component_version, '')) AS versions,
    min(f.held_at) AS since,
    count(DISTINCT c.case_id)::int AS cases,
    coalesce(bool_or(f.support_stage = 'over'), false) AS unsupported,
    min(f.support_ends_on) AS support_ends_on
FROM finding f
LEFT JOIN casefile c ON c.vulnerability = f.vulnerability AND c.status <> 'merged'
WHERE f.verdict = 'unknown' AND NOT f.cleared
    AND ($1::text IS NULL OR f.product = $1) AND ($2::text IS NULL OR f.reason = $2)
GROUP BY 1, 2
HAVING $3::text IS NULL OR (NOT coalesce(bool_or(f.support_stage = 'over'), false),
    coalesce(f.component, ''), coalesce(f.reason, 'not stated')) > ($6, $3, $4)
ORDER BY NOT coalesce(bool_or(f.support_stage = 'over'), false), 1, 2 LIMIT $5
"""
WAITING_SIGNALS = """
SELECT s.signal, s.identifier, s.source, s.reporter, s.product, s.site, s.received_at, s.evidence
FROM signal s
WHERE s.product IS NOT NULL AND s.withdrawn_at IS NULL
    AND NOT EXISTS (SELECT FROM meeting m WHERE m.signal = s.signal AND m.product = s.product)
ORDER BY s.received_at, s.signal LIMIT 200
"""
TIMELINE = """
SELECT source, id, type, time, topic, key, revision, case_id, causation, actor, summary
FROM timeline
WHERE (case_id = ANY($1::text[]) OR links && $2::text[])
    AND ($3::timestamptz IS NULL OR (time, id) > ($3, $4::uuid))
ORDER BY time, id LIMIT $5
"""
LINKED = """
SELECT c.vulnerability, c.identifiers, c.reports,
    (SELECT array_agg(campaign) FROM campaign WHERE case_id = ANY($2::text[])) AS campaigns
FROM casefile c WHERE c.case_id = $1
"""
OF_FINDING = "SELECT vulnerability FROM finding WHERE finding = $1"
OF_VULNERABILITY = """
SELECT case_id FROM casefile WHERE vulnerability = ANY($1::text[]) AND status <> 'merged'
"""
SURVIVOR = "SELECT coalesce(merged_into, case_id) FROM casefile WHERE case_id = $1"
REPORTS_OF = """
SELECT s.reports FROM casefile c JOIN casefile s ON s.case_id = coalesce(c.merged_into, c.case_id)
WHERE c.case_id = $1
"""


@dataclass(frozen=True, slots=True)
class Risk:
    """A product's band: the one a person set, else the one proposed."""

    product: str
    proposed_band: str | None
    set_band: str | None
    score: float | None
    vector: str | None
    ground: str | None
    assessed_by: str | None
    pack: str

    @property
    def band(self) -> str | None:
        """The band that holds."""
        return self.set_band or self.proposed_band


async def risks(db: Connection, case: str) -> list[Risk]:
    """The bands of a case's products."""
    return [Risk(**row) for row in await db.fetch(RISKS, case)]


async def listed(
    db: Connection,
    *,
    status: str | None,
    product: str | None,
    identifier: str | None,
    after: tuple[int, int] | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Cases, the newest first, after a place in that order."""
    year, number = after or (None, None)
    return await db.fetch(LIST, status, product, identifier, year, number, limit)


async def rows(db: Connection, statement: str, cases: Sequence[str]) -> list[asyncpg.Record]:
    """One part of a case's page, for it and those merged into it."""
    return await db.fetch(statement, list(cases))


async def review(
    db: Connection,
    *,
    product: str | None,
    reason: str | None,
    after: tuple[bool, str, str] | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Unknown verdicts by component and reason, those without support first, after a place."""
    supported, component, group = after or (None, None, None)
    return await db.fetch(REVIEW, product, reason, component, group, limit, supported)


async def waiting_signals(db: Connection) -> list[asyncpg.Record]:
    """Evidence seen in one of our products that has met no case of it yet."""
    return await db.fetch(WAITING_SIGNALS)


async def timeline(
    db: Connection,
    case: str,
    family: Sequence[str],
    after: tuple[datetime, object] | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Every event that belongs to a case or speaks of what it is the file of, oldest first."""
    row = await db.fetchrow(LINKED, case, list(family))
    if row is None:
        return []
    names = {*row["identifiers"], *(each for each in (row["vulnerability"],) if each)}
    links = [f"identifier/{name}" for name in sorted(names)]
    links += [f"report/{report}" for report in row["reports"]]
    links += [f"campaign/{campaign}" for campaign in row["campaigns"] or ()]
    time, id_ = after or (None, None)
    return await db.fetch(TIMELINE, list(family), links, time, id_, limit)


async def vulnerability_of(db: Connection, finding: str) -> str | None:
    """The vulnerability that a finding is about."""
    found: str | None = await db.fetchval(OF_FINDING, finding)
    return found


async def case_of_vulnerability(db: Connection, vulnerabilities: Iterable[str]) -> str | None:
    """The case of a vulnerability, given with those it absorbed."""
    found: str | None = await db.fetchval(OF_VULNERABILITY, list(vulnerabilities))
    return found


async def survivor_of(db: Connection, case: str) -> str:
    """The case that an id means now."""
    return str(await db.fetchval(SURVIVOR, case) or case)


async def reports_of(db: Connection, case: str) -> list[str]:
    """The reports that a case is about."""
    return list(await db.fetchval(REPORTS_OF, case) or ())
