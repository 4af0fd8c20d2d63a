"""How a rule stands for a product by what happened, before asking whether the rule applies."""

from dataclasses import dataclass
from datetime import datetime

from schemas.clocks import Anchor, ClockState
from services.deadline_clock.domain.facts import CaseFacts, Surroundings
from services.deadline_clock.domain.rules import Rule


@dataclass(frozen=True, slots=True)
class Question:
    """A rule asked of a product: with its case's facts and what surrounds them.

    `first_day` is the instant from which the rule applies, or None where it always did.
    """

    rule: Rule
    product: str
    facts: CaseFacts
    surroundings: Surroundings
    first_day: datetime | None = None


@dataclass(frozen=True, slots=True)
class Met:
    """What a rule asks for happened: when, and by what."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer. `off_because` says why a rule does not reach these facts at all."""

    state: ClockState
    because: str
    anchor: Anchor | None = None
    announced: bool = True
    off_because: str | None = None
    decided_by: str | None = None
    reopen_trigger: str | None = None
    assumed: tuple[str, ...] = ()
    met: Met | None = None
    initial_load: bool = False
