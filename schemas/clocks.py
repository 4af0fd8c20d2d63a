"""Stream `clocks`: obligations and their deadlines. Only deadline-clock writes it.

A clock's *mode* (from applicability) and its *state* (where it stands) are different things.
"""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from schemas.event import Event, Instant, Name, Value


class ClockMode(StrEnum):
    """Whether an obligation binds: a shadow clock is shown and labelled 'not a legal duty'."""

    MANDATORY = "mandatory"
    SHADOW = "shadow"
    OFF = "off"


class ClockState(StrEnum):
    """Where a clock stands."""

    PROVISIONAL = "provisional"
    AWAITING_ANCHOR = "awaiting_anchor"
    RUNNING = "running"
    MET = "met"
    LATE = "late"
    SUPERSEDED = "superseded"
    NOT_APPLICABLE = "not_applicable"


class RuleKind(StrEnum):
    """What stands behind a rule. Guidance and policy are never shown as law."""

    LAW = "law"
    GUIDANCE = "guidance"
    POLICY = "policy"


class MetBy(StrEnum):
    """What ends a clock. An acknowledgement never does."""

    FILING = "filing"
    NOTICE = "notice"
    MEASURE_AVAILABLE = "measure_available"
    FIX_DISTRIBUTED = "fix_distributed"
    COVERAGE = "coverage"
    DECISION = "decision"


class Anchor(Value):
    """The instant a period runs from: which fact, when, who set it, on what evidence."""

    name: Name = Field(
        description="signal_held_at, aware_at, measure_available_at, initiated_at, ..."
    )
    at: Instant = Field(description="The instant.")
    set_by: Name = Field(description="The person, or the service that computed it.")
    set_at: Instant = Field(description="When it was set.")
    evidence: str = Field(default="", description="What it rests on.")
    note: str | None = Field(
        default=None, description="Such as 'counting approval is interpretation'."
    )


class Clock(Value):
    """One obligation and its deadline, as full state."""

    clock: Name = Field(description="Id: rule, entity, product, case and occurrence.")
    case: Name = Field(description="The case.")
    rule: Name = Field(description="Rule id, such as `cra.aev.early_warning`.")
    pack: Name = Field(description="Pack and version, such as `cra@2026.11.21`.")
    kind: RuleKind = Field(description="Law, guidance or policy.")
    label: Name = Field(description="Short name for people, such as `CRA 24 h early warning`.")
    authority: Name = Field(description="Article, section or policy document.")
    confidence: str | None = Field(
        default=None, description="How sure we are of the rule: verified, memory, interpretation."
    )
    stage: str | None = Field(default=None, description="Filing stage, such as early_warning.")
    met_by: MetBy = Field(description="What ends it.")
    product: str | None = Field(default=None, description="The product.")
    entity: str | None = Field(default=None, description="The legal entity.")
    member_state: str | None = Field(default=None, description="For NIS2.")
    mode: ClockMode = Field(description="Whether it binds.")
    mode_reason: Name = Field(description="Why, in words, with the article.")
    assumed: tuple[str, ...] = Field(default=(), description="Facts assumed on the stricter side.")
    state: ClockState = Field(description="Where it stands.")
    late: bool = Field(default=False, description="The deadline passed unmet; stays true for ever.")
    anchor: Anchor | None = Field(default=None, description="None while awaiting one.")
    due_operational: Instant | None = Field(
        default=None, description="What alerts use; never later than the law."
    )
    due_legal_outer: Instant | None = Field(
        default=None, description="The law's last moment; shown."
    )
    recipient: str | None = Field(
        default=None,
        description="Whom a filing goes to, by which step of CRA Article 14(7); None elsewhere.",
    )
    zone: Name = Field(default="UTC", description="IANA zone the period is counted in.")
    template: str | None = Field(default=None, description="Draft template that meets it.")
    title: str = Field(default="", description="The case's title.")
    identifiers: tuple[str, ...] = Field(default=(), description="The case's identifiers.")
    started_at: Instant = Field(description="When this clock began to exist.")
    met_at: Instant | None = Field(default=None, description="When it was met.")
    drill: bool = Field(
        default=False, description="An exercise: nothing of it is real, nothing of it is filed."
    )


class ClockEvent(Event):
    """A fact about one clock, with its full state after it."""

    TOPIC: ClassVar[str] = "clocks"

    clock: Clock = Field(description="The clock as it is now.")

    @property
    def key(self) -> str:
        """The case."""
        return self.clock.case


class ClockStarted(ClockEvent):
    """A clock exists: provisional, awaiting its anchor, or running."""

    TYPE: ClassVar[str] = "clock.started.v1"

    because: Name = Field(description="What started it.")
    digest_of: tuple[str, ...] = Field(
        default=(), description="Cases of an initial load told in one page; empty for a single one."
    )


class ClockMoved(ClockEvent):
    """A clock's state, mode, anchor or deadline changed."""

    TYPE: ClassVar[str] = "clock.moved.v1"

    previous_state: ClockState = Field(description="State before.")
    previous_due: Instant | None = Field(default=None, description="Operational deadline before.")
    because: Name = Field(description="Why.")


class Severity(StrEnum):
    """How somebody is told: a page wakes a person, a ticket waits for one."""

    PAGE = "page"
    TICKET = "ticket"


class ClockEscalated(ClockEvent):
    """An escalation step was reached: somebody must be told."""

    TYPE: ClassVar[str] = "clock.escalated.v1"

    step: Name = Field(description="Step id, such as `start`, `T-12h`, `T+0`.")
    severity: Severity = Field(description="Page or ticket; shadow clocks never page.")
    targets: tuple[str, ...] = Field(description="Roster targets, in order.")
    ignore_ack: bool = Field(
        default=False, description="Told even where an earlier step is acknowledged."
    )
    remaining_seconds: int | None = Field(
        default=None, description="Time left; negative when late."
    )
    stops_when: Name = Field(description="What ends the clock, in words.")
    next_step_at: Instant | None = Field(default=None, description="When the next step falls due.")
    next_step: str | None = Field(default=None, description="Which step that is, such as `T-2h`.")
    next_targets: tuple[str, ...] = Field(
        default=(), description="Roster targets that the next step tells."
    )
    due_local: str | None = Field(
        default=None,
        description="The operational deadline in the clock's zone: `2026-12-07T23:59:59-05:00`.",
    )
    cases: tuple[str, ...] = Field(
        default=(), description="Cases of an initial load, told at once."
    )


class ClockLate(ClockEvent):
    """The operational deadline passed unmet."""

    TYPE: ClassVar[str] = "clock.late.v1"

    late_at: Instant = Field(description="The deadline that passed.")


class ClockMet(ClockEvent):
    """What the rule asks for happened, in time or late."""

    TYPE: ClassVar[str] = "clock.met.v1"

    by: Name = Field(description="The filing, notice, measure or decision.")


class ClockEnded(ClockEvent):
    """A clock ended without being met: superseded, or not applicable by decision."""

    TYPE: ClassVar[str] = "clock.ended.v1"

    because: Name = Field(description="The ground.")
    decided_by: str | None = Field(default=None, description="The person, where one decided.")
    reopen_trigger: str | None = Field(default=None, description="What would bring it back.")
