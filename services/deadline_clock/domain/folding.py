"""How events become facts: each states something of one case; merged cases are a union."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, TypeVar

from schemas.campaigns import SafetyStopped, WaveStarted
from schemas.cases import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    CaseReport,
    CaseScoped,
    CaseSignalled,
    DecisionRecorded,
    ExploitationAssessed,
    ExploitationVerdict,
    IncidentAssessed,
    Measure,
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
from services.deadline_clock.domain.facts import (
    Assessment,
    CaseFacts,
    Closure,
    Decision,
    Filing,
    Initiation,
    MeasureState,
    Notice,
    Pathway,
    Request,
    Risk,
    SbomDuty,
    SbomReview,
    Scope,
    Signal,
)
from services.deadline_clock.domain.happenings import IncidentAnswer, Report, SafetyEvent
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
    reports = tuple(_report(each, known.get(each.report), event) for each in event.reports)
    return replace(
        facts, title=event.title, identifiers=event.identifiers, scope=scope, reports=reports
    )


def _report(told: CaseReport, before: Report | None, event: CaseScoped) -> Report:
    same = before is not None and before.harm == told.harm
    return Report(
        report=told.report,
        incident=told.incident,
        title=told.title,
        product=told.product,
        version=told.version,
        harm=told.harm,
        received_at=told.received_at,
        harm_since=before.harm_since if same and before is not None else event.scoped_at,
        country=told.country,
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


def _initiation(event: WaveStarted) -> Initiation:
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
    stated, before = _assessment(event), facts.assessment(event.product)
    corrected = facts.corrected
    if before is not None and before != stated:
        corrected = (*corrected, before)
    standing = _put(facts.assessments, stated, product_id)
    return replace(facts, assessments=standing, corrected=corrected)


def _given_band(facts: CaseFacts, event: RiskAssessed) -> CaseFacts:
    return replace(facts, risks=_put(facts.risks, _risk(facts, event), product_id))


def _answered(facts: CaseFacts, event: DecisionRecorded) -> CaseFacts:
    return replace(facts, decisions=_put(facts.decisions, _decision(event), decision_id))


def _measured(
    facts: CaseFacts, event: MeasurePlanned | MeasureApproved | MeasureAvailable
) -> CaseFacts:
    return replace(facts, measures=_put(facts.measures, _measure(event.measure), measure_id))


def _initiated(facts: CaseFacts, event: WaveStarted) -> CaseFacts:
    return replace(facts, initiations=_put(facts.initiations, _initiation(event), initiation_id))


def _noticed(facts: CaseFacts, event: NoticeSent) -> CaseFacts:
    notice = Notice(event.notice, event.product, event.kind, event.sent_at, event.sent_by)
    return replace(facts, notices=_put(facts.notices, notice, notice_id))


def _requested(facts: CaseFacts, event: RequestReceived) -> CaseFacts:
    request = Request(
        request=event.request,
        authority=event.authority,
        rule=event.rule,
        due_at=event.due_at,
        received_at=event.received_at,
        recorded_by=event.recorded_by,
    )
    return replace(facts, requests=_put(facts.requests, request, request_id))


def _stopped(facts: CaseFacts, event: SafetyStopped) -> CaseFacts:
    safety = SafetyEvent(
        event=f"{event.campaign}/{event.device}",
        product=event.product,
        device=event.device,
        code=event.code,
        received_at=event.received_at,
    )
    known = next((e for e in facts.safety_events if e.event == safety.event), None)
    if known is not None and known.received_at <= safety.received_at:
        return facts  # the first receipt counts
    return replace(facts, safety_events=_put(facts.safety_events, safety, safety_id))


def _answered_incident(facts: CaseFacts, event: IncidentAssessed) -> CaseFacts:
    answer = IncidentAnswer(
        regime=event.regime,
        product=event.product,
        report=event.report,
        reportable=event.reportable,
        harm=event.harm,
        aware_at=event.aware_at,
        assessed_at=event.assessed_at,
        assessed_by=event.assessed_by,
        ground=event.ground,
        reopen_trigger=event.reopen_trigger,
    )
    answers = _put(facts.incident_answers, answer, answer_id)
    return replace(facts, incident_answers=answers)


def _signed(facts: CaseFacts, event: PathwayDecided) -> CaseFacts:
    pathway = Pathway(
        measure=event.measure,
        product=event.product,
        route=event.notified_body_route,
        decided_by=event.decided_by,
        decided_at=event.decided_at,
    )
    return replace(facts, pathways=_put(facts.pathways, pathway, pathway_id))


def _filed(facts: CaseFacts, event: FilingRecorded) -> CaseFacts:
    return replace(facts, filings=_put(facts.filings, _filing(event), filing_id))


def _closed(facts: CaseFacts, event: CaseClosed) -> CaseFacts:
    return replace(facts, closure=Closure(event.ground, event.closed_by, event.closed_at))


def _reopened(facts: CaseFacts, _event: CaseReopened) -> CaseFacts:
    return replace(facts, closure=None)


def _due_for_review(facts: CaseFacts, event: SbomReviewDue) -> CaseFacts:
    """A quarter's duty says nothing new: quarters are counted from releases and reviews."""
    if event.reason is not ReviewReason.RELEASE:
        return facts
    duty = SbomDuty(
        duty=event.duty,
        product=event.product,
        version=event.version,
        hardware=event.hardware,
        revision=event.revision,
        flat=event.flat,
        due_since=event.due_since,
    )
    title = f"Bill of materials of {event.product}"
    return replace(facts, title=title, sbom_duties=_put(facts.sbom_duties, duty, duty_id))


def _reviewed(facts: CaseFacts, event: SbomReviewed) -> CaseFacts:
    review = SbomReview(
        review=event.review,
        product=event.product,
        version=event.version,
        hardware=event.hardware,
        meets=event.meets,
        reviewed_by=event.reviewed_by,
        reviewed_at=event.reviewed_at,
    )
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
