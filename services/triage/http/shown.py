"""How a case is shown to people: a line in a list, and a page with everything on record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from schemas.cases import GateAnswer, Measure, ScopeItem
from schemas.clocks import RuleKind
from services.triage.domain.closing import OpenKind, Outcome
from services.triage.http.desk import Told

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
    kind: RuleKind = Field(description="Law, guidance or policy: only law is a legal duty.")
    confidence: str | None = Field(description="How sure we are of its rule; None: told before.")


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
