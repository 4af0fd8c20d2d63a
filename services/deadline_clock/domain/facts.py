"""What this service holds of a case: facts that events stated, each once, in no particular order.

Facts only ever accumulate or are replaced by newer full state, so that two merged cases are the
union of their facts and a replay changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schemas.catalogue import EntityRegistered, ProductRegistered
from services.deadline_clock.domain.acts import (
    SUPPOSED,
    Filing,
    Initiation,
    Notice,
    Pathway,
    Request,
    SbomDuty,
    SbomReview,
)
from services.deadline_clock.domain.happenings import (
    Happening,
    IncidentAnswer,
    Report,
    SafetyEvent,
    of_report,
    of_safety_event,
)


@dataclass(frozen=True, slots=True)
class Signal:
    """Evidence of exploitation that bears on a product. `held_at`: we had signal and finding."""

    signal: str
    product: str
    source: str
    reporter: str
    held_at: datetime
    reported_at: datetime | None
    backfill: bool


@dataclass(frozen=True, slots=True)
class Assessment:
    """A person's answer to whether a product was exploited. `aware_at` is None on a no."""

    product: str
    exploited: bool
    aware_at: datetime | None
    assessed_at: datetime
    assessed_by: str
    ground: str
    evidence: tuple[str, ...] = ()
    reopen_trigger: str | None = None


