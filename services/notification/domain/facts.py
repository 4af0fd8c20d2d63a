"""Holds what notification knows of a case when it prepares a draft, each fact with its source."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

from schemas.campaigns import CampaignPlanned, CoverageChanged
from schemas.cases import CaseScoped, ExploitationAssessed, Measure, RiskAssessed
from schemas.catalogue import EntityRegistered, ProductRegistered
from schemas.clocks import Clock
from schemas.drafts import NoticeSent
from schemas.findings import VulnerabilityDescribed
from services.notification.domain.template import Status

FactT_co = TypeVar("FactT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from: an event, a person, the template itself, or other fields."""

    kind: Literal["event", "person", "template", "composed"]
    ref: str
    at: datetime
    what: str = ""


@dataclass(frozen=True, slots=True)
class Held(Generic[FactT_co]):
    """A fact as its owner published it, with the event that carried it."""

    fact: FactT_co
    source: Source


@dataclass(frozen=True, slots=True)
class Answer:
    """What the facts say of one field. A known one has a value and a source; others a reason."""

    status: Status
    value: str | tuple[str, ...] | None = None
    source: Source | None = None
    reason: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """Everything a draft of one clock may draw on; None where we do not hold it."""

    clock: Held[Clock]
    now: datetime
    case: Held[CaseScoped] | None = None
    vulnerability: Held[VulnerabilityDescribed] | None = None
    product: Held[ProductRegistered] | None = None
    entity: Held[EntityRegistered] | None = None
    assessment: Held[ExploitationAssessed] | None = None
    risk: Held[RiskAssessed] | None = None
    measures: tuple[Held[Measure], ...] = ()
    campaigns: tuple[Held[CampaignPlanned], ...] = ()
    coverage: tuple[Held[CoverageChanged], ...] = ()
    notices: tuple[Held[NoticeSent], ...] = ()


def known(value: str | tuple[str, ...], source: Source) -> Answer:
    """A value that a source states."""
    return Answer(Status.KNOWN, value, source)


def unknown(reason: str) -> Answer:
    """A visible gap."""
    return Answer(Status.UNKNOWN, reason=reason)


def not_applicable(reason: str, source: Source) -> Answer:
    """A field that a held fact makes pointless."""
    return Answer(Status.NOT_APPLICABLE, source=source, reason=reason)
