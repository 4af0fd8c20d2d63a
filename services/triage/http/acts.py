"""Assessments, decisions and bands: what a named person answers, whichever way, with a ground."""

from typing import Literal

from pydantic import Field

from schemas.cases import (
    DecisionRecorded,
    ExploitationAssessed,
    ExploitationVerdict,
    IncidentAssessed,
    RiskAssessed,
)
from schemas.signals import Harm
from services.kit.http import CurrentUnit, Problem
from services.kit.http import router as make_router
from services.kit.ids import uuid7
from services.triage import rulebook
from services.triage.domain.assessments import (
    check_existed,
    check_exploitation,
    check_incident,
    check_product,
    check_report,
)
from services.triage.domain.decisions import check_happened, question_of, superseded
from services.triage.http.desk import Asked, Ground, Moment, Short, Told, Trigger, refusals, take
from services.triage.store import decided, views

router = make_router("triage")


class AssessmentIn(Asked):
    """A person's answer: was it exploited in this product?"""

    product: Short
    verdict: ExploitationVerdict
    aware_at: Moment | None = Field(
        default=None, description="Reasonable certainty after assessment; only where exploited."
    )
    ground: Ground
    evidence: tuple[Short, ...] = Field(default=(), max_length=100)
    reopen_trigger: Trigger = None


class Recorded(Told):
    """An act that was put on record."""

    id: str
    case: str


@router.post("/v1/cases/{case}/assessments", status_code=201)
async def assess(case: str, body: AssessmentIn, unit: CurrentUnit) -> Recorded:
    """Answer for one product whether it was exploited; a negative answer says what reopens it."""
    actor = unit.require("psirt")
    desk = await take(unit, case)
    with refusals():
        check_product(body.product, desk.record.items)
        check_existed(desk.record.products.get(body.product), body.aware_at)
        check_exploitation(
            body.product, body.verdict, body.aware_at, body.reopen_trigger, desk.record.met,
            unit.now,
        )  # fmt: skip
    event = ExploitationAssessed(
        case=desk.case,
        product=body.product,
        verdict=body.verdict,
        aware_at=body.aware_at,
        assessed_at=unit.now,
        assessed_by=actor.id,
        ground=body.ground,
        evidence=body.evidence,
        reopen_trigger=body.reopen_trigger,
    )
    id_ = str(uuid7())
    await decided.assess(unit.db, id_, event)
    unit.emit(event, case=desk.case)
    unit.audit(
        "exploitation.assess", desk.case, after=event.model_dump(mode="json"), reason=body.ground
    )
    return Recorded(id=id_, case=desk.case)


class IncidentIn(Asked):
    """A person's answer: is the incident reportable under this regime?"""

    regime: Literal["eu_mdr", "eu_ivdr", "us_803", "cra", "nis2"]
    product: Short
    report: Short | None = Field(
        default=None,
        description="The incident or safety event it answers; None answers all received so far.",
    )
    reportable: bool
    harm: Harm
    aware_at: Moment
    ground: Ground
    reopen_trigger: Trigger = None


@router.post("/v1/cases/{case}/incident-assessments", status_code=201)
async def assess_incident(case: str, body: IncidentIn, unit: CurrentUnit) -> Recorded:
    """Answer for one product and regime whether an incident is reportable."""
    actor = unit.require("regulatory", "psirt")
    desk = await take(unit, case)
    held = [(each.report, each.received_at) for each in desk.record.reports if each.incident]
    held += [(each.event, each.received_at) for each in desk.record.safety_events]
    received = [at for name, at in held if body.report in {None, name}]
    with refusals():
        check_product(body.product, desk.record.items)
        check_existed(desk.record.products.get(body.product), body.aware_at)
        check_report(body.report, [name for name, _ in held])
        check_incident(body.reportable, body.aware_at, body.reopen_trigger, received, unit.now)
    event = IncidentAssessed(
        case=desk.case,
        regime=body.regime,
        product=body.product,
        report=body.report,
        reportable=body.reportable,
        harm=body.harm,
        aware_at=body.aware_at,
        assessed_at=unit.now,
        assessed_by=actor.id,
        ground=body.ground,
        reopen_trigger=body.reopen_trigger,
    )
    id_ = str(uuid7())
    await decided.assess_incident(unit.db, id_, event)
    unit.emit(event, case=desk.case)
    unit.audit(
        "incident.assess", desk.case, after=event.model_dump(mode="json"), reason=body.ground
    )
    return Recorded(id=id_, case=desk.case)


