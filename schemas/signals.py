"""Streams `signals` and `vulnerability-reports`: evidence of exploitation and incidents."""

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from schemas.event import Event, Instant, Name


class SignalSource(StrEnum):
    """Where evidence of exploitation comes from."""

    KEV = "kev"
    SSVC = "ssvc"
    VENDOR = "vendor"
    CUSTOMER = "customer"
    INTELLIGENCE = "intelligence"


class ExploitationReported(Event):
    """Somebody reports that a vulnerability is exploited: evidence that asks a person.

    It is never the legal trigger by itself. `received_at` is when *we* first held it; `reported_at`
    is the source's own date and starts no clock.
    """

    TYPE: ClassVar[str] = "exploitation.reported.v1"
    TOPIC: ClassVar[str] = "signals"

    signal: Name = Field(
        description="Id of this piece of evidence; the same evidence has the same id."
    )
    identifier: Name = Field(description="CVE or alias it speaks of.")
    source: SignalSource = Field(description="Kind of source.")
    reporter: Name = Field(description="Catalogue, integration or report that says so.")
    reported_at: Instant | None = Field(default=None, description="The source's own date.")
    received_at: Instant = Field(description="First instant at which we held it.")
    backfill: bool = Field(default=False, description="Part of an initial load: history, not news.")
    product: str | None = Field(
        default=None, description="Where it speaks of one of our products: that product."
    )
    site: str | None = Field(default=None, description="Where it was seen, if a customer says so.")
    evidence: str = Field(default="", description="What was seen, in words.")
    ransomware: bool | None = Field(default=None, description="Known ransomware use, where stated.")

    @property
    def key(self) -> str:
        """The identifier."""
        return self.identifier


class ExploitationWithdrawn(Event):
    """A source took its evidence of exploitation back (a catalogue dropped the entry)."""

    TYPE: ClassVar[str] = "exploitation.withdrawn.v1"
    TOPIC: ClassVar[str] = "signals"

    signal: Name = Field(description="Id of the evidence taken back.")
    identifier: Name = Field(description="CVE or alias it spoke of.")
    source: SignalSource = Field(description="Kind of source.")
    withdrawn_at: Instant = Field(description="When we learned it.")

    @property
    def key(self) -> str:
        """The identifier."""
        return self.identifier


class ScoreObserved(Event):
    """A daily exploit prediction score (EPSS); never a legal trigger, only on the bulk lane."""

    TYPE: ClassVar[str] = "score.observed.v1"
    TOPIC: ClassVar[str] = "signals"

    identifier: Name = Field(description="CVE.")
    model: Name = Field(description="Such as `epss-v4`.")
    probability: float = Field(ge=0, le=1, description="Within 30 days.")
    percentile: float = Field(ge=0, le=1, description="Among all scored.")
    observed_on: date = Field(description="The day it holds for.")

    @property
    def key(self) -> str:
        """The identifier."""
        return self.identifier


class ReportKind(StrEnum):
    """Who reports a vulnerability."""

    RESEARCHER = "researcher"
    CUSTOMER = "customer"
    SCAN = "scan"
    INTELLIGENCE = "threat_intelligence"


class ReportReceived(Event):
    """A report of a vulnerability, with or without an identifier; the reporter is a reference."""

    TYPE: ClassVar[str] = "report.received.v1"
    TOPIC: ClassVar[str] = "vulnerability-reports"

    report: Name = Field(description="The report's id.")
    kind: ReportKind = Field(description="Who reports.")
    title: Name = Field(description="Title.")
    summary: str = Field(default="", description="In words; no personal data.")
    identifiers: tuple[str, ...] = Field(default=(), description="CVE or other ids, if any.")
    product: str | None = Field(default=None, description="Product it concerns, if known.")
    version: str | None = Field(default=None, description="Version it concerns, if known.")
    site: str | None = Field(default=None, description="Site it comes from, if known.")
    exploited: bool = Field(default=False, description="The reporter saw exploitation.")
    reporter: str | None = Field(default=None, description="Reference to the erasable contact row.")
    occurred_at: Instant | None = Field(default=None, description="When it was seen.")
    received_at: Instant = Field(description="First receipt by any employee or representative.")

    @property
    def key(self) -> str:
        """The report."""
        return self.report


class Harm(StrEnum):
    """Harm that an incident did or might have done."""

    NONE = "none"
    MALFUNCTION = "malfunction"
    SERIOUS = "serious"
    DEATH = "death"
    PUBLIC_HEALTH = "public_health_threat"
    UNKNOWN = "unknown"


class IncidentReported(Event):
    """Something happened at a customer: what vigilance law may ask about."""

    TYPE: ClassVar[str] = "incident.reported.v1"
    TOPIC: ClassVar[str] = "vulnerability-reports"

    report: Name = Field(description="The report's id.")
    title: Name = Field(description="Title.")
    summary: str = Field(default="", description="In words; no personal or patient data.")
    product: Name = Field(description="Product it concerns.")
    version: str | None = Field(default=None, description="Version, if known.")
    device: str | None = Field(default=None, description="Device, if known.")
    site: str | None = Field(default=None, description="Site, if known.")
    country: str | None = Field(default=None, description="Country of the incident.")
    harm: Harm = Field(description="Harm done or possible.")
    identifiers: tuple[str, ...] = Field(default=(), description="CVE or other ids, if any.")
    exploited: bool = Field(default=False, description="The reporter suspects exploitation.")
    occurred_at: Instant | None = Field(default=None, description="When it happened.")
    received_at: Instant = Field(description="First receipt by any employee or representative.")

    @property
    def key(self) -> str:
        """The report."""
        return self.report
