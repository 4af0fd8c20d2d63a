"""Stream `cases`: the file of each vulnerability, report or incident, and what people decided.

Only triage writes it. A case's id is its tracking id, such as `PV-2026-0042`.
"""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from schemas.event import Event, Instant, Name, Value
from schemas.findings import Verdict
from schemas.signals import Harm, SignalSource


class CaseEvent(Event):
    """A fact about one case."""

    TOPIC: ClassVar[str] = "cases"

    case: Name = Field(description="Tracking id of the case.")

    @property
    def key(self) -> str:
        """The case."""
        return self.case


class CaseKind(StrEnum):
    """What a case is the file of."""

    VULNERABILITY = "vulnerability"
    REPORT = "report"
    INCIDENT = "incident"


class CaseOpened(CaseEvent):
    """A case exists."""

    TYPE: ClassVar[str] = "case.opened.v1"

    kind: CaseKind = Field(description="What it is the file of.")
    title: Name = Field(description="Title.")
    vulnerability: str | None = Field(default=None, description="The vulnerability, once known.")
    identifiers: tuple[str, ...] = Field(default=(), description="Its identifiers.")
    report: str | None = Field(default=None, description="The report it began with, if any.")
    harm: Harm | None = Field(default=None, description="Harm stated, for an incident.")
    opened_at: Instant = Field(description="When.")
    because: Name = Field(description="What opened it, in words.")


class ScopeStatus(StrEnum):
    """How a case bears on one product version."""

    AFFECTED = "affected"
    UNKNOWN = "unknown"
    NOT_AFFECTED = "not_affected"
    FIXED = "fixed"


class ScopeItem(Value):
    """One product version in a case."""

    product: Name = Field(description="The product.")
    version: Name = Field(description="Its version.")
    status: ScopeStatus = Field(description="How the case bears on it.")
    components: tuple[str, ...] = Field(
        default=(), description="Components concerned, name@version."
    )
    findings: tuple[str, ...] = Field(default=(), description="Finding ids.")
    verdicts: tuple[Verdict, ...] = Field(default=(), description="Verdicts of these findings.")
    held_at: Instant = Field(description="First instant at which we held a finding for it.")
    unsupported: tuple[str, ...] = Field(
        default=(),
        description="Of its components, name@version, those whose support is over while they are "
        "or may be affected: no fixed version is to be expected from their suppliers.",
    )
    unsupported_since: Instant | None = Field(
        default=None, description="First instant at which one of these was so."
    )


class CaseReport(Value):
    """A report or an incident in a case: what awareness under vigilance law rests on."""

    report: Name = Field(description="The report's id.")
    incident: bool = Field(description="Something happened at a customer, not only a finding.")
    title: Name = Field(description="Title.")
    product: str | None = Field(default=None, description="Product it concerns, if known.")
    version: str | None = Field(default=None, description="Version it concerns, if known.")
    harm: Harm | None = Field(default=None, description="Harm stated, for an incident.")
    country: str | None = Field(default=None, description="Country of the incident, if stated.")
    received_at: Instant = Field(description="First receipt by any employee or representative.")


class CaseScoped(CaseEvent):
    """The full list of product versions that a case bears on, and what names it now."""

    TYPE: ClassVar[str] = "case.scoped.v1"

    kind: CaseKind = Field(description="What it is the file of.")
    title: Name = Field(description="Title.")
    vulnerability: str | None = Field(default=None, description="The vulnerability, once known.")
    identifiers: tuple[str, ...] = Field(default=(), description="Its identifiers.")
    summary: str = Field(default="", description="Description of the vulnerability, if known.")
    items: tuple[ScopeItem, ...] = Field(description="Every product version.")
    reports: tuple[CaseReport, ...] = Field(
        default=(), description="Every report and incident in the case, by first receipt."
    )
    scoped_at: Instant = Field(description="When triage decided this scope.")


class HeldSignal(Value):
    """A piece of evidence of exploitation as a case holds it."""

    signal: Name = Field(description="Id of the evidence.")
    source: SignalSource = Field(description="Kind of source.")
    reporter: Name = Field(description="Who says so.")
    identifier: Name = Field(description="CVE or alias it speaks of.")
    reported_at: Instant | None = Field(default=None, description="The source's own date.")
    received_at: Instant = Field(description="When we first held it.")
    backfill: bool = Field(default=False, description="Part of an initial load.")
    evidence: str = Field(default="", description="In words.")
    site: str | None = Field(default=None, description="Where it was seen, if stated.")


class ProductSignalled(Value):
    """A product of the case that a signal bears on."""

    product: Name = Field(description="The product.")
    versions: tuple[str, ...] = Field(description="Its versions in scope.")
    held_at: Instant = Field(
        description="`signal_held_at`: first instant at which we held both signal and finding."
    )


