"""What a rule is: one obligation of a pack, as data, with its source and how sure we are of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from schemas.clocks import MetBy, RuleKind


class Status(StrEnum):
    """Whether a rule has force. Only `in_force`, `guidance` and `policy` start clocks."""

    IN_FORCE = "in_force"
    NOT_YET = "not_yet"
    PROPOSED = "proposed"
    REPEALED = "repealed"
    GUIDANCE = "guidance"
    POLICY = "policy"


class Regime(StrEnum):
    """Whose question applicability answers for a rule."""

    CRA = "cra"
    US_806 = "us_806"
    COMPANY = "company"


class Trigger(StrEnum):
    """What makes a rule ask for something."""

    EXPLOITATION = "exploitation"
    CORRECTION = "correction"
    RISK_BAND = "risk_band"


class AnchorName(StrEnum):
    """The fact a period runs from."""

    AWARE_AT = "aware_at"
    MEASURE_AVAILABLE_AT = "measure_available_at"
    INITIATED_AT = "initiated_at"
    ASSESSED_AT = "assessed_at"


class Unit(StrEnum):
    """What a period counts."""

    HOUR = "hour"
    CALENDAR_DAY = "calendar_day"
    MONTH = "month"
    WORKING_DAY = "working_day"


class CalendarName(StrEnum):
    """Whose public holidays count. `none` knows weekends only."""

    NONE = "none"
    EU_MEMBER_STATE = "eu_member_state"
    US_FEDERAL = "us_federal"


class Roll(StrEnum):
    """What happens to an end on a Saturday, Sunday or public holiday; hours never roll."""

    NONE = "none"
    NEXT_WORKING_DAY = "next_working_day"


class Ends(StrEnum):
    """When on its last day a period of days or months ends for us."""

    SAME_TIME = "same_time"
    END_OF_DAY = "end_of_day"


class Confidence(StrEnum):
    """How sure we are of a rule: read in a source, remembered, or our own reading."""

    VERIFIED = "verified"
    MEMORY = "memory"
    INTERPRETATION = "interpretation"


MAIN_ESTABLISHMENT = "main_establishment"
"""The zone of the Member State of the entity's main establishment, instead of an IANA name."""


@dataclass(frozen=True, slots=True)
class Period:
    """How long, counted in what, by whose calendar."""

    count: int
    unit: Unit
    calendar: CalendarName = CalendarName.NONE
    roll: Roll = Roll.NONE
    ends: Ends = Ends.SAME_TIME


@dataclass(frozen=True, slots=True)
class Rule:
    """One obligation. `pack` is `id@version`; `kind` is what stands behind it."""

    id: str
    pack: str
    kind: RuleKind
    label: str
    status: Status
    regime: Regime
    role: str
    trigger: Trigger
    anchor: AnchorName
    period: Period
    zone: str
    met_by: MetBy
    authority: str
    source: str
    confidence: Confidence
    applies_from: date | None = None
    applies_until: date | None = None
    stage: str | None = None
    template: str | None = None
    question: str | None = None
    band: str | None = None
    measure_kinds: tuple[str, ...] = ()
    coverage_percent: float = 100.0
    content: tuple[str, ...] = ()
    supersedes: str | None = None
    notes: str = ""

    @property
    def fires(self) -> bool:
        """Whether it starts clocks at all: what is proposed, repealed or not yet in force never."""
        return self.status in {Status.IN_FORCE, Status.GUIDANCE, Status.POLICY}


@dataclass(frozen=True, slots=True)
class Pack:
    """A versioned file of rules. `sha256` is that of its text: a changed file is a new version."""

    id: str
    version: str
    kind: RuleKind
    title: str
    source: str
    source_date: date
    owner: str
    review_on: date
    sha256: str
    rules: tuple[Rule, ...]

    @property
    def reference(self) -> str:
        """How a clock remembers it."""
        return f"{self.id}@{self.version}"


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The packs in force together."""

    packs: tuple[Pack, ...]

    def __iter__(self) -> Iterator[Rule]:
        return (rule for pack in self.packs for rule in pack.rules)

    def firing(self) -> tuple[Rule, ...]:
        """The rules that start clocks, in the order of their packs."""
        return tuple(rule for rule in self if rule.fires)

    def rule(self, name: str) -> Rule | None:
        """A rule by its id."""
        return next((rule for rule in self if rule.id == name), None)

    def pack(self, name: str) -> Pack | None:
        """A pack by its id."""
        return next((pack for pack in self.packs if pack.id == name), None)
