"""At which points of a clock somebody is told: steps that hang on the time left."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

from schemas.clocks import Clock, ClockMode, ClockState, RuleKind, Severity
from services.deadline_clock.domain.calendars import Calendar
from services.deadline_clock.domain.rules import About, Rule, Unit

START = "start"
RUNNING = "running"
MOVED_EARLIER = "moved-earlier"
DEADLINE = "T+0"
_WORKING_DAY_BEFORE = "working-day-before"
_MORNING = time(9, 0)
"""When on the working day before people are told: the start of their day, not its last second."""

_BEFORE = re.compile(r"^T-(\d+)([mhd])$")
_LENGTHS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def length(text: str) -> timedelta:
    """Read a length such as `30m`, `12h` or `2d`."""
    return int(text[:-1]) * _LENGTHS[text[-1]]


class DraftState(IntEnum):
    """How far a clock's draft is, in the order in which it becomes so."""

    NONE = 0
    PREPARED = 1
    READY = 2
    APPROVED = 3

    @classmethod
    def named(cls, text: str) -> "DraftState":
        """Read the word of a pack or a row."""
        return cls[text.upper()]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a chain as its pack gives it.

    `draft_below`: told only while the draft has not come that far; None: always.
    """

    at: str
    severity: Severity
    targets: tuple[str, ...]
    ignore_ack: bool = False
    draft_below: DraftState | None = None

    def wanted(self, draft: DraftState) -> bool:
        """Whether it is told, the draft being as far as this. A deadline is told in any case."""
        return self.draft_below is None or draft < self.draft_below


@dataclass(frozen=True, slots=True)
class Repeat:
    """While late, every so long, until so long after the deadline."""

    every: timedelta
    until: timedelta


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps for the clocks of some kinds whose rules count in `unit`, up to `up_to` of it."""

    id: str
    steps: tuple[Step, ...]
    repeat: tuple[Repeat, ...] = ()
    kinds: tuple[RuleKind, ...] = ()
    unit: Unit | None = None
    up_to: int | None = None
    initial_load: bool = False

    def step(self, name: str) -> Step | None:
        """A step by its name."""
        return next((step for step in self.steps if step.at == name), None)

    def fits(self, rule: Rule) -> bool:
        """Whether it is for clocks of this rule."""
        if rule.kind not in self.kinds:
            return False
        if rule.period is None:
            return self.unit is None and self.up_to is None
        return self.unit in {None, rule.period.unit} and (
            self.up_to is None or rule.period.count <= self.up_to
        )


@dataclass(frozen=True, slots=True)
class Escalation:
    """The company's escalation policy."""

    about: About
    chains: tuple[Chain, ...]

    @property
    def id(self) -> str:
        """The id of its pack."""
        return self.about.id

    @property
    def version(self) -> str:
        """The version of its pack."""
        return self.about.version

    @property
    def kind(self) -> RuleKind:
        """A company's choice: never law."""
        return self.about.kind

    @property
    def reference(self) -> str:
        """Its pack and version."""
        return self.about.reference

    @property
    def sha256(self) -> str:
        """The digest of its text."""
        return self.about.sha256

    def chain(self, rule: Rule, *, initial_load: bool) -> Chain:
        """The chain for a clock: `initial_load` while it is provisional and began with one.

        Raises:
            LookupError: no chain fits; the pack reader refuses such a policy.
        """
        for chain in self.chains:
            if chain.initial_load if initial_load else chain.fits(rule):
                return chain
        raise LookupError(f"no escalation chain fits {rule.id}")


@dataclass(frozen=True, slots=True)
class Alarm:
    """A step of one clock with the instant at which it falls due."""

    step: Step
    due_at: datetime


def alarms(clock: Clock, chain: Chain, calendar: Calendar, zone: ZoneInfo) -> tuple[Alarm, ...]:
    """The steps that wait on time left, by time; those of one instant are one.

    Steps before the anchor do not exist: a period shorter than a step's distance has no such step.
    """
    if clock.anchor is None or clock.due_operational is None:
        return ()
    start, due = clock.anchor.at, clock.due_operational
    times: dict[datetime, Step] = {}
    for step in chain.steps:
        instant = _instant(step.at, start, due, calendar, zone)
        if instant is None or (instant <= start and step.at != DEADLINE):
            continue
        earlier = times.get(instant)
        times[instant] = step if earlier is None else merged(earlier, step)
    return tuple(Alarm(step, at) for at, step in sorted(times.items(), key=lambda item: item[0]))


def merged(earlier: Step, later: Step) -> Step:
    """One step for two of one instant: everybody of both is told, the stricter way of each.

    It has the name of the one that the chain gives last: the deadline is never renamed.
    """
    paging = Severity.PAGE in {earlier.severity, later.severity}
    limits = (earlier.draft_below, later.draft_below)
    return Step(
        later.at,
        Severity.PAGE if paging else later.severity,
        tuple(dict.fromkeys((*earlier.targets, *later.targets))),
        earlier.ignore_ack or later.ignore_ack,
        None if None in limits else max(each for each in limits if each is not None),
    )


def _instant(
    at: str, start: datetime, due: datetime, calendar: Calendar, zone: ZoneInfo
) -> datetime | None:
    if at == DEADLINE:
        return due
    if matched := _BEFORE.match(at):
        return due - length(matched[1] + matched[2])
    if at.endswith("%"):
        return start + (due - start) * (int(at[:-1]) / 100)
    if at == _WORKING_DAY_BEFORE:
        day = calendar.before(due.astimezone(zone).date())
        return datetime.combine(day, _MORNING, zone).astimezone(due.tzinfo)
    return None


def repetition(chain: Chain, due: datetime, after: datetime) -> Alarm | None:
    """When a late clock is told of again after `after`; None when it was told often enough."""
    deadline = chain.step(DEADLINE)
    if deadline is None:
        return None
    begin = timedelta()
    for repeat in chain.repeat:
        at = begin
        passed = after - due
        if passed >= begin:
            at += ((passed - begin) // repeat.every + 1) * repeat.every
        else:
            at += repeat.every
        if at <= repeat.until:
            name = f"T+{_spelled(at)}"
            return Alarm(
                Step(name, deadline.severity, deadline.targets, deadline.ignore_ack), due + at
            )
        begin = repeat.until
    return None


def _spelled(lapse: timedelta) -> str:
    minutes = int(lapse.total_seconds()) // 60
    hours, rest = divmod(minutes, 60)
    return f"{hours}h{rest}m" if hours and rest else f"{hours}h" if hours else f"{rest}m"


def severity(clock: Clock, step: Step) -> Severity:
    """Shadow clocks never page, whatever the chain says."""
    return step.severity if clock.mode is ClockMode.MANDATORY else Severity.TICKET


def told_now(clock: Clock, chain: Chain, name: str) -> Step | None:
    """The step that is told the moment it happens: a start, a confirmation, an earlier deadline.

    A provisional clock starts, a running one runs; one that waits for its anchor tells nobody yet.
    """
    if clock.due_operational is None and clock.state is not ClockState.RUNNING:
        return None
    if name == START and clock.state is ClockState.RUNNING:
        return chain.step(RUNNING) or chain.step(START)
    return chain.step(name)