@dataclass(frozen=True, slots=True)
class Risk:
    """The clinical risk band of a product, and since when it is this band without a break."""

    product: str
    band: str
    since: datetime
    assessed_at: datetime
    proposed: bool
    assessed_by: str | None
    ground: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's answer to a question, for one product or for all (None).

    `happened_at` is when what it answers happened, where the person stated that.
    """

    decision: str
    question: str
    product: str | None
    outcome: str
    ground: str
    decided_by: str
    decided_at: datetime
    reopen_trigger: str | None = None
    happened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MeasureState:
    """A measure as last stated."""

    measure: str
    kind: str
    products: tuple[str, ...]
    approved_by: str | None
    approved_at: datetime | None
    available_at: datetime | None


@dataclass(frozen=True, slots=True)
class Scope:
    """Whether any version of a product is affected or still unknown, and since when we held it."""

    product: str
    bears: bool
    held_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Closure:
    """How a case was closed."""

    ground: str
    closed_by: str
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """All facts of one case, with those of the cases that were merged into it (`absorbed`).

    `corrected` are assessments that a later one of the same product replaced, in that order.
    `inherited` are those of the case that it was split from: they count for a product of its own
    until a person assesses that anew.
    """

    case: str
    absorbed: tuple[str, ...] = ()
    inherited: tuple[Assessment, ...] = ()
    title: str = ""
    identifiers: tuple[str, ...] = ()
    scope: tuple[Scope, ...] = ()
    signals: tuple[Signal, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    corrected: tuple[Assessment, ...] = ()
    risks: tuple[Risk, ...] = ()
    decisions: tuple[Decision, ...] = ()
    measures: tuple[MeasureState, ...] = ()
    initiations: tuple[Initiation, ...] = ()
    filings: tuple[Filing, ...] = ()
    reports: tuple[Report, ...] = ()
    safety_events: tuple[SafetyEvent, ...] = ()
    incident_answers: tuple[IncidentAnswer, ...] = ()
    notices: tuple[Notice, ...] = ()
    requests: tuple[Request, ...] = ()
    pathways: tuple[Pathway, ...] = ()
    sbom_duties: tuple[SbomDuty, ...] = ()
    sbom_reviews: tuple[SbomReview, ...] = ()
    closure: Closure | None = None

    def products(self) -> tuple[str, ...]:
        """Every product that any fact names, sorted."""
        named = {each.product for each in self.scope}
        named |= {each.product for each in self.signals}
        named |= {each.product for each in self.assessments}
        named |= {each.product for each in self.risks}
        named |= {product for each in self.measures for product in each.products}
        named |= {each.product for each in self.initiations if each.product is not None}
        named |= {each.product for each in self.reports if each.product is not None}
        named |= {each.product for each in self.safety_events}
        named |= {each.product for each in self.sbom_duties}
        return tuple(sorted(named))

    def signals_of(self, product: str) -> tuple[Signal, ...]:
        """Evidence on one product, the earliest held first."""
        found = (each for each in self.signals if each.product == product)
        return tuple(sorted(found, key=lambda each: (each.held_at, each.signal)))

    def assessment(self, product: str) -> Assessment | None:
        """The standing assessment of a product: its own, or the one it had before a split."""
        known = (*self.assessments, *self.inherited)
        return next((each for each in known if each.product == product), None)

    def risk(self, product: str) -> Risk | None:
        """The standing risk band of a product."""
        return next((each for each in self.risks if each.product == product), None)

    def decision(self, question: str, product: str) -> Decision | None:
        """The last answer to a question for a product: its own, or one for all products."""
        found = [
            each
            for each in reversed(self.decisions)
            if each.question == question and each.product in {None, product}
        ]
        # Of answers of one instant the one recorded last comes first here, and max keeps it.
        return max(found, key=lambda each: each.decided_at, default=None)

    def decisions_on(self, question: str, product: str) -> tuple[Decision, ...]:
        """Every answer to a question for a product, in the order in which they were given."""
        mine = (
            each
            for each in self.decisions
            if each.question == question and each.product in {None, product}
        )
        return tuple(sorted(mine, key=lambda each: each.decided_at))

    def measures_of(self, product: str) -> tuple[MeasureState, ...]:
        """Measures for one product."""
        return tuple(each for each in self.measures if product in each.products)

    def happenings_of(self, product: str) -> tuple[Happening, ...]:
        """Incidents and safety events of a product, the first received first."""
        found = [each for report in self.reports if (each := of_report(report)) is not None]
        found += [of_safety_event(each) for each in self.safety_events]
        mine = (each for each in found if each.product == product)
        return tuple(sorted(mine, key=lambda each: (each.received_at, each.occurrence)))

    def notices_of(self, product: str, *kinds: str) -> tuple[Notice, ...]:
        """Notices on a product, of some kinds where any are named; the first sent first."""
        mine = (
            each
            for each in self.notices
            if each.product in {None, product} and (not kinds or each.kind in kinds)
        )
        return tuple(sorted(mine, key=lambda each: (each.sent_at, each.notice)))

    def waves_of(self, product: str) -> tuple[Initiation, ...]:
        """The waves that carried a measure to a product's devices."""
        return tuple(
            each
            for each in self.initiations
            if each.product in {None, product} and each.what != SUPPOSED
        )

    def supposed_initiation(self, product: str) -> Initiation | None:
        """The initiation of a correction that is supposed in the place of those on record."""
        supposed = (each for each in self.initiations if each.what == SUPPOSED)
        return next((each for each in supposed if each.product == product), None)

    def learned_at(self, product: str) -> datetime | None:
        """When we first held anything on a product: a finding, evidence, a report."""
        held = [each.held_at for each in self.scope if each.product == product and each.held_at]
        held += [each.held_at for each in self.signals if each.product == product]
        held += [each.received_at for each in self.reports if each.product == product]
        held += [each.received_at for each in self.safety_events if each.product == product]
        return min(held, default=None)

    def bears_on(self, product: str) -> bool:
        """Whether the case still bears on a product; one that no scope names is taken to."""
        return next((each.bears for each in self.scope if each.product == product), True)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a measure verifiably is on one product's devices: all cells together."""

    product: str
    total: int
    covered: int
    counted_at: datetime

    @property
    def percent(self) -> float:
        """Share of covered devices; without devices nothing is covered."""
        return 100 * self.covered / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What other streams say of a case's products: the catalogue and coverage.

    `lapsed` are products of the case for which day 30 or 60 of FDA's 2016 guidance has passed.
    """

    products: Mapping[str, ProductRegistered] = field(default_factory=dict)
    entities: Mapping[str, EntityRegistered] = field(default_factory=dict)
    coverage: Mapping[str, Coverage] = field(default_factory=dict)
    lapsed: frozenset[str] = frozenset()

    def entity_of(self, product: str) -> EntityRegistered | None:
        """The legal entity that makes a product, as far as the catalogue says."""
        found = self.products.get(product)
        return self.entities.get(found.entity) if found is not None else None
