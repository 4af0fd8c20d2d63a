"""Short ways to make the values that triage's decisions read."""

from datetime import UTC, datetime, timedelta

from schemas.cases import HeldSignal, ScopeItem, ScopeStatus
from schemas.catalogue import (
    CertificateType,
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
from schemas.findings import Verdict
from schemas.signals import Harm, SignalSource
from services.triage.domain.products import ProductState
from services.triage.domain.scope import BEARING, HeldFinding, HeldReport
from services.triage.domain.signals import Signal

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def finding(
    product: str = "pump",
    verdict: Verdict = Verdict.AFFECTED,
    *,
    version: str = "1.0",
    component: str = "libexample",
    held_at: datetime = NOW,
    bearing_at: datetime | None = None,
    cleared: bool = False,
) -> HeldFinding:
    bears = verdict in BEARING and not cleared
    return HeldFinding(
        finding=f"{product}/{version}/{component}",
        vulnerability="CVE-2026-0001",
        product=product,
        version=version,
        component=component,
        component_version="1",
        verdict=verdict,
        cleared=cleared,
        held_at=held_at,
        bearing_at=(bearing_at or held_at) if bears else None,
    )


def report(
    name: str = "R-1",
    *,
    product: str | None = "pump",
    version: str | None = "1.0",
    identifiers: tuple[str, ...] = (),
    incident: bool = False,
    received_at: datetime = NOW,
) -> HeldReport:
    return HeldReport(
        report=name,
        incident=incident,
        title=f"Report {name}",
        summary="It restarts.",
        identifiers=identifiers,
        product=product,
        version=version,
        harm=Harm.SERIOUS if incident else None,
        received_at=received_at,
    )


def signal(
    name: str = "kev/1",
    *,
    product: str | None = None,
    received_at: datetime = NOW,
    withdrawn_at: datetime | None = None,
) -> Signal:
    held = HeldSignal(
        signal=name,
        source=SignalSource.KEV,
        reporter="catalogue",
        identifier="CVE-2026-0001",
        received_at=received_at,
    )
    return Signal(held, product, withdrawn_at)


def item(
    product: str = "pump", status: ScopeStatus = ScopeStatus.AFFECTED, version: str = "1.0"
) -> ScopeItem:
    return ScopeItem(product=product, version=version, status=status, held_at=NOW)


def product(
    name: str = "pump",
    *,
    kind: QualificationKind | None = QualificationKind.DEVICE,
    regime: EuRegime = EuRegime.MDR,
    legacy: bool = False,
    certificate: CertificateType | None = None,
    clearance: UsClearance = UsClearance.K510,
    markets: tuple[str, ...] = ("DE", "US"),
    fielded: bool = True,
) -> ProductState:
    decided = Qualification(
        kind=kind or QualificationKind.DEVICE,
        rationale="as intended",
        decided_by="regulatory",
        decided_on=NOW.date(),
    )
    registered = ProductRegistered(
        product=name,
        name=name,
        entity="example",
        qualification=decided if kind else None,
        eu=EuFacts(regime=regime, legacy=legacy, certificate=certificate),
        us=UsFacts(clearance=clearance, cyber_device=True),
        markets=markets,
        clinical_use=ClinicalUse(function="infusion", worst_harm="death"),
        versions=(ProductVersion(version="1.0", fielded=fielded),),
        registered_at=NOW,
    )
    return ProductState(registered, None, retired=False)