class DecisionIn(Asked):
    """A person's answer to a question of the policy pack."""

    question: Short
    product: Short | None = Field(
        default=None, description="The product it is limited to; None answers for all."
    )
    outcome: Short
    ground: Ground
    reopen_trigger: Trigger = None
    happened_at: Moment | None = Field(
        default=None,
        description="When what it answers happened, where a period runs from that; else now.",
    )


@router.post("/v1/cases/{case}/decisions", status_code=201)
async def decide(case: str, body: DecisionIn, unit: CurrentUnit) -> Recorded:
    """Answer a question; an earlier answer to it stays on record and is superseded."""
    unit.require("regulatory", "psirt", "quality")
    desk = await take(unit, case)
    with refusals():
        question = question_of(
            body.question, body.outcome, body.reopen_trigger, rulebook.decision_questions()
        )
        if body.product is not None:
            check_product(body.product, desk.record.items)
        check_happened(question, body.product, body.happened_at, desk.record, unit.now)
    actor = unit.require(*question.roles)
    before = superseded(desk.record, body.question, body.product)
    event = DecisionRecorded(
        case=desk.case,
        decision=str(uuid7()),
        question=body.question,
        product=body.product,
        outcome=body.outcome,
        ground=body.ground,
        decided_by=actor.id,
        decided_at=unit.now,
        happened_at=body.happened_at,
        reopen_trigger=body.reopen_trigger,
        supersedes=before.decision if before else None,
    )
    await decided.decide(unit.db, event)
    unit.emit(event, case=desk.case)
    unit.audit(
        f"decide {body.question}",
        desk.case,
        before=before.outcome if before else None,
        after=event.model_dump(mode="json"),
        reason=body.ground,
    )
    return Recorded(id=event.decision, case=desk.case)


class BandIn(Asked):
    """The clinical risk band that a person sets; without one the proposed band is confirmed."""

    product: Short
    band: Short | None = Field(default=None, description="Confirms the proposal where left out.")
    ground: Ground


class BandSet(Told):
    """The band that holds."""

    case: str
    product: str
    band: str


@router.post("/v1/cases/{case}/risk", status_code=201)
async def set_band(case: str, body: BandIn, unit: CurrentUnit) -> BandSet:
    """Confirm the proposed band for a product, or set another."""
    actor = unit.require("psirt", "quality")
    desk = await take(unit, case)
    with refusals():
        check_product(body.product, desk.record.items)
    pack = rulebook.clinical_bands()
    before = {each.product: each for each in await views.risks(unit.db, desk.case)}.get(
        body.product
    )
    band = body.band or (before.proposed_band if before else None)
    if band is None or pack.rank(band) is None:
        known = ", ".join(each.id for each in pack.bands)
        reason = f"there is no band {band!r}" if band else "no band is proposed for this product"
        raise Problem(422, "Request is not valid", reason, "/band", f"name one of {known}")
    event = RiskAssessed(
        case=desk.case,
        product=body.product,
        band=band,
        score=before.score if before else None,
        vector=before.vector if before else None,
        proposed=False,
        assessed_by=actor.id,
        assessed_at=unit.now,
        ground=body.ground,
        pack=pack.name,
    )
    await decided.band(unit.db, event)
    unit.emit(event, case=desk.case, name=body.product)
    unit.audit(
        "risk.assess",
        desk.case,
        before=before.band if before else None,
        after=event.model_dump(mode="json"),
        reason=body.ground,
    )
    return BandSet(case=desk.case, product=body.product, band=band)
