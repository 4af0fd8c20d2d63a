"""How events become facts: each states something of one case; merged cases are a union."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, TypeVar

from schemas.campaigns import WaveStarted
from schemas.cases import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    CaseScoped,
    CaseSignalled,
    DecisionRecorded,
    ExploitationAssessed,
    ExploitationVerdict,
    Measure,
    MeasureApproved,
    MeasureAvailable,
    MeasurePlanned,
    RiskAssessed,
    ScopeStatus,
)
from schemas.drafts import FilingRecorded, NoticeSent
from schemas.event import Event
from services.deadline_clock.domain.facts import (
    Assessment,
    CaseFacts,
    Closure,
    Decision,
    Filing,
    Initiation,
    MeasureState,
    Risk,
    Scope,
    Signal,
)
from services.deadline_clock.domain.merging import (
    decision_id,
    earliest,
    filing_id,
    initiation_id,
    measure_id,
    product_id,
)

T = TypeVar("T")

_BEARING = frozenset({ScopeStatus.AFFECTED, ScopeStatus.UNKNOWN})


def fold(facts: CaseFacts, event: Event) -> CaseFacts:
    """The facts after an event; an event that states nothing of ours changes nothing."""
    folding = _FOLDINGS.get(type(event))
    return facts if folding is None else folding(facts, event)


def concerned(event: Event, before: CaseFacts, after: CaseFacts) -> frozenset[str]:
    """The products whose clocks an event may change; of the rest no clock has to be asked for."""
    match event:
        case CaseOpened():
            return frozenset()
        case CaseSignalled():
            return frozenset(each.product for each in event.products)
        case MeasurePlanned() | MeasureApproved() | MeasureAvailable():
            return frozenset(event.measure.products)
        case CaseScoped():
            return _changed_scope(before, after)
    product = getattr(event, "product", None)
    return frozenset(after.products()) if product is None else frozenset({product})


def _changed_scope(before: CaseFacts, after: CaseFacts) -> frozenset[str]:
    was = {each.product: each.bears for each in before.scope}
    now = {each.product: each.bears for each in after.scope}
    return frozenset(name for name in was | now if was.get(name) != now.get(name))


def _scoped(facts: CaseFacts, event: CaseScoped) -> CaseFacts:
    bearing = {item.product for item in event.items if item.status in _BEARING}
    products = sorted({item.product for item in event.items})
    scope = tuple(Scope(product, product in bearing) for product in products)
    return replace(facts, title=event.title, identifiers=event.identifiers, scope=scope)


def _signalled(facts: CaseFacts, event: CaseSignalled) -> CaseFacts:
    signals = facts.signals
    for each in event.products:
        signal = Signal(
            signal=event.signal.signal,
            product=each.product,
            source=event.signal.source,
            reporter=event.signal.reporter,
            held_at=each.held_at,
            reported_at=event.signal.reported_at,
            backfill=event.signal.backfill,
        )
        signals = earliest((*signals, signal))
    return replace(facts, title=event.title, identifiers=event.identifiers, signals=signals)


def _assessment(event: ExploitationAssessed) -> Assessment:
    exploited = event.verdict is ExploitationVerdict.EXPLOITED
    return Assessment(
        product=event.product,
        exploited=exploited,
        aware_at=(event.aware_at or event.assessed_at) if exploited else None,
        assessed_at=event.assessed_at,
        assessed_by=event.assessed_by,
        ground=event.ground,
        evidence=event.evidence,
        reopen_trigger=event.reopen_trigger,
    )


def _risk(facts: CaseFacts, event: RiskAssessed) -> Risk:
    before = facts.risk(event.product)
    unbroken = before is not None and before.band == event.band
    return Risk(
        product=event.product,
        band=event.band,
        since=before.since if unbroken and before is not None else event.assessed_at,
        assessed_at=event.assessed_at,
        proposed=event.proposed,
        assessed_by=event.assessed_by,
        ground=event.ground,
    )


def _decision(event: DecisionRecorded) -> Decision:
    return Decision(
        decision=event.decision,
        question=event.question,
        product=event.product,
        outcome=event.outcome,
        ground=event.ground,
        decided_by=event.decided_by,
        decided_at=event.decided_at,
        reopen_trigger=event.reopen_trigger,
    )


def _measure(measure: Measure) -> MeasureState:
    return MeasureState(
        measure=measure.measure,
        kind=measure.kind,
        products=measure.products,
        approved_by=measure.approved_by,
        approved_at=measure.approved_at,
        available_at=measure.available_at,
    )


def _initiation(event: NoticeSent | WaveStarted) -> Initiation:
    if isinstance(event, NoticeSent):
        what = f"customer notice ({event.kind})"
        return Initiation(what, event.notice, event.product, event.sent_at, event.sent_by)
    name = f"{event.campaign}/{event.wave}"
    return Initiation("first wave", name, event.product, event.started_at, "deployment-tracker")


def _filing(event: FilingRecorded) -> Filing:
    return Filing(
        filing=event.filing,
        clock=event.clock,
        rule=event.rule,
        products=event.products,
        filed_by=event.filed_by,
        filed_at=event.filed_at,
        recorded_at=event.recorded_at,
    )


def _put(items: tuple[T, ...], item: T, key: Callable[[T], Hashable]) -> tuple[T, ...]:
    """Replace the item of the same key in its place, or append."""
    if any(key(each) == key(item) for each in items):
        return tuple(item if key(each) == key(item) else each for each in items)
    return (*items, item)


def _opened(facts: CaseFacts, event: CaseOpened) -> CaseFacts:
    return replace(facts, title=event.title, identifiers=event.identifiers)


def _assessed(facts: CaseFacts, event: ExploitationAssessed) -> CaseFacts:
    return replace(facts, assessments=_put(facts.assessments, _assessment(event), product_id))


def _given_band(facts: CaseFacts, event: RiskAssessed) -> CaseFacts:
    return replace(facts, risks=_put(facts.risks, _risk(facts, event), product_id))


def _answered(facts: CaseFacts, event: DecisionRecorded) -> CaseFacts:
    return replace(facts, decisions=_put(facts.decisions, _decision(event), decision_id))


def _measured(
    facts: CaseFacts, event: MeasurePlanned | MeasureApproved | MeasureAvailable
) -> CaseFacts:
    return replace(facts, measures=_put(facts.measures, _measure(event.measure), measure_id))


def _initiated(facts: CaseFacts, event: NoticeSent | WaveStarted) -> CaseFacts:
    return replace(facts, initiations=_put(facts.initiations, _initiation(event), initiation_id))


def _filed(facts: CaseFacts, event: FilingRecorded) -> CaseFacts:
    return replace(facts, filings=_put(facts.filings, _filing(event), filing_id))


def _closed(facts: CaseFacts, event: CaseClosed) -> CaseFacts:
    return replace(facts, closure=Closure(event.ground, event.closed_by, event.closed_at))


def _reopened(facts: CaseFacts, _event: CaseReopened) -> CaseFacts:
    return replace(facts, closure=None)


_FOLDINGS: dict[type[Event], Callable[[CaseFacts, Any], CaseFacts]] = {
    CaseOpened: _opened,
    CaseScoped: _scoped,
    CaseSignalled: _signalled,
    ExploitationAssessed: _assessed,
    RiskAssessed: _given_band,
    DecisionRecorded: _answered,
    MeasurePlanned: _measured,
    MeasureApproved: _measured,
    MeasureAvailable: _measured,
    NoticeSent: _initiated,
    WaveStarted: _initiated,
    FilingRecorded: _filed,
    CaseClosed: _closed,
    CaseReopened: _reopened,
}
