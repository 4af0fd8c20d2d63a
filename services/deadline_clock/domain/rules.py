"""What a rule is: one obligation of a pack, as data, with its source and how sure we are of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from schemas.clocks import MetBy, RuleKind
from services.deadline_clock.domain.calendar_editions import LATEST
from services.deadline_clock.domain.terms import (
    MAIN_ESTABLISHMENT,
    AnchorName,
    Bound,
    CalendarName,
    Confidence,
    Ends,
    Fact,
    Regime,
    Roll,
    Status,
    Trigger,
    Unit,
)

__all__ = [
    "MAIN_ESTABLISHMENT",
    "About",
    "AnchorName",
    "CalendarName",
    "Condition",
    "Confidence",
    "Ends",
    "OpenPoint",
    "Pack",
    "Period",
    "PlatformCounter",
    "Regime",
    "Roll",
    "Rule",
    "RuleBook",
    "Status",
    "Trigger",
    "Unit",
]


@dataclass(frozen=True, slots=True)
class Period:
    """How long, counted in what, by whose calendar and which edition of the calendars."""

    count: int
    unit: Unit
    calendar: CalendarName = CalendarName.NONE
    roll: Roll = Roll.NONE
    ends: Ends = Ends.SAME_TIME
    bound: Bound = Bound.AT_MOST
    edition: str = LATEST

    @property
    def words(self) -> str:
        """Such as `10 working days`."""
        unit = self.unit.value.replace("_", " ")
        return f"{self.count} {unit}{'' if self.count == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Condition:
    """A fact that must be one of some values for a rule to ask for anything."""

    fact: Fact
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlatformCounter:
    """What a reporting platform counts down by itself, beside the law: shown, never relied on."""

    platform: str
    hours: int
    from_filing_of: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One obligation. `pack` is `id@version`; `kind` is what stands behind it.

    `period` is None where no number of hours, days or months is set: `soft_limb` then says in words
    when it is due. `varies` names the rule that a national one stands beside, in `countries` only.
    """

    id: str
    pack: str
    kind: RuleKind
    label: str
    status: Status
    regime: Regime
    role: str
    trigger: Trigger
    anchor: AnchorName
    period: Period | None
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
    soft_limb: str | None = None
    anchor_rule: str | None = None
    countries: tuple[str, ...] = ()
    varies: str | None = None
    conditions: tuple[Condition, ...] = ()
    platform_counter: PlatformCounter | None = None

    @property
    def fires(self) -> bool:
        """Whether it starts clocks at all: what is proposed, repealed or not yet in force never."""
        return self.status in {Status.IN_FORCE, Status.GUIDANCE, Status.POLICY}

    @property
    def limits(self) -> bool:
        """Whether its end is a limit of law: guidance, policy and what is proposed set none."""
        return self.kind is RuleKind.LAW and self.status is not Status.PROPOSED

    @property
    def period_words(self) -> str:
        """How long it gives, in words."""
        return self.period.words if self.period is not None else "no number"


@dataclass(frozen=True, slots=True)
class About:
    """The head of a pack that holds no rules: the escalation policy's."""

    id: str
    version: str
    kind: RuleKind
    title: str
    source: str
    source_date: date
    owner: str
    review_on: date
    sha256: str

    @property
    def reference(self) -> str:
        """How it is remembered."""
        return f"{self.id}@{self.version}"


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """What nobody has settled yet, and how it is read until somebody does."""

    point: str
    reading: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """A versioned file of rules. `sha256` is that of its text: a changed file is a new version.

    `calendars` is the edition of public holidays that its rules are counted by.
    """

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
    calendars: str = LATEST
    open_points: tuple[OpenPoint, ...] = ()

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

    def variations(self, rule: Rule) -> tuple[Rule, ...]:
        """The national rules that stand beside this one, whatever the country."""
        return tuple(each for each in self if each.varies == rule.id and each.fires)

    def open_points(self, rule: Rule) -> tuple[OpenPoint, ...]:
        """What is not settled about a rule."""
        points = (point for pack in self.packs for point in pack.open_points)
        return tuple(point for point in points if rule.id in point.rules)
