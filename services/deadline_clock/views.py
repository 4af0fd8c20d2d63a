"""What deadline-clock answers over HTTP."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from schemas.clocks import Clock, RuleKind, Severity
from services.deadline_clock.domain.terms import (
    AnchorName,
    Bound,
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


class OpenPointView(View):
    """What nobody has settled yet, and how it is read until somebody does."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    point: str
    reading: str
    rules: tuple[str, ...]


class RuleView(View):
    """A rule with its source and how sure we are of it."""

    id: str
    label: str
    kind: RuleKind
    confidence: Confidence
    status: Status
    basis: str = Field(description="Law, whose law, or no law at all.")
    fires: bool = Field(description="Whether it may start clocks: proposals never do.")
    started: bool = Field(description="Whether facts start it already.")
    by_request: bool = Field(description="Whether an authority's request that names it does.")
    regime: Regime
    role: str
    countries: tuple[str, ...] = Field(description="Whose national rule it is; empty: the Union's.")
    varies: str | None = Field(description="The rule that a national one stands beside.")
    trigger: Trigger
    conditions: dict[str, tuple[str, ...]] = Field(description="Facts and values it needs besides.")
    stage: str | None
    anchor: AnchorName
    anchor_rule: str | None = Field(description="Whose filing it runs from.")
    period: int | None = Field(description="None where no number is set: see soft_limb.")
    unit: Unit | None
    calendar: CalendarName | None
    roll: Roll | None
    ends: Ends | None
    bound: Bound | None = Field(description="at_least: a minimum to keep, not a date to act by.")
    soft_limb: str | None = Field(description="When it is due in words.")
    zone: str
    met_by: str
    applies_from: date | None
    applies_until: date | None
    content: tuple[str, ...]
    template: str | None
    authority: str
    source: str
    platform_counter: str | None = Field(description="What a platform counts beside the law.")
    supersedes: str | None
    notes: str


class CalendarsView(View):
    """The public holidays that a pack is counted by."""

    edition: str
    package: str = Field(description="The package and version that they were taken from.")
    sha256: str


class PackView(View):
    """A pack: law, guidance and policy are never in one."""

    id: str
    version: str
    kind: RuleKind
    basis: str = Field(description="Its kind; proposals are no law.")
    title: str
    rules: int
    firing: int = Field(description="How many of its rules may start clocks.")
    source: str
    source_date: date
    owner: str
    review_on: date
    sha256: str
    calendars: CalendarsView | None
    origin: Literal["packaged", "company file", "applied"]
    proposed_by: str | None = None
    approved_by: str | None = None
    in_force_since: datetime | None = Field(
        default=None, description="Of an applied pack: when it was approved."
    )
    beneath: str | None = Field(
        default=None, description="The installation's pack of the same id that it stands in for."
    )


class ChainView(View):
    """A chain of the escalation policy: for which clocks, and who is told when."""

    id: str
    kinds: tuple[RuleKind, ...]
    unit: Unit | None
    up_to: int | None
    initial_load: bool
    steps: tuple[str, ...]


class PackDetail(PackView):
    """A pack with its rules, and with what is not settled about them; or with its chains."""

    content: tuple[RuleView, ...] = ()
    open_points: tuple[OpenPointView, ...] = ()
    chains: tuple[ChainView, ...] = ()


def _second(at: datetime) -> datetime:
    """UTC to the second; a fraction is cut: a deadline never moves later by being printed."""
    return at.astimezone(UTC).replace(microsecond=0)


Second = Annotated[datetime, AfterValidator(_second)]


class BesideView(View):
    """What else may be counted for the same duty: a national rule, an argument, a platform."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    rule: str
    basis: str
    due: Second | None
    compared: str = Field(description="earlier, later, same or unknown, beside this rule's.")
    words: str


class DueView(View):
    """When a rule's period ends from an anchor, counted step by step."""

    rule: str
    pack: str
    anchor: Second | None = Field(description="None while the rule waits for it.")
    due_operational: Second | None = Field(description="None without an anchor or a number.")
    due_legal_outer: Second | None = Field(description="Of law only; None for the rest.")
    state: Literal["counted", "awaiting_anchor", "no_number"]
    runs_from: str = Field(description="The fact its period runs from.")
    label: str
    kind: RuleKind
    status: Status
    basis: str = Field(description="Law, whose law, directive default, or no law at all.")
    authority: str
    source: str
    confidence: Confidence
    zone: str
    country: str | None
    calendars: str | None = Field(description="The edition of public holidays.")
    assumed: tuple[str, ...]
    reasoning: tuple[str, ...]
    beside: tuple[BesideView, ...]
    open_points: tuple[OpenPointView, ...]


class ReconcileView(View):
    """What deciding everything anew finds; it must find nothing."""

    service: str
    cases: int = Field(description="How many cases were decided anew.")
    differences: tuple[str, ...]
