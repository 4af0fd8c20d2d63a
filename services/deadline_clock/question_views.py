"""What deadline-clock answers to questions of why, of who knew, and of what if."""

from datetime import datetime
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from schemas.clocks import Anchor, Clock, ClockMode, ClockState, RuleKind
from services.deadline_clock.domain.rules import Confidence, Status
from services.deadline_clock.views import OpenPointView


class Answer(BaseModel):
    """The base of what is answered, read from the decisions' own values."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class AssumedView(Answer):
    """A fact taken on the stricter side, and what settles it."""

    what: str
    settled_by: str = Field(description="What somebody has to state, and where.")


class PlatformView(Answer):
    """The reporting platform's own counter, shown beside the law's deadline."""

    due: datetime
    words: str


class ExplainedView(Answer):
    """One rule on one product: how it stands and why, or why it did not start."""

    product: str
    rule: str
    label: str
    pack: str
    kind: RuleKind
    status: Status
    authority: str
    source: str
    confidence: Confidence = Field(description="How sure we are of the rule.")
    clock: str | None = Field(description="None where the rule did not start.")
    mode: ClockMode
    mode_reason: str = Field(description="Why, with the article.")
    state: ClockState | None
    late: bool
    anchor: Anchor | None
    due_operational: datetime | None
    due_operational_local: datetime | None
    due_legal_outer: datetime | None = Field(description="Of law only; None for the rest.")
    due_legal_outer_local: datetime | None
    zone: str | None
    reasoning: tuple[str, ...] = Field(description="How it was counted, step by step.")
    platform: PlatformView | None = Field(description="The platform's own counter, never the law.")
    assumed: tuple[AssumedView, ...]
    because: str | None
    decided_by: str | None
    reopen_trigger: str | None
    why_not: str | None = Field(description="Why it did not start: off, or what it waits for.")
    starts_when: str
    stops_when: str
    notes: str
    open_points: tuple[OpenPointView, ...] = Field(
        description="What nobody has settled about the rule, and how it is read meanwhile."
    )


class UnansweredView(Answer):
    """An authority's request that started no clock, why, and how to have one."""

    request: str
    authority: str
    rule: str | None
    received_at: datetime
    due_at: datetime | None
    because: str
    mend: str


class ExplanationView(Answer):
    """Every firing rule of every pack on every product of a case."""

    case: str
    as_of: datetime | None = Field(description="The instant asked about; None is now.")
    rules: tuple[ExplainedView, ...]
    unanswered: tuple[UnansweredView, ...] = Field(
        description="Requests of authorities that started no clock: nobody is woken for them."
    )


class KnownView(Answer):
    """Something that somebody knew, or could have."""

    at: datetime
    product: str
    entity: str | None
    what: str
    who: str
    evidence: str
    corrected: bool = Field(description="A later answer replaced it; both are kept.")


class AwareView(Answer):
    """Awareness of one entity under one regime, or that nobody has set it."""

    regime: str
    test: str = Field(description="When one is aware under this regime.")
    product: str
    entity: str | None
    anchor: Anchor | None
    words: str
    former: tuple[str, ...] = Field(description="What was set before, with who set it.")


class AwarenessView(Answer):
    """The awareness ledger of a case."""

    case: str
    known: tuple[KnownView, ...]
    aware: tuple[AwareView, ...]


class Supposition(BaseModel):
    """What is supposed, of one case or of all: at least one instant, pack or country."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: str | None = Field(default=None, description="A case; left out, all of them by pages.")
    after: str = Field(default="", description="`next` of the page before, when asking of all.")
    limit: int = Field(default=100, ge=1, le=200, description="Cases a page, when asking of all.")
    aware_at: AwareDatetime | None = Field(default=None, description="Awareness, with its zone.")
    measure_available_at: AwareDatetime | None = Field(
        default=None, description="When a measure is available, with its zone."
    )
    initiated_at: AwareDatetime | None = Field(
        default=None, description="When a correction or removal is initiated, with its zone."
    )
    regime: Literal["eu_mdr", "eu_ivdr", "us_803", "cra", "nis2"] | None = Field(
        default=None, description="Awareness of incidents under this regime; else of exploitation."
    )
    product: str | None = Field(default=None, description="Limit the instants to one product.")
    country: str | None = Field(default=None, description="Member State of main establishment.")
    pack: str | None = Field(
        default=None, max_length=500_000, description="A pack of rules, as YAML."
    )
    pack_name: str = Field(default="pack", description="How faults name the pack: its file.")

    @model_validator(mode="after")
    def _supposes_something(self) -> Self:
        instants = (self.aware_at, self.measure_available_at, self.initiated_at)
        given = (*instants, self.country, self.pack)
        if all(each is None for each in given):
            raise ValueError(
                "nothing is supposed: give aware_at, measure_available_at, initiated_at, country "
                "or pack"
            )
        return self


class StepMoveView(Answer):
    """An escalation step that would be armed, taken back, or fire at once."""

    step: str
    due_at: datetime
    what: str


class MovedView(Answer):
    """A clock that would move, with its steps and its draft."""

    before: Clock | None = Field(description="None where it would begin.")
    after: Clock
    because: str
    steps: tuple[StepMoveView, ...]
    draft: str | None = Field(description="What becomes of the draft of its template.")


class WhatIfView(Answer):
    """What would move. Nothing was written."""

    cases: int = Field(description="How many cases this page looked at.")
    moved: tuple[MovedView, ...]
    next: str | None = Field(description="`after` of the next page; None on the last.")
