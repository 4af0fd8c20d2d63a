"""What deadline-clock answers over HTTP."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from schemas.clocks import Clock, RuleKind, Severity
from services.deadline_clock.domain.rules import (
    AnchorName,
    CalendarName,
    Confidence,
    Ends,
    Regime,
    Roll,
    Status,
    Trigger,
    Unit,
)


class View(BaseModel):
    """The base of what is answered."""

    model_config = ConfigDict(frozen=True)


class ClockView(Clock):
    """A clock with why it stands so, and how sure we are of its rule."""

    because: str = Field(description="What brought it to its state, in words.")
    decided_by: str | None = Field(default=None, description="The person, where one decided.")
    reopen_trigger: str | None = Field(default=None, description="What would bring it back.")
    initial_load: bool = Field(description="Began with an initial load and is not assessed yet.")
    source: str | None = Field(default=None, description="Source of the rule.")
    confidence: Confidence | None = Field(default=None, description="How sure we are of the rule.")
    next_step_at: datetime | None = Field(default=None, description="When somebody is told next.")


class HistoryLine(View):
    """One change of a clock, with the clock as it was after it."""

    at: datetime
    events: tuple[str, ...]
    because: str
    decided_by: str | None
    cause: str | None = Field(description="Id of the event or timer it follows from.")
    clock: Clock


class AlarmView(View):
    """One escalation step: armed, fired or taken back."""

    step: str
    due_at: datetime
    severity: Severity
    state: str
    fired_at: datetime | None


class ClockDetail(ClockView):
    """A clock with its whole history and every alarm."""

    history: tuple[HistoryLine, ...]
    alarms: tuple[AlarmView, ...]


class RuleView(View):
    """A rule with its source and how sure we are of it."""

    id: str
    label: str
    kind: RuleKind
    status: Status
    fires: bool = Field(description="Whether it starts clocks: proposals never do.")
    regime: Regime
    role: str
    trigger: Trigger
    stage: str | None
    anchor: AnchorName
    period: int
    unit: Unit
    calendar: CalendarName
    roll: Roll
    ends: Ends
    zone: str
    met_by: str
    applies_from: date | None
    applies_until: date | None
    content: tuple[str, ...]
    template: str | None
    authority: str
    source: str
    confidence: Confidence
    supersedes: str | None
    notes: str


class PackView(View):
    """A pack: law, guidance and policy are never in one."""

    id: str
    version: str
    kind: RuleKind
    title: str
    source: str
    source_date: date
    owner: str
    review_on: date
    sha256: str
    rules: int


class PackDetail(PackView):
    """A pack with its rules."""

    content: tuple[RuleView, ...]


class DueView(View):
    """When a rule's period ends from an anchor, counted step by step."""

    rule: str
    pack: str
    kind: RuleKind
    anchor: datetime
    due_operational: datetime
    due_legal_outer: datetime
    zone: str
    country: str | None
    assumed: tuple[str, ...]
    reasoning: tuple[str, ...]


class ReconcileView(View):
    """What deciding everything anew finds; it must find nothing."""

    service: str
    cases: int = Field(description="How many cases were decided anew.")
    differences: tuple[str, ...]
