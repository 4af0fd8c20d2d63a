"""What the facts that triage holds make of one case: opened, scoped, signalled, merged or reopened.

Nothing here is an increment. A file is everything held of one vulnerability (or of one report that
names none), the work is what the stored case still lacks. So facts may come in any order, twice or
late: the same facts give the same case, and an up-to-date case needs no work at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from schemas.advisories import Score
from schemas.cases import CaseKind, CaseReport, ScopeItem, ScopeStatus
from schemas.catalogue import ClinicalUse
from services.triage.domain import risk, scope, signals, tracking, unsupported
from services.triage.domain.packs import ClinicalBands
from services.triage.domain.risk import Proposal
from services.triage.domain.scope import HeldFinding, HeldReport
from services.triage.domain.signals import Meeting, Signal

_TITLE = 200
"""The longest title that is made up; a source's own may be as long as a contract allows."""


class CaseStatus(StrEnum):
    """Where a case stands. A merged one only resolves to its survivor."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Header:
    """What a case shows of itself and tells others, as full state."""

    kind: CaseKind
    title: str
    vulnerability: str | None
    identifiers: tuple[str, ...]
    summary: str
    items: tuple[ScopeItem, ...]
    reports: tuple[CaseReport, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it is stored."""

    case: str
    status: CaseStatus
    report: str | None
    header: Header


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Everything held of one vulnerability, or of one report without one (`vulnerability` None).

    `by_hand` is a person's reason for opening the case; `separated_from` the case of the
    vulnerability that this one was once taken for.
    """

    vulnerability: str | None
    identifiers: tuple[str, ...] = ()
    title: str | None = None
    description: str = ""
    scores: tuple[Score, ...] = ()
    findings: tuple[HeldFinding, ...] = ()
    reports: tuple[HeldReport, ...] = ()
    signals: tuple[Signal, ...] = ()
    cases: tuple[Case, ...] = ()
    met: frozenset[tuple[str, str]] = frozenset()
    proposals: Mapping[str, Proposal] = field(default_factory=dict)
    decided: frozenset[str] = frozenset()
    uses: Mapping[str, ClinicalUse | None] = field(default_factory=dict)
    by_hand: str | None = None
    separated_from: str | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Casework:
    """What is to be done to a case. `case` is None where it has to be opened first.

    `header` is None while nothing it shows has changed. Of `proposals`, those for a product in
    `decided` are kept beside a person's band and told to nobody.
    """

    case: Case | None
    opened_because: str | None = None
    opened_kind: CaseKind = CaseKind.VULNERABILITY
    report: str | None = None
    absorbed: tuple[Case, ...] = ()
    header: Header | None = None
    meetings: tuple[Meeting, ...] = ()
    proposals: Mapping[str, Proposal] = field(default_factory=dict)
    decided: frozenset[str] = frozenset()
    reopened_because: str | None = None
    separated_from: str | None = None

    @property
    def rescoped(self) -> Header | None:
        """What to tell of the case's scope: nothing where it is as it was told before."""
        if self.header is None or self.case is None or self.absorbed:
            return self.header
        return self.header if self.header != self.case.header else None

    @property
    def is_nothing(self) -> bool:
        """Whether the stored case is up to date."""
        return not (
            self.opened_because
            or self.absorbed
            or self.header
            or self.meetings
            or self.proposals
            or self.reopened_because
        )

    @property
    def summary(self) -> str:
        """What is to be done, in a few words."""
        parts = (
            ("open a case", self.opened_because),
            ("merge", self.absorbed),
            ("tell a changed scope", self.header),
            ("tell signals", self.meetings),
            ("propose bands", self.proposals),
            ("reopen", self.reopened_because),
        )
        return ", ".join(words for words, needed in parts if needed)


def work_on(file: CaseFile, pack: ClinicalBands) -> Casework | None:
    """Decide what the file's case lacks; None where the facts do not make a case."""
    items = scope.items(file.findings, file.reports)
    since = scope.bearing_since(file.findings, file.reports)
    meetings = signals.meetings(file.signals, items, since, file.met)
    chosen = survivor(file.cases)
    because = _opening(file, items, meetings) if chosen is None else None
    if chosen is None and because is None:
        return None
    header = _header(file, items)
    absorbed = tuple(each for each in file.cases if chosen and each.case != chosen.case)
    return Casework(
        case=chosen,
        opened_because=because,
        opened_kind=header.kind,
        report=_first_report(file),
        absorbed=absorbed,
        header=None if chosen is not None and chosen.header == header else header,
        meetings=meetings,
        proposals=_proposals(file, items, pack),
        decided=file.decided,
        reopened_because=_reopening(chosen, header, meetings, absorbed),
        separated_from=file.separated_from if chosen is None else None,
    )


