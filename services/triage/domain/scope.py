"""What a case bears on: findings and reports, folded into one entry a product version."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from schemas.cases import CaseReport, ScopeItem, ScopeStatus
from schemas.findings import FindingKind, SupportStage, Verdict
from schemas.signals import Harm

UNSTATED = "unstated"
"""The version of a product in a report that names none."""

BEARING = frozenset({Verdict.AFFECTED, Verdict.UNKNOWN})
"""Verdicts under which a product may be exploited: unknown is never taken for clean."""

_STRONGEST_FIRST = (Verdict.AFFECTED, Verdict.UNKNOWN, Verdict.FIXED, Verdict.NOT_AFFECTED)


@dataclass(frozen=True, slots=True)
class HeldFinding:
    """A finding as triage holds it.

    `bearing_at` is the first instant of its present stretch of being affected or unknown; None
    while it is neither. A product that only now turns out to be affected was not so all along.
    """

    finding: str
    vulnerability: str
    product: str
    version: str
    component: str | None
    component_version: str | None
    verdict: Verdict
    cleared: bool
    held_at: datetime
    bearing_at: datetime | None
    kind: FindingKind = FindingKind.VULNERABILITY
    support_stage: SupportStage | None = None
    support_ends_on: date | None = None

    @property
    def bears(self) -> bool:
        """Whether the product is affected by it, or may be."""
        return not self.cleared and self.verdict in BEARING

    @property
    def is_unsupported(self) -> bool:
        """Whether the support of its component is over."""
        return self.support_stage is SupportStage.OVER

    @property
    def unsupported_since(self) -> datetime:
        """First instant at which it was held and support was over, of one that is unsupported."""
        if self.support_ends_on is None:
            return self.held_at
        day_after = self.support_ends_on + timedelta(days=1)
        return max(self.held_at, datetime.combine(day_after, time(), UTC))


@dataclass(frozen=True, slots=True)
class HeldReport:
    """A report or incident as triage holds it."""

    report: str
    incident: bool
    title: str
    summary: str
    identifiers: tuple[str, ...]
    product: str | None
    version: str | None
    harm: Harm | None
    received_at: datetime
    country: str | None = None


def told(report: HeldReport) -> CaseReport:
    """A report as its case tells it: no words of the reporter, they may be personal."""
    return CaseReport(
        report=report.report,
        incident=report.incident,
        title=report.title,
        product=report.product,
        version=report.version,
        harm=report.harm,
        received_at=report.received_at,
        country=report.country,
    )


def items(findings: Iterable[HeldFinding], reports: Iterable[HeldReport]) -> tuple[ScopeItem, ...]:
    """Fold findings and reports into the scope, sorted by product and version.

    A finding outranks a report on the same version. A report that names no version adds an entry
    only where no finding speaks of its product.
    """
    by_version: dict[tuple[str, str], list[HeldFinding]] = defaultdict(list)
    for finding in findings:
        by_version[finding.product, finding.version].append(finding)
    scope = {place: _of_findings(place, held) for place, held in by_version.items()}
    known = {product for product, _ in scope}
    for report in sorted(reports, key=lambda each: (each.received_at, each.report)):
        if report.product is None or (report.version is None and report.product in known):
            continue
        place = (report.product, report.version or UNSTATED)
        scope.setdefault(place, _of_report(place, report))
    return tuple(scope[place] for place in sorted(scope))


def _of_findings(place: tuple[str, str], held: Sequence[HeldFinding]) -> ScopeItem:
    live = sorted((each for each in held if not each.cleared), key=lambda each: each.finding)
    ended = [each for each in live if each.bears and each.is_unsupported]
    verdicts = {each.verdict for each in live}
    strongest = next((each for each in _STRONGEST_FIRST if each in verdicts), Verdict.NOT_AFFECTED)
    return ScopeItem(
        product=place[0],
        version=place[1],
        status=ScopeStatus(strongest.value),
        components=tuple(sorted({name for each in live if (name := name_of(each))})),
        findings=tuple(each.finding for each in live),
        verdicts=tuple(each.verdict for each in live),
        held_at=min(each.held_at for each in held),
        unsupported=tuple(sorted({name for each in ended if (name := name_of(each))})),
        unsupported_since=min((each.unsupported_since for each in ended), default=None),
    )


def name_of(finding: HeldFinding) -> str | None:
    """Name a finding's component with its version; None for the product itself."""
    if finding.component is None:
        return None
    return f"{finding.component}@{finding.component_version or '?'}"


def _of_report(place: tuple[str, str], report: HeldReport) -> ScopeItem:
    return ScopeItem(
        product=place[0],
        version=place[1],
        status=ScopeStatus.UNKNOWN,
        held_at=report.received_at,
    )


def bears(item: ScopeItem) -> bool:
    """Whether a product version is affected, or may be."""
    return item.status in {ScopeStatus.AFFECTED, ScopeStatus.UNKNOWN}


def bearing_since(
    findings: Iterable[HeldFinding], reports: Iterable[HeldReport]
) -> dict[str, datetime]:
    """For each product that is or may be affected, the first instant at which we held that."""
    since: dict[str, datetime] = {}
    for finding in findings:
        if not finding.cleared and finding.verdict in BEARING and finding.bearing_at is not None:
            _note_earliest(since, finding.product, finding.bearing_at)
    for report in reports:
        if report.product is not None:
            _note_earliest(since, report.product, report.received_at)
    return since


def _note_earliest(since: dict[str, datetime], product: str, at: datetime) -> None:
    since[product] = min(since.get(product, at), at)


def newly_affected(
    before: Iterable[ScopeItem], after: Iterable[ScopeItem]
) -> tuple[ScopeItem, ...]:
    """Product versions that are affected now and were not: what reopens a closed case."""
    known = {(each.product, each.version) for each in before if each.status is ScopeStatus.AFFECTED}
    return tuple(
        each
        for each in after
        if each.status is ScopeStatus.AFFECTED and (each.product, each.version) not in known
    )