class CaseSignalled(CaseEvent):
    """Evidence of exploitation met a case: people must assess it, product by product."""

    TYPE: ClassVar[str] = "case.signalled.v1"

    signal: HeldSignal = Field(description="The evidence.")
    products: tuple[ProductSignalled, ...] = Field(description="Products it bears on.")
    title: Name = Field(description="The case's title.")
    identifiers: tuple[str, ...] = Field(default=(), description="The case's identifiers.")


class ExploitationVerdict(StrEnum):
    """A person's answer to: was it exploited in this product?"""

    EXPLOITED = "exploited"
    NOT_EXPLOITED = "not_exploited"


class ExploitationAssessed(CaseEvent):
    """A person decided whether exploitation happened in one product (CRA Article 3(42))."""

    TYPE: ClassVar[str] = "exploitation.assessed.v1"

    product: Name = Field(description="The product.")
    verdict: ExploitationVerdict = Field(description="The answer.")
    aware_at: Instant | None = Field(
        default=None,
        description="Reasonable certainty after assessment, for CRA; None on a negative answer.",
    )
    assessed_at: Instant = Field(description="When the assessment was made.")
    assessed_by: Name = Field(description="The person.")
    ground: Name = Field(description="Why, in words.")
    evidence: tuple[str, ...] = Field(default=(), description="Evidence ids or references.")
    reopen_trigger: str | None = Field(
        default=None, description="What would reopen a negative answer; required for one."
    )


class IncidentAssessed(CaseEvent):
    """A person decided, under one regime, whether an incident is reportable."""

    TYPE: ClassVar[str] = "incident.assessed.v1"

    regime: Name = Field(description="eu_mdr, eu_ivdr, us_803, cra or nis2.")
    product: Name = Field(description="The product.")
    report: str | None = Field(
        default=None,
        description="The incident or safety event it answers; None answers all received by then.",
    )
    reportable: bool = Field(description="The answer.")
    harm: Harm = Field(description="Harm as assessed.")
    aware_at: Instant = Field(description="Awareness under that regime.")
    assessed_at: Instant = Field(description="When.")
    assessed_by: Name = Field(description="The person.")
    ground: Name = Field(description="Why, in words.")
    reopen_trigger: str | None = Field(
        default=None, description="What would reopen a negative answer."
    )


class RiskAssessed(CaseEvent):
    """The clinical risk band of a case for one product: proposed by rule, or set by a person."""

    TYPE: ClassVar[str] = "risk.assessed.v1"

    product: Name = Field(description="The product.")
    band: Name = Field(description="Band id of the policy pack, such as `critical`.")
    score: float | None = Field(default=None, description="CVSS base score used.")
    vector: str | None = Field(default=None, description="Its vector.")
    proposed: bool = Field(description="True while no person has confirmed it.")
    assessed_by: str | None = Field(default=None, description="The person; None when proposed.")
    assessed_at: Instant = Field(description="When.")
    ground: Name = Field(description="Which rule or reasoning led to the band.")
    pack: Name = Field(description="Policy pack and version, such as `clinical-bands@2026.11`.")


class DecisionRecorded(CaseEvent):
    """A named person decided a question of the case, whichever way."""

    TYPE: ClassVar[str] = "decision.recorded.v1"

    decision: Name = Field(description="Id of this record.")
    question: Name = Field(
        description="Which question, such as `us806.report`, `mdr.vigilance`, `mdr.fsca`."
    )
    product: str | None = Field(default=None, description="The product it is limited to, if any.")
    outcome: Name = Field(description="The answer, one of the question's outcomes.")
    ground: Name = Field(description="Why, in words.")
    decided_by: Name = Field(description="The person.")
    decided_at: Instant = Field(description="When.")
    happened_at: Instant | None = Field(
        default=None,
        description="When what it answers happened, where a period runs from that; None: unstated.",
    )
    reopen_trigger: str | None = Field(default=None, description="What would reopen it.")
    supersedes: str | None = Field(default=None, description="The earlier record it replaces.")


