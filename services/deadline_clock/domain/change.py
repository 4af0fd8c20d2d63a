"""A clock as this service keeps it, and one change of it: before, after, and what says so."""

from dataclasses import dataclass, field

from schemas.clocks import Clock, ClockEvent, ClockMode, ClockState
from services.deadline_clock.domain.identity import Subject

OPEN = frozenset(
    {
        ClockState.PROVISIONAL,
        ClockState.AWAITING_ANCHOR,
        ClockState.RUNNING,
        ClockState.LATE,
    }
)
"""States in which a clock still asks for something."""


Slot = tuple[str, str, str, str]
"""What a clock is the clock of, inside its case: rule, entity, product or country, occurrence."""


def slot(rule: str, subject: Subject) -> Slot:
    """The place of a clock in its case. A product keeps its clocks where its maker changes."""
    entity = subject.entity or "" if subject.product is None else ""
    return (rule, entity, subject.about, subject.occurrence)


@dataclass(frozen=True, slots=True)
class Held:
    """A clock as this service keeps it: what the world sees, and what only we need."""

    clock: Clock
    occurrence: str
    initial_load: bool = False
    because: str = ""
    decided_by: str | None = None
    reopen_trigger: str | None = None

    @property
    def open(self) -> bool:
        """Whether it still asks for something."""
        return self.clock.state in OPEN

    @property
    def slot(self) -> Slot:
        """What it is the clock of, inside its case."""
        return slot(self.clock.rule, self.subject)

    @property
    def subject(self) -> Subject:
        """Whose obligation it is."""
        clock = self.clock
        return Subject(clock.entity, clock.product, clock.member_state, self.occurrence)


@dataclass(frozen=True, slots=True)
class Change:
    """A clock before and after, and the events that say so, in order."""

    before: Held | None
    after: Held
    events: tuple[ClockEvent, ...] = field(default=())

    @property
    def earlier(self) -> bool:
        """Whether the deadline moved earlier while the clock was ticking before and after."""
        if self.before is None or not self.before.open or not self.after.open:
            return False
        was, is_now = self.before.clock.due_operational, self.after.clock.due_operational
        return was is not None and is_now is not None and is_now < was

    @property
    def begins(self) -> bool:
        """Whether it asks for something from now on that it did not ask for before.

        What was shown as no legal duty asked for nothing: once it binds, it begins.
        """
        was = self.before
        shadow = was is not None and was.clock.mode is ClockMode.SHADOW
        binds = shadow and self.after.clock.mode is ClockMode.MANDATORY
        return _asks(self.after) and (binds or not _asks(was))

    @property
    def confirmed(self) -> bool:
        """Whether a person's confirmation made it run."""
        return (
            self.before is not None
            and self.before.clock.state is ClockState.PROVISIONAL
            and self.after.clock.state in {ClockState.RUNNING, ClockState.LATE}
        )

    @property
    def news(self) -> bool:
        """Whether live evidence joined a clock that an initial load had started."""
        return (
            self.before is not None
            and self.before.initial_load
            and not self.after.initial_load
            and self.after.clock.state is ClockState.PROVISIONAL
        )

    @property
    def rearms(self) -> bool:
        """Whether its alarms have to be set anew."""
        if self.before is None:
            return self.after.open
        was, now = self.before.clock, self.after.clock
        return (
            (was.due_operational, was.anchor and was.anchor.at, self.before.open)
            != (now.due_operational, now.anchor and now.anchor.at, self.after.open)
            or (was.state is ClockState.PROVISIONAL) != (now.state is ClockState.PROVISIONAL)
            or (was.mode is ClockMode.MANDATORY) != (now.mode is ClockMode.MANDATORY)
            or self.before.initial_load != self.after.initial_load
        )


def _asks(held: Held | None) -> bool:
    """Whether somebody has to act: by a deadline, or (where the law has no number) at all."""
    if held is None or not held.open:
        return False
    return held.clock.due_operational is not None or held.clock.state is ClockState.RUNNING
