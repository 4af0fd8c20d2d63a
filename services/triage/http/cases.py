"""What people read of cases: lists, a case with everything on record, its timeline, the review."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import Query
from pydantic import Field

from schemas.cases import GateAnswer, Measure, ScopeItem
from services.kit.http import CurrentUnit, Cursor, Limit, Page, page
from services.kit.http import router as make_router
from services.kit.pages import Key
from services.kit.unit import Unit
from services.triage import rulebook
from services.triage.domain.casefile import CaseStatus
from services.triage.domain.closing import OpenKind, Outcome, open_for
from services.triage.domain.scope import bears
from services.triage.domain.waiting import Waiting, waiting
from services.triage.http.desk import OnDesk, Told, read
from services.triage.store import records, views

router = make_router("triage")

Row = Mapping[str, Any]
"""A stored row as it is shown: its fields are the columns that `store.views` selects."""


class CaseLine(Told):
    """A case in a list."""

    case: str
    kind: str
    status: str
    title: str
    vulnerability: str | None
    identifiers: list[str]
    products: list[str]
    bearing: bool = Field(description="Whether any product version is or may be affected.")
    opened_at: datetime
    scoped_at: datetime
    closed_at: datetime | None
    outcome: str | None


class Wait(Told):
    """A decision that waits for a person."""

    question: str
    title: str
    product: str | None
    roles: tuple[str, ...]
    outcomes: tuple[str, ...]
    source: str
    since: datetime
    age_seconds: int
    because: str
    blocks_closing: bool


class StillOpen(Told):
    """One thing that keeps the case open."""

    kind: OpenKind
    name: str
    detail: str
    mend: str


class Band(Told):
    """A product's clinical risk band."""

    product: str
    band: str | None
    proposed_band: str | None
    confirmed: bool
    score: float | None
    vector: str | None
    ground: str | None
    assessed_by: str | None
    pack: str


class ClockLine(Told):
    """A clock of the case."""

    clock: str
    label: str
    product: str | None
    mode: str
    state: str
    due: datetime | None
    legal_duty: bool


class Rollout(Told):
    """A product's devices in the case's campaigns; covered are verified ones only."""

    product: str
    covered: int
    total: int


class Report(Told):
    """A report or incident of the case."""

    report: str
    incident: bool
    title: str
    product: str | None
    version: str | None
    harm: str | None
    received_at: datetime


class GateLine(Told):
    """What a wave was answered."""

    campaign: str
    wave: int
    request: str
    measure: str
    product: str
    passed: bool
    answers: tuple[GateAnswer, ...]
    warnings: tuple[str, ...]
    valid_until: datetime | None
    evaluated_at: datetime


class CasePage(CaseLine):
    """A case with everything on record."""

    summary: str
    because: str
    report: str | None
    merged: list[str] = Field(description="Tracking ids that now mean this case.")
    scope: tuple[ScopeItem, ...]
    waiting: list[Wait]
    open_for: dict[Outcome, list[StillOpen]] = Field(
        description="By outcome, what keeps the case from closing; empty means that it can close."
    )
    risk: list[Band]
    signals: list[Row]
    exploit_scores: list[Row]
    assessments: list[Row]
    incident_assessments: list[Row]
    decisions: list[Row]
    measures: tuple[Measure, ...]
    pathways: list[Row]
    evidence: list[Row]
    gates: list[GateLine]
    clocks: list[ClockLine]
    campaigns: list[Row]
    coverage: list[Rollout]
    reports: list[Report]


