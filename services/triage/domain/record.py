"""Everything a case's people and neighbours have put on record, as decisions read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.cases import ExploitationVerdict, Measure, ScopeItem
from schemas.clocks import ClockMode, ClockState, RuleKind
from services.triage.domain.products import ProductState
from services.triage.domain.scope import HeldReport


@dataclass(frozen=True, slots=True)
class Met:
    """A signal that met one product of the case; `met_at` is when triage told so."""

    signal: str
    product: str
    held_at: datetime
    met_at: datetime


@dataclass(frozen=True, slots=True)
class Assessed:
    """A person's answer on exploitation in one product."""

    product: str
    verdict: ExploitationVerdict
    assessed_at: datetime


@dataclass(frozen=True, slots=True)
class IncidentAnswer:
    """A person's answer under one regime."""

    regime: str
    product: str
    assessed_at: datetime


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision on a question; `product` None answers it for every product."""

    decision: str
    question: str
    product: str | None
    outcome: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class SafetyEvent:
    """A device that reported harm or danger during a rollout: `event` is campaign and device."""

    product: str
    received_at: datetime
    event: str = ""


@dataclass(frozen=True, slots=True)
class HeldClock:
    """A clock as deadline-clock last gave it, with how sure it is of the rule."""

    clock: str
    label: str
    kind: RuleKind
    product: str | None
    mode: ClockMode
    state: ClockState
    due: datetime | None
    confidence: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether what its rule asks for is still to be done."""
        ended = {ClockState.MET, ClockState.SUPERSEDED, ClockState.NOT_APPLICABLE}
        return self.mode is not ClockMode.OFF and self.state not in ended

    @property
    def is_legal_duty(self) -> bool:
        """Whether it is law that binds: shadow clocks and company policy are not."""
        return self.mode is ClockMode.MANDATORY and self.kind is RuleKind.LAW


@dataclass(frozen=True, slots=True)
class HeldCampaign:
    """A campaign and where it stands: running, completed or aborted."""

    campaign: str
    product: str | None
    state: str


@dataclass(frozen=True, slots=True)
class ProductCoverage:
    """Devices of a product in a case's campaigns, and how many of them are verified."""

    product: str
    covered: int
    total: int


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case with all that decisions on it look at."""

    case: str
    opened_at: datetime
    items: tuple[ScopeItem, ...]
    products: Mapping[str, ProductState]
    met: tuple[Met, ...] = ()
    assessed: tuple[Assessed, ...] = ()
    incidents: tuple[IncidentAnswer, ...] = ()
    decided: tuple[Decided, ...] = ()
    reports: tuple[HeldReport, ...] = ()
    safety_events: tuple[SafetyEvent, ...] = ()
    measures: tuple[Measure, ...] = ()
    pathways: frozenset[tuple[str, str]] = frozenset()
    banded: frozenset[str] = frozenset()
    clocks: tuple[HeldClock, ...] = ()
    campaigns: tuple[HeldCampaign, ...] = ()
    coverage: tuple[ProductCoverage, ...] = ()