class Category(StrEnum):
    """The kind of change a measure is."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class PathwayDecided(CaseEvent):
    """Which regulatory questions a change raises in the US and the EU, and who signed it."""

    TYPE: ClassVar[str] = "pathway.decided.v1"

    measure: Name = Field(description="The measure.")
    product: Name = Field(description="The product.")
    category: Category = Field(description="Kind of change.")
    us: tuple[str, ...] = Field(description="What to assess or document in the US.")
    eu: tuple[str, ...] = Field(description="What to assess or document in the EU.")
    notified_body_route: Name = Field(description="From the certificate: approval, notify or none.")
    decided_by: Name = Field(description="The person who signed it.")
    decided_at: Instant = Field(description="When.")
    pack: Name = Field(description="Policy pack and version.")


class MeasureKind(StrEnum):
    """What a measure does."""

    PATCH = "patch"
    COMPENSATING_CONTROL = "compensating_control"
    FEATURE_DISABLE = "feature_disable"
    WORKAROUND = "workaround"


class Measure(Value):
    """A measure against a vulnerability, as full state."""

    measure: Name = Field(description="Id.")
    kind: MeasureKind = Field(description="What it does.")
    category: Category = Field(description="Kind of change.")
    title: Name = Field(description="Title.")
    description: str = Field(default="", description="In words.")
    products: tuple[str, ...] = Field(description="Products it is for.")
    target_version: str | None = Field(
        default=None, description="Version that carries it, for a patch."
    )
    planned_by: Name = Field(description="Who planned it.")
    planned_at: Instant = Field(description="When.")
    approved_by: str | None = Field(default=None, description="Who approved it.")
    approved_at: Instant | None = Field(default=None, description="When it was approved.")
    available_at: Instant | None = Field(default=None, description="When users could have it.")


class MeasurePlanned(CaseEvent):
    """A measure is planned."""

    TYPE: ClassVar[str] = "measure.planned.v1"

    measure: Measure = Field(description="The measure.")


class MeasureApproved(CaseEvent):
    """A person approved acting: the earliest reading of 21 CFR 806 'initiating'."""

    TYPE: ClassVar[str] = "measure.approved.v1"

    measure: Measure = Field(description="The measure, with who approved it and when.")


class MeasureAvailable(CaseEvent):
    """A corrective or mitigating measure is available to users (CRA Article 14(2)(c))."""

    TYPE: ClassVar[str] = "measure.available.v1"

    measure: Measure = Field(description="The measure, with when it became available.")


class GateVerdict(StrEnum):
    """Whether a gate lets a wave pass."""

    PASSED = "passed"
    MISSING = "missing"
    EXPIRED = "expired"
    REVOKED = "revoked"


class GateAnswer(Value):
    """One gate's answer for one wave."""

    gate: Name = Field(description="risk_file, release_signed or rollback_exercised.")
    verdict: GateVerdict = Field(description="The answer.")
    evidence: str | None = Field(default=None, description="SHA-256 of the evidence record, hex.")
    valid_until: Instant | None = Field(default=None, description="When the evidence lapses.")
    reason: Name = Field(description="In words; how to mend it where it does not pass.")


class GateEvaluated(CaseEvent):
    """Triage's answer to a wave's request, or a later revocation of it."""

    TYPE: ClassVar[str] = "gate.evaluated.v1"

    campaign: Name = Field(description="The campaign.")
    wave: int = Field(ge=1, description="The wave.")
    request: Name = Field(description="Id of the request it answers.")
    passed: bool = Field(description="Whether the wave may start or go on.")
    answers: tuple[GateAnswer, ...] = Field(description="Every blocking gate.")
    warnings: tuple[str, ...] = Field(
        default=(), description="What does not block but must be seen."
    )
    valid_until: Instant | None = Field(
        default=None, description="The earliest lapse of the answers."
    )
    evaluated_at: Instant = Field(description="When.")


class CaseMerged(CaseEvent):
    """Two cases are one; published under both keys. The absorbed tracking id still resolves."""

    TYPE: ClassVar[str] = "case.merged.v1"

    survivor: Name = Field(description="The case that lives on.")
    absorbed: Name = Field(description="The case that ended.")
    because: Name = Field(description="What joined them.")
    merged_at: Instant = Field(description="When.")


class CaseSplit(CaseEvent):
    """A case became two."""

    TYPE: ClassVar[str] = "case.split.v1"

    separated: Name = Field(description="The case that is new.")
    because: Name = Field(description="Why.")
    split_at: Instant = Field(description="When.")


class CaseClosed(CaseEvent):
    """A case is closed: nothing in it is open."""

    TYPE: ClassVar[str] = "case.closed.v1"

    outcome: Name = Field(description="resolved or not_affected.")
    ground: Name = Field(description="Why, in words.")
    closed_by: Name = Field(description="The person.")
    closed_at: Instant = Field(description="When.")


class CaseReopened(CaseEvent):
    """A closed case is open again."""

    TYPE: ClassVar[str] = "case.reopened.v1"

    because: Name = Field(description="What reopened it.")
    reopened_by: str | None = Field(default=None, description="The person; None where a fact did.")
    reopened_at: Instant = Field(description="When.")