def survivor(cases: Iterable[Case]) -> Case | None:
    """Of several cases the oldest of those that already name the vulnerability lives on."""
    return min(
        cases,
        key=lambda each: (each.header.vulnerability is None, tracking.order(each.case)),
        default=None,
    )


def _opening(
    file: CaseFile, items: tuple[ScopeItem, ...], meetings: tuple[Meeting, ...]
) -> str | None:
    """Why a case has to be opened, or None.

    An unknown verdict alone waits in the review list, where somebody supports the component.
    """
    if meetings:
        source, product = meetings[0].signal.held.source, meetings[0].products[0].product
        return f"{source} reports exploitation, and {product} may be affected"
    affected = next((each for each in items if each.status is ScopeStatus.AFFECTED), None)
    if affected is not None:
        named = f" by {affected.components[0]}" if affected.components else ""
        return f"{affected.product} {affected.version} is affected{named}"
    if file.reports:
        first = min(file.reports, key=lambda each: (each.received_at, each.report))
        return f"{'incident' if first.incident else 'report'} {first.report} was received"
    return file.by_hand or unsupported.case_asked_for(file.findings, file.published_at)


def _header(file: CaseFile, items: tuple[ScopeItem, ...]) -> Header:
    reports = sorted(file.reports, key=lambda each: (each.received_at, each.report))
    kind = CaseKind.VULNERABILITY
    if file.vulnerability is None:
        kind = CaseKind.INCIDENT if any(each.incident for each in reports) else CaseKind.REPORT
    named = {name for each in reports for name in each.identifiers} | set(file.identifiers)
    return Header(
        kind=kind,
        title=_title(file, reports, items),
        vulnerability=file.vulnerability,
        identifiers=tuple(sorted(named, key=lambda each: (not each.startswith("CVE-"), each))),
        summary=file.description or (reports[0].summary if reports else ""),
        items=items,
        reports=tuple(scope.told(each) for each in reports),
    )


def _title(file: CaseFile, reports: list[HeldReport], items: tuple[ScopeItem, ...]) -> str:
    if file.title:
        return file.title
    if reports:
        return reports[0].title
    components = next((each.components for each in items if each.components), ())
    where = f" in {components[0]}" if components else ""
    return f"{file.vulnerability}{where}"[:_TITLE]


def _first_report(file: CaseFile) -> str | None:
    """The report that a case without a vulnerability is the file of."""
    if file.vulnerability is not None or not file.reports:
        return None
    return file.reports[0].report


def _proposals(
    file: CaseFile, items: tuple[ScopeItem, ...], pack: ClinicalBands
) -> dict[str, Proposal]:
    """Bands to propose for products that are or may be affected, where they differ from before."""
    products = sorted({each.product for each in items if scope.bears(each)})
    proposed = {each: risk.propose(file.scores, file.uses.get(each), pack) for each in products}
    return {
        product: proposal
        for product, proposal in proposed.items()
        if file.proposals.get(product) != proposal
    }


def _reopening(
    case: Case | None,
    header: Header,
    meetings: tuple[Meeting, ...],
    absorbed: tuple[Case, ...],
) -> str | None:
    """Why a closed case has to be looked at again, or None."""
    if case is None or case.status is not CaseStatus.CLOSED:
        return None
    if meetings:
        return f"new evidence of exploitation: {meetings[0].signal.held.signal}"
    affected = scope.newly_affected(case.header.items, header.items)
    if affected:
        return f"{affected[0].product} {affected[0].version} turned out to be affected"
    known = {each.report for each in case.header.reports}
    if news := {each.report for each in header.reports} - known:
        return f"report {min(news)} was received"
    still_open = next((each for each in absorbed if each.status is CaseStatus.OPEN), None)
    return f"{still_open.case} was merged into it and is open" if still_open else None
