"""Loads a case with everything on record: what decisions on it, its closing and its page read."""

from collections.abc import Iterable

import asyncpg

from schemas.cases import ExploitationVerdict, Measure
from schemas.clocks import ClockMode, ClockState, RuleKind
from services.kit.database import Connection
from services.triage.domain.record import (
    Assessed,
    CaseRecord,
    Decided,
    HeldCampaign,
    HeldClock,
    IncidentAnswer,
    Met,
    ProductCoverage,
    SafetyEvent,
)
from services.triage.store import products
from services.triage.store.rows import ITEMS, report_of

RESOLVE = "SELECT coalesce(merged_into, case_id) FROM casefile WHERE case_id = $1"
CASE = "SELECT * FROM casefile WHERE case_id = $1"
CASE_FOR_UPDATE = f"{CASE} FOR UPDATE"
FAMILY = "SELECT case_id FROM casefile WHERE case_id = $1 OR merged_into = $1 ORDER BY case_id"
MET = "SELECT signal, product, held_at, met_at FROM meeting WHERE case_id = ANY($1::text[])"
ASSESSED = """
SELECT product, verdict, assessed_at FROM assessment WHERE case_id = ANY($1::text[])
ORDER BY assessed_at
"""
INCIDENTS = """
SELECT regime, product, assessed_at FROM incident_assessment WHERE case_id = ANY($1::text[])
"""
DECIDED = """
SELECT decision, question, product, outcome, decided_at FROM decision
WHERE case_id = ANY($1::text[]) ORDER BY decided_at
"""
REPORTS = """
SELECT report, incident, title, summary, identifiers || linked AS identifiers, product, version,
    harm, received_at, country
FROM report WHERE report = ANY($1::text[]) ORDER BY received_at, report
"""
SAFETY = """
SELECT product, received_at, campaign || '/' || device AS event FROM safety_event
WHERE case_id = ANY($1::text[])
"""
MEASURES = "SELECT * FROM measure WHERE case_id = ANY($1::text[]) ORDER BY planned_at, measure"
PATHWAYS = "SELECT DISTINCT measure, product FROM pathway WHERE case_id = ANY($1::text[])"
BANDED = "SELECT product FROM risk WHERE case_id = ANY($1::text[]) AND NOT proposed"
CLOCKS = """
SELECT clock, label, kind, product, mode, state, due_operational AS due, confidence FROM clock
WHERE case_id = ANY($1::text[]) ORDER BY due_operational NULLS LAST, clock
"""
CAMPAIGNS = """
SELECT campaign, product, state FROM campaign WHERE case_id = ANY($1::text[]) ORDER BY campaign
"""
COVERAGE = """
SELECT v.product, sum(v.covered)::int AS covered, sum(v.total)::int AS total
FROM coverage v LEFT JOIN campaign c USING (campaign)
WHERE v.case_id = ANY($1::text[]) AND c.state IS DISTINCT FROM 'aborted' GROUP BY v.product
"""


async def resolve(db: Connection, case: str) -> str | None:
    """The case that an id means now: itself, or the survivor it was merged into."""
    found: str | None = await db.fetchval(RESOLVE, case)
    return found


async def case_row(db: Connection, case: str, *, lock: bool) -> asyncpg.Record | None:
    """A case's own row, locked for those who change it."""
    return await db.fetchrow(CASE_FOR_UPDATE if lock else CASE, case)


async def family(db: Connection, case: str) -> list[str]:
    """A case with those that were merged into it."""
    return [row["case_id"] for row in await db.fetch(FAMILY, case)]


async def record(db: Connection, row: asyncpg.Record) -> CaseRecord:
    """Load everything on record for a case, given its row."""
    cases = await family(db, row["case_id"])
    items = tuple(ITEMS.validate_python(row["scope"]))
    spoken_of = {each.product for each in items}
    return CaseRecord(
        case=row["case_id"],
        opened_at=row["opened_at"],
        items=items,
        products=await products.load(db, spoken_of),
        met=tuple(Met(**each) for each in await db.fetch(MET, cases)),
        assessed=tuple(_assessed(each) for each in await db.fetch(ASSESSED, cases)),
        incidents=tuple(IncidentAnswer(**each) for each in await db.fetch(INCIDENTS, cases)),
        decided=tuple(Decided(**each) for each in await db.fetch(DECIDED, cases)),
        reports=tuple(report_of(each) for each in await db.fetch(REPORTS, row["reports"])),
        safety_events=tuple(SafetyEvent(**each) for each in await db.fetch(SAFETY, cases)),
        measures=tuple(await measures(db, cases)),
        pathways=frozenset(
            (each["measure"], each["product"]) for each in await db.fetch(PATHWAYS, cases)
        ),
        banded=frozenset(each["product"] for each in await db.fetch(BANDED, cases)),
        clocks=tuple(await clocks(db, cases)),
        campaigns=tuple(HeldCampaign(**each) for each in await db.fetch(CAMPAIGNS, cases)),
        coverage=tuple(ProductCoverage(**each) for each in await db.fetch(COVERAGE, cases)),
    )


async def measures(db: Connection, cases: Iterable[str]) -> list[Measure]:
    """The measures of cases, in the order in which they were planned."""
    return [Measure.model_validate(dict(row)) for row in await db.fetch(MEASURES, list(cases))]


async def clocks(db: Connection, cases: Iterable[str]) -> list[HeldClock]:
    """The clocks of cases, the next due first."""
    return [
        HeldClock(
            clock=row["clock"],
            label=row["label"],
            kind=RuleKind(row["kind"]),
            product=row["product"],
            mode=ClockMode(row["mode"]),
            state=ClockState(row["state"]),
            due=row["due"],
            confidence=row["confidence"],
        )
        for row in await db.fetch(CLOCKS, list(cases))
    ]


def _assessed(row: asyncpg.Record) -> Assessed:
    verdict = ExploitationVerdict(row["verdict"])
    return Assessed(row["product"], verdict, row["assessed_at"])
