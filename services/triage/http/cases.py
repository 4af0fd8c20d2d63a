"""What people read of cases: the list, and a case with everything on record."""

from datetime import datetime
from typing import Annotated, Any

import asyncpg
from fastapi import Query

from schemas.cases import ScopeItem
from services.kit.http import CurrentUnit, Cursor, Limit, Page, page
from services.kit.http import router as make_router
from services.kit.pages import Key
from services.kit.unit import Unit
from services.triage import rulebook
from services.triage.domain.casefile import CaseStatus
from services.triage.domain.closing import Outcome, open_for
from services.triage.domain.scope import bears
from services.triage.domain.waiting import Waiting, waiting
from services.triage.http.desk import OnDesk, read
from services.triage.http.shown import (
    Band,
    CaseLine,
    CasePage,
    ClockLine,
    GateLine,
    Report,
    Rollout,
    Row,
    StillOpen,
    Wait,
)
from services.triage.store import records, views

router = make_router("triage")


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
                state=each.state, due=each.due, legal_duty=each.is_legal_duty, kind=each.kind,
                confidence=each.confidence,
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
