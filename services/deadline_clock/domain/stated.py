"""Reads each event as the fact that it states: field by field, and nothing decided."""

from schemas.campaigns import SafetyStopped, WaveStarted
from schemas.cases import (
    CaseReport,
    CaseScoped,
    DecisionRecorded,
    ExploitationAssessed,
    ExploitationVerdict,
    IncidentAssessed,
    Measure,
    PathwayDecided,
    RiskAssessed,
)
from schemas.drafts import FilingRecorded, NoticeSent, RequestReceived
from schemas.sboms import SbomReviewDue, SbomReviewed
from services.deadline_clock.domain.acts import (
    Filing,
    Initiation,
    Notice,
    Pathway,
    Request,
    SbomDuty,
    SbomReview,
)
from services.deadline_clock.domain.facts import Assessment, CaseFacts, Decision, MeasureState, Risk
from services.deadline_clock.domain.happenings import IncidentAnswer, Report, SafetyEvent


def assessment(event: ExploitationAssessed) -> Assessment:
    """A person's answer on exploitation; a no has no awareness."""
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


def risk(facts: CaseFacts, event: RiskAssessed) -> Risk:
    """A band, and since when it is this one without a break."""
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


def decision(event: DecisionRecorded) -> Decision:
    """An answer to a question."""
    return Decision(
        decision=event.decision,
        question=event.question,
        product=event.product,
        outcome=event.outcome,
        ground=event.ground,
        decided_by=event.decided_by,
        decided_at=event.decided_at,
        reopen_trigger=event.reopen_trigger,
        happened_at=event.happened_at,
    )


def measure(measure: Measure) -> MeasureState:
    """A measure as last stated."""
    return MeasureState(
        measure=measure.measure,
        kind=measure.kind,
        products=measure.products,
        approved_by=measure.approved_by,
        approved_at=measure.approved_at,
        available_at=measure.available_at,
    )


def initiation(event: WaveStarted) -> Initiation:
    """A wave that began."""
    name = f"{event.campaign}/{event.wave}"
    return Initiation("first wave", name, event.product, event.started_at, "deployment-tracker")


def filing(event: FilingRecorded) -> Filing:
    """What a person handed to an authority."""
    return Filing(
        filing=event.filing,
        clock=event.clock,
        rule=event.rule,
        products=event.products,
        filed_by=event.filed_by,
        filed_at=event.filed_at,
        recorded_at=event.recorded_at,
    )


def report(told: CaseReport, before: Report | None, event: CaseScoped) -> Report:
    """A report of the case, and since when its harm is told as it is now."""
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


def notice(event: NoticeSent) -> Notice:
    """What somebody was told."""
    return Notice(event.notice, event.product, event.kind, event.sent_at, event.sent_by)


def request(event: RequestReceived) -> Request:
    """What an authority asked for."""
    return Request(
        request=event.request,
        authority=event.authority,
        rule=event.rule,
        due_at=event.due_at,
        received_at=event.received_at,
        recorded_by=event.recorded_by,
    )


def safety_event(event: SafetyStopped) -> SafetyEvent:
    """A device that stopped a rollout."""
    return SafetyEvent(
        event=f"{event.campaign}/{event.device}",
        product=event.product,
        device=event.device,
        code=event.code,
        received_at=event.received_at,
    )


def incident_answer(event: IncidentAssessed) -> IncidentAnswer:
    """An answer under one regime."""
    return IncidentAnswer(
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


def pathway(event: PathwayDecided) -> Pathway:
    """The signed route of a change."""
    return Pathway(
        measure=event.measure,
        product=event.product,
        route=event.notified_body_route,
        decided_by=event.decided_by,
        decided_at=event.decided_at,
    )


def duty(event: SbomReviewDue) -> SbomDuty:
    """An SBOM revision to be reviewed."""
    return SbomDuty(
        duty=event.duty,
        product=event.product,
        version=event.version,
        hardware=event.hardware,
        revision=event.revision,
        flat=event.flat,
        due_since=event.due_since,
    )


def review(event: SbomReviewed) -> SbomReview:
    """A person's review."""
    return SbomReview(
        review=event.review,
        product=event.product,
        version=event.version,
        hardware=event.hardware,
        meets=event.meets,
        reviewed_by=event.reviewed_by,
        reviewed_at=event.reviewed_at,
    )
