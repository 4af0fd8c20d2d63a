"""Facts that triage is told by its neighbours, short to write and clearly made up."""

from datetime import UTC, datetime

from schemas.advisories import Score
from schemas.catalogue import (
    ClinicalUse,
    EuFacts,
    EuRegime,
    ProductRegistered,
    ProductVersion,
    Qualification,
    QualificationKind,
    UsClearance,
    UsFacts,
)
from schemas.findings import (
    Finding,
    FindingKind,
    FindingOpened,
    Support,
    Verdict,
    VulnerabilityDescribed,
)
from schemas.signals import ExploitationReported, SignalSource

CRITICAL_V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
EARLY = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def finding(
    vulnerability: str,
    product: str,
    *,
    verdict: Verdict = Verdict.AFFECTED,
    version: str = "1.0",
    component: str | None = "libexample",
    held_at: datetime = EARLY,
    support: Support | None = None,
    kind: FindingKind = FindingKind.VULNERABILITY,
) -> Finding:
    return Finding(
        finding=f"f/{vulnerability}/{product}/{version}/{component}",
        vulnerability=vulnerability,
        product=product,
        version=version,
        component=component,
        component_version="2.3.4" if component else None,
        verdict=verdict,
        reason="unparsed_version" if verdict is Verdict.UNKNOWN else None,
        held_at=held_at,
        support=support,
        kind=kind,
    )


def opened(vulnerability: str, product: str, **fields: object) -> FindingOpened:
    return FindingOpened(finding=finding(vulnerability, product, **fields))  # type: ignore[arg-type]


def described(
    vulnerability: str, *aliases: str, published_at: datetime | None = None
) -> VulnerabilityDescribed:
    return VulnerabilityDescribed(
        published_at=published_at,
        vulnerability=vulnerability,
        identifiers=(vulnerability, *aliases),
        title=f"A flaw called {vulnerability}",
        description="Memory is written out of bounds.",
        scores=(Score(asserter="cna", version="3.1", vector=CRITICAL_V31, base=9.8),),
    )


def reported(
    identifier: str,
    *,
    signal: str | None = None,
    source: SignalSource = SignalSource.KEV,
    received_at: datetime = LATER,
    product: str | None = None,
    backfill: bool = False,
) -> ExploitationReported:
    return ExploitationReported(
        signal=signal or f"{source}/{identifier}",
        identifier=identifier,
        source=source,
        reporter="example catalogue",
        received_at=received_at,
        product=product,
        backfill=backfill,
        evidence="seen in the wild",
    )


def pump(product: str = "pump") -> ProductRegistered:
    return ProductRegistered(
        product=product,
        name="Example pump",
        entity="example-medical",
        qualification=Qualification(
            kind=QualificationKind.DEVICE,
            rationale="delivers drugs",
            decided_by="regulatory",
            decided_on=EARLY.date(),
        ),
        eu=EuFacts(regime=EuRegime.MDR, device_class="IIb"),
        us=UsFacts(clearance=UsClearance.K510, cyber_device=True),
        markets=("DE", "US"),
        clinical_use=ClinicalUse(function="infusion", worst_harm="death", life_sustaining=True),
        versions=(ProductVersion(version="1.0"),),
        registered_at=EARLY,
    )


def gateway(product: str = "gateway") -> ProductRegistered:
    return ProductRegistered(
        product=product,
        name="Example gateway",
        entity="example-medical",
        qualification=Qualification(
            kind=QualificationKind.NOT_A_DEVICE,
            rationale="general purpose",
            decided_by="regulatory",
            decided_on=EARLY.date(),
        ),
        eu=EuFacts(regime=EuRegime.NONE),
        us=UsFacts(clearance=UsClearance.NONE),
        markets=("DE", "US"),
        clinical_use=ClinicalUse(function="routes traffic", worst_harm="none"),
        versions=(ProductVersion(version="1.0"),),
        registered_at=EARLY,
    )
