"""How events become facts: each states something of one case; merged cases are a union."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, TypeVar

from schemas.campaigns import SafetyStopped, WaveStarted
from schemas.cases import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    CaseScoped,
    CaseSignalled,
    DecisionRecorded,
    ExploitationAssessed,
    IncidentAssessed,
    MeasureApproved,
    MeasureAvailable,
    MeasurePlanned,
    PathwayDecided,
    RiskAssessed,
    ScopeStatus,
)
from schemas.drafts import FilingRecorded, NoticeSent, RequestReceived
from schemas.event import Event
from schemas.sboms import ReviewReason, SbomReviewDue, SbomReviewed
from services.deadline_clock.domain import stated
from services.deadline_clock.domain.facts import (
    CaseFacts,
    Closure,
    Scope,
    Signal,
)
from services.deadline_clock.domain.merging import (
    answer_id,
    decision_id,
    duty_id,
    earliest,
    filing_id,
    initiation_id,
    measure_id,
    notice_id,
    pathway_id,
    product_id,
    request_id,
    review_id,
    safety_id,
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
    """Products that began or ceased to be borne on, and those of new or changed reports."""
    was = {each.product: each.bears for each in before.scope}
    now = {each.product: each.bears for each in after.scope}
    reports = set(before.reports) ^ set(after.reports)
    spoken_of = {each.product for each in reports if each.product is not None}
    return frozenset(name for name in was | now if was.get(name) != now.get(name)) | spoken_of


def _scoped(facts: CaseFacts, event: CaseScoped) -> CaseFacts:
    bearing = {item.product for item in event.items if item.status in _BEARING}
    products = sorted({item.product for item in event.items})
    held = {
        product: min(item.held_at for item in event.items if item.product == product)
        for product in products
    }
    scope = tuple(Scope(product, product in bearing, held[product]) for product in products)
    known = {each.report: each for each in facts.reports}
    reports = tuple(stated.report(each, known.get(each.report), event) for each in event.reports)
    return replace(
        facts, title=event.title, identifiers=event.identifiers, scope=scope, reports=reports
    )


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


def _put(items: tuple[T, ...], item: T, key: Callable[[T], Hashable]) -> tuple[T, ...]:
    """Replace the item of the same key in its place, or append."""
    if any(key(each) == key(item) for each in items):
        return tuple(item if key(each) == key(item) else each for each in items)
    return (*items, item)


def _opened(facts: CaseFacts, event: CaseOpened) -> CaseFacts:
    return replace(facts, title=event.title, identifiers=event.identifiers)


def _assessed(facts: CaseFacts, event: ExploitationAssessed) -> CaseFacts:
    now, before = stated.assessment(event), facts.assessment(event.product)
    corrected = facts.corrected
    if before is not None and before != now:
        corrected = (*corrected, before)
    standing = _put(facts.assessments, now, product_id)
    return replace(facts, assessments=standing, corrected=corrected)


def _given_band(facts: CaseFacts, event: RiskAssessed) -> CaseFacts:
    return replace(facts, risks=_put(facts.risks, stated.risk(facts, event), product_id))


def _answered(facts: CaseFacts, event: DecisionRecorded) -> CaseFacts:
    return replace(facts, decisions=_put(facts.decisions, stated.decision(event), decision_id))


def _measured(
    facts: CaseFacts, event: MeasurePlanned | MeasureApproved | MeasureAvailable
) -> CaseFacts:
    return replace(facts, measures=_put(facts.measures, stated.measure(event.measure), measure_id))


def _initiated(facts: CaseFacts, event: WaveStarted) -> CaseFacts:
    return replace(
        facts, initiations=_put(facts.initiations, stated.initiation(event), initiation_id)
    )


def _noticed(facts: CaseFacts, event: NoticeSent) -> CaseFacts:
    notice = stated.notice(event)
    return replace(facts, notices=_put(facts.notices, notice, notice_id))


def _requested(facts: CaseFacts, event: RequestReceived) -> CaseFacts:
    request = stated.request(event)
    return replace(facts, requests=_put(facts.requests, request, request_id))


def _stopped(facts: CaseFacts, event: SafetyStopped) -> CaseFacts:
    safety = stated.safety_event(event)
    known = next((e for e in facts.safety_events if e.event == safety.event), None)
    if known is not None and known.received_at <= safety.received_at:
        return facts  # the first receipt counts
    return replace(facts, safety_events=_put(facts.safety_events, safety, safety_id))


def _answered_incident(facts: CaseFacts, event: IncidentAssessed) -> CaseFacts:
    answer = stated.incident_answer(event)
    answers = _put(facts.incident_answers, answer, answer_id)
    return replace(facts, incident_answers=answers)


def _signed(facts: CaseFacts, event: PathwayDecided) -> CaseFacts:
    pathway = stated.pathway(event)
    return replace(facts, pathways=_put(facts.pathways, pathway, pathway_id))


def _filed(facts: CaseFacts, event: FilingRecorded) -> CaseFacts:
    return replace(facts, filings=_put(facts.filings, stated.filing(event), filing_id))


def _closed(facts: CaseFacts, event: CaseClosed) -> CaseFacts:
    return replace(facts, closure=Closure(event.ground, event.closed_by, event.closed_at))


def _reopened(facts: CaseFacts, _event: CaseReopened) -> CaseFacts:
    return replace(facts, closure=None)


def _due_for_review(facts: CaseFacts, event: SbomReviewDue) -> CaseFacts:
    """A quarter's duty says nothing new: quarters are counted from releases and reviews."""
    if event.reason is not ReviewReason.RELEASE:
        return facts
    duty = stated.duty(event)
    title = f"Bill of materials of {event.product}"
    return replace(facts, title=title, sbom_duties=_put(facts.sbom_duties, duty, duty_id))


def _reviewed(facts: CaseFacts, event: SbomReviewed) -> CaseFacts:
    review = stated.review(event)
    return replace(facts, sbom_reviews=_put(facts.sbom_reviews, review, review_id))


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
    NoticeSent: _noticed,
    RequestReceived: _requested,
    WaveStarted: _initiated,
    SafetyStopped: _stopped,
    IncidentAssessed: _answered_incident,
    PathwayDecided: _signed,
    SbomReviewDue: _due_for_review,
    SbomReviewed: _reviewed,
    FilingRecorded: _filed,
    CaseClosed: _closed,
    CaseReopened: _reopened,
}