@router.get("/v1/cases")
async def cases(
    unit: CurrentUnit,
    status: CaseStatus | None = None,
    product: str | None = None,
    identifier: Annotated[
        str | None, Query(description="Any identifier, or any tracking id.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CaseLine]:
    """List cases, the newest first."""

    async def query(after: Key | None, most: int) -> list[CaseLine]:
        place = (int(str(after[0])), int(str(after[1]))) if after else None
        found = await views.listed(
            unit.db, status=status, product=product, identifier=identifier, after=place, limit=most
        )
        return [CaseLine(**_line(row)) for row in found]

    return await page(query, cursor, limit, lambda line: (*_order(line.case),))


@router.get("/v1/cases/{case}")
async def show(case: str, unit: CurrentUnit) -> CasePage:
    """Show a case, by its tracking id or one that was merged into it."""
    desk = await read(unit, case)
    family = await records.family(unit.db, desk.case)
    record = desk.record
    waits = waiting(record, rulebook.decision_questions())
    return CasePage(
        **_line(desk.row),
        summary=desk.row["summary"],
        because=desk.row["because"],
        report=desk.row["report"],
        merged=[each for each in family if each != desk.case],
        scope=record.items,
        waiting=[_wait(each, unit.now) for each in waits],
        open_for={outcome: _still(desk, waits, outcome) for outcome in Outcome},
        risk=[_band(each) for each in await views.risks(unit.db, desk.case)],
        signals=await _rows(unit, views.SIGNALS, family),
        exploit_scores=await _rows(unit, views.SCORES, desk.row["identifiers"]),
        assessments=await _rows(unit, views.ASSESSMENTS, family),
        incident_assessments=await _rows(unit, views.INCIDENTS, family),
        decisions=await _rows(unit, views.DECISIONS, family),
        measures=record.measures,
        pathways=await _rows(unit, views.PATHWAYS, family),
        evidence=await _rows(unit, views.EVIDENCE, family),
        gates=[GateLine(**row) for row in await views.rows(unit.db, views.GATES, family)],
        clocks=[
            ClockLine(
                clock=each.clock, label=each.label, product=each.product, mode=each.mode,
                state=each.state, due=each.due, legal_duty=each.is_legal_duty,
            )
            for each in record.clocks
        ],
        campaigns=await _rows(unit, records.CAMPAIGNS, family),
        coverage=[Rollout.model_validate(e, from_attributes=True) for e in record.coverage],
        reports=[Report.model_validate(e, from_attributes=True) for e in record.reports],
    )  # fmt: skip


def _line(row: asyncpg.Record) -> dict[str, Any]:
    """The fields of a case's line, as pydantic takes them."""
    items = [ScopeItem.model_validate(each) for each in row["scope"]]
    names = ("kind", "status", "title", "vulnerability", "identifiers", "products")
    instants = ("opened_at", "scoped_at", "closed_at", "outcome")
    shown = {name: row[name] for name in (*names, *instants)}
    return {"case": row["case_id"], "bearing": any(map(bears, items)), **shown}


def _order(case: str) -> tuple[int, int]:
    _, year, number = case.split("-")
    return int(year), int(number)


async def _rows(unit: Unit, statement: str, keys: list[str]) -> list[Row]:
    return [dict(row) for row in await views.rows(unit.db, statement, keys)]


def _wait(each: Waiting, now: datetime) -> Wait:
    return Wait(
        question=each.question,
        title=each.title,
        product=each.product,
        roles=each.roles,
        outcomes=each.outcomes,
        source=each.source,
        since=each.since,
        age_seconds=max(0, int((now - each.since).total_seconds())),
        because=each.because,
        blocks_closing=each.blocks,
    )


def _still(desk: OnDesk, waits: tuple[Waiting, ...], outcome: Outcome) -> list[StillOpen]:
    coverage = rulebook.gate_policy().coverage_percent
    found = open_for(desk.record, waits, outcome, coverage)
    return [StillOpen.model_validate(each, from_attributes=True) for each in found]


def _band(risk: views.Risk) -> Band:
    return Band(
        product=risk.product,
        band=risk.band,
        proposed_band=risk.proposed_band,
        confirmed=risk.set_band is not None,
        score=risk.score,
        vector=risk.vector,
        ground=risk.ground,
        assessed_by=risk.assessed_by,
        pack=risk.pack,
    )


class TimelineRow(Told):
    """One event, as it happened."""

    id: UUID
    time: datetime
    service: str
    type: str
    summary: str
    actor: str | None
    case: str | None
    causation: str | None
    topic: str
    key: str
    revision: int


@router.get("/v1/cases/{case}/timeline")
async def timeline(
    case: str, unit: CurrentUnit, cursor: Cursor = None, limit: Limit = 100
) -> Page[TimelineRow]:
    """Show every event of a case and of what it is the file of, oldest first."""
    desk = await read(unit, case)
    family = await records.family(unit.db, desk.case)

    async def query(after: Key | None, most: int) -> list[TimelineRow]:
        place = (after[0], after[1]) if after and isinstance(after[0], datetime) else None
        found = await views.timeline(unit.db, desk.case, family, place, most)
        return [TimelineRow(service=row["source"], case=row["case_id"], **row) for row in found]

    return await page(query, cursor, limit, lambda row: (row.time, row.id))


class ReviewGroup(Told):
    """Unknown verdicts of one component for one reason."""

    component: str | None
    reason: str
    findings: int
    vulnerabilities: int
    cases: int = Field(description="How many of these vulnerabilities have a case.")
    products: list[str]
    versions: list[str]
    some_vulnerabilities: list[str]
    some_findings: list[str]
    since: datetime


class Review(Told):
    """What no source of data could decide: people look."""

    items: list[ReviewGroup]
    next: str | None
    waiting_signals: list[Row] = Field(
        description="Evidence seen in one of our products that has met no finding of it."
    )


@router.get("/v1/review")
async def review(
    unit: CurrentUnit,
    product: str | None = None,
    reason: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Review:
    """List unknown verdicts by component and reason, and signals that wait for a finding."""

    async def query(after: Key | None, most: int) -> list[ReviewGroup]:
        place = (str(after[0]), str(after[1])) if after else None
        found = await views.review(unit.db, product=product, reason=reason, after=place, limit=most)
        return [ReviewGroup.model_validate(dict(row)) for row in found]

    groups = await page(query, cursor, limit, lambda group: (group.component, group.reason))
    waits = [dict(row) for row in await views.waiting_signals(unit.db)]
    return Review(items=groups.items, next=groups.next, waiting_signals=waits)
