"""Reads rows of facts and cases as the values that decisions take."""

import asyncpg
from pydantic import TypeAdapter

from schemas.cases import CaseKind, CaseReport, HeldSignal, ScopeItem
from schemas.findings import FindingKind, SupportStage, Verdict
from schemas.signals import Harm, SignalSource
from services.triage.domain.casefile import Case, CaseStatus, Header
from services.triage.domain.scope import HeldFinding, HeldReport
from services.triage.domain.signals import Signal

ITEMS = TypeAdapter(tuple[ScopeItem, ...])
"""Reads and writes a scope as it is stored."""

TOLD = TypeAdapter(tuple[CaseReport, ...])
"""Reads and writes a case's reports as they were told."""


def case_of(row: asyncpg.Record) -> Case:
    """Read a case's row."""
    return Case(
        case=row["case_id"],
        status=CaseStatus(row["status"]),
        report=row["report"],
        header=Header(
            kind=CaseKind(row["kind"]),
            title=row["title"],
            vulnerability=row["vulnerability"],
            identifiers=tuple(row["identifiers"]),
            summary=row["summary"],
            items=tuple(ITEMS.validate_python(row["scope"])),
            reports=TOLD.validate_python(row["told_reports"]),
        ),
    )


def report_of(row: asyncpg.Record) -> HeldReport:
    """Read a report's row."""
    harm = Harm(row["harm"]) if row["harm"] else None
    return HeldReport(**{**row, "harm": harm, "identifiers": tuple(row["identifiers"])})


def finding_of(row: asyncpg.Record) -> HeldFinding:
    """Read a finding's row."""
    stage = row["support_stage"]
    read = {
        "verdict": Verdict(row["verdict"]),
        "kind": FindingKind(row["kind"]),
        "support_stage": SupportStage(stage) if stage else None,
    }
    return HeldFinding(**{**row, **read})


def signal_of(row: asyncpg.Record) -> Signal:
    """Read a signal's row."""
    return Signal(
        held=HeldSignal(
            signal=row["signal"],
            source=SignalSource(row["source"]),
            reporter=row["reporter"],
            identifier=row["identifier"],
            reported_at=row["reported_at"],
            received_at=row["received_at"],
            backfill=row["backfill"],
            evidence=row["evidence"],
            site=row["site"],
        ),
        product=row["product"],
        withdrawn_at=row["withdrawn_at"],
    )
