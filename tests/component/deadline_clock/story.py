"""Events as the other services would publish them, about products and a case of the tests' own."""

from datetime import UTC, date, datetime, timedelta

from schemas.campaigns import CoverageChanged
from schemas.cases import (
    CaseMerged,
    CaseScoped,
    CaseSignalled,
    Category,
    DecisionRecorded,
    ExploitationAssessed,
    ExploitationVerdict,
    HeldSignal,
    Measure,
    MeasureApproved,
    MeasureAvailable,
    MeasureKind,
    ProductSignalled,
    RiskAssessed,
    ScopeItem,
    ScopeStatus,
)
from schemas.catalogue import (
    EntityRegistered,
    Establishment,
    EuFacts,
    EuRegime,
    ProductRegistered,
    Qualification,
    QualificationKind,
)
from schemas.clocks import Clock
from schemas.devices import DeviceState, Method
from schemas.drafts import FilingRecorded
from schemas.signals import SignalSource

NOW = datetime.now(UTC).replace(microsecond=0)
MAKER = EntityRegistered(
    entity="maker",
    name="Maker of the tests",
    country="DE",
    main_establishment=Establishment(country="DE", basis="security decisions are taken there"),
    registered_at=NOW,
)


def product(
    name: str,
    kind: QualificationKind | None = QualificationKind.NOT_A_DEVICE,
    markets: tuple[str, ...] = ("DE", "US"),
) -> ProductRegistered:
    """A product; a device is one under MDR."""
    device = kind is not None and kind is not QualificationKind.NOT_A_DEVICE
    return ProductRegistered(
        product=name,
        name=name.title(),
        entity="maker",
        qualification=kind
        and Qualification(
            kind=kind, rationale="as tested", decided_by="ra", decided_on=date(2026, 1, 1)
        ),
        eu=EuFacts(regime=EuRegime.MDR if device else EuRegime.NONE),
        markets=markets,
        registered_at=NOW,
    )


def scoped(case: str, *products: str) -> CaseScoped:
    """A case that bears on these products."""
    return CaseScoped(
        case=case,
        kind="vulnerability",
        title=f"Title of {case}",
        identifiers=(f"CVE-{case}",),
        items=tuple(
            ScopeItem(product=each, version="1.0", status=ScopeStatus.AFFECTED, held_at=NOW)
            for each in products
        ),
        scoped_at=NOW,
    )


def signalled(
    case: str,
    *products: str,
    held_at: datetime = NOW,
    backfill: bool = False,
    reported_at: datetime | None = None,
    signal: str = "hospital-report",
) -> CaseSignalled:
    """Evidence of exploitation that met a case."""
    return CaseSignalled(
        case=case,
        signal=HeldSignal(
            signal=signal,
            source=SignalSource.KEV if backfill else SignalSource.CUSTOMER,
            reporter="reporter",
            identifier=f"CVE-{case}",
            reported_at=reported_at,
            received_at=held_at,
            backfill=backfill,
        ),
        products=tuple(
            ProductSignalled(product=each, versions=("1.0",), held_at=held_at) for each in products
        ),
        title=f"Title of {case}",
        identifiers=(f"CVE-{case}",),
    )


def assessed(
    case: str, name: str, *, exploited: bool = True, aware_at: datetime = NOW
) -> ExploitationAssessed:
    """A person's assessment of one product."""
    return ExploitationAssessed(
        case=case,
        product=name,
        verdict=ExploitationVerdict.EXPLOITED if exploited else ExploitationVerdict.NOT_EXPLOITED,
        aware_at=aware_at if exploited else None,
        assessed_at=NOW + timedelta(seconds=1),
        assessed_by="psirt",
        ground="logs show it" if exploited else "not reachable in this product",
        reopen_trigger=None if exploited else "a path to it is found",
    )


def filed(clock: Clock, at: datetime = NOW) -> FilingRecorded:
    """What a person handed to the authority for this clock."""
    return FilingRecorded(
        case=clock.case,
        filing=f"filing-{clock.clock}",
        clock=clock.clock,
        rule=clock.rule,
        stage=clock.stage,
        products=(clock.product or "",),
        receipt="receipt-1",
        filed_by="ra",
        filed_at=at,
        recorded_at=at,
    )


def measure(*products: str, approved_at: datetime | None = None) -> Measure:
    """A patch for these products."""
    return Measure(
        measure="fix",
        kind=MeasureKind.PATCH,
        category=Category.A,
        title="Fix",
        products=products,
        planned_by="psirt",
        planned_at=NOW,
        approved_by="quality" if approved_at else None,
        approved_at=approved_at,
    )


def approved(case: str, *products: str, at: datetime = NOW) -> MeasureApproved:
    """Approval to act."""
    return MeasureApproved(case=case, measure=measure(*products, approved_at=at))


def available(case: str, *products: str, at: datetime = NOW) -> MeasureAvailable:
    """The patch can be had."""
    patch = measure(*products, approved_at=at).model_copy(update={"available_at": at})
    return MeasureAvailable(case=case, measure=patch)


def decided(case: str, name: str, outcome: str) -> DecisionRecorded:
    """A person's answer to the 806 question."""
    return DecisionRecorded(
        case=case,
        decision=f"{case}-{name}-{outcome}",
        question="us806.report",
        product=name,
        outcome=outcome,
        ground="as tested",
        decided_by="ra",
        decided_at=NOW + timedelta(seconds=2),
        reopen_trigger="new facts",
    )


def banded(case: str, name: str, band: str, *, proposed: bool = False) -> RiskAssessed:
    """A clinical risk band."""
    return RiskAssessed(
        case=case,
        product=name,
        band=band,
        proposed=proposed,
        assessed_by=None if proposed else "psirt",
        assessed_at=NOW,
        ground="as tested",
        pack="clinical-bands@test",
    )


def merged(survivor: str, absorbed: str) -> CaseMerged:
    """Two cases are one; the owner publishes it under both keys."""
    return CaseMerged(
        case=survivor, survivor=survivor, absorbed=absorbed, because="aliases", merged_at=NOW
    )


def covered(case: str, name: str, total: int, count: int) -> CoverageChanged:
    """Coverage of one cell."""
    return CoverageChanged(
        campaign=f"campaign-{case}",
        case=case,
        product=name,
        version="1.0",
        market="DE",
        method=Method.AUTOMATIC,
        wave=1,
        states={DeviceState.VERIFIED: count},
        total=total,
        covered=count,
        counted_at=NOW + timedelta(days=1),
    )
