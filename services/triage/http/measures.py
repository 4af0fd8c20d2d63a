"""Measures and the pathways that people sign for them."""

from pydantic import Field

from schemas.cases import (
    Category,
    Measure,
    MeasureApproved,
    MeasureAvailable,
    MeasureKind,
    MeasurePlanned,
    PathwayDecided,
)
from services.kit.http import CurrentUnit, Problem
from services.kit.http import router as make_router
from services.kit.ids import uuid7
from services.kit.unit import Unit
from services.triage import rulebook
from services.triage.domain.assessments import not_in_the_future
from services.triage.domain.decisions import check_approval, check_available, check_products
from services.triage.domain.pathways import Pathway, pathway
from services.triage.domain.refusal import RefusalError
from services.triage.http.desk import (
    Asked,
    Ground,
    Moment,
    OnDesk,
    Short,
    Told,
    read,
    refusals,
    take,
)
from services.triage.store import decided, views

router = make_router("triage")


class MeasureIn(Asked):
    """A measure to plan."""

    kind: MeasureKind
    category: Category
    title: Short
    description: str = Field(default="", max_length=20_000)
    products: tuple[Short, ...] = Field(min_length=1, max_length=500)
    target_version: Short | None = Field(default=None, description="Needed for a patch.")


@router.post("/v1/cases/{case}/measures", status_code=201)
async def plan(case: str, body: MeasureIn, unit: CurrentUnit) -> Measure:
    """Plan a measure; another person approves it."""
    actor = unit.require("psirt")
    desk = await take(unit, case)
    with refusals():
        check_products(body.products, desk.products, "/products")
        if body.kind is MeasureKind.PATCH and body.target_version is None:
            raise RefusalError(
                "a patch needs the version that carries it",
                pointer="/target_version",
                mend="name the version that devices run once they are covered",
            )
    measure = Measure(
        measure=str(uuid7()),
        kind=body.kind,
        category=body.category,
        title=body.title,
        description=body.description,
        products=tuple(sorted(set(body.products))),
        target_version=body.target_version,
        planned_by=actor.id,
        planned_at=unit.now,
    )
    await decided.save_measure(unit.db, desk.case, measure)
    planned = MeasurePlanned(case=desk.case, measure=measure)
    unit.emit(planned, case=desk.case, name=measure.measure)
    unit.audit("measure.plan", desk.case, after=measure.model_dump(mode="json"))
    return measure


class ApprovalIn(Asked):
    """Why the measure is approved."""

    ground: Ground = "approved as planned"


@router.post("/v1/cases/{case}/measures/{measure}/approve")
async def approve(case: str, measure: str, body: ApprovalIn, unit: CurrentUnit) -> Measure:
    """Approve a measure that another person planned: the earliest reading of 'initiating'."""
    actor = unit.require("quality")
    desk = await take(unit, case)
    before = await _measure(unit, desk, measure)
    with refusals():
        check_approval(before, actor.id)
    after = before.model_copy(update={"approved_by": actor.id, "approved_at": unit.now})
    await decided.save_measure(unit.db, desk.case, after)
    event = MeasureApproved(case=desk.case, measure=after)
    unit.emit(event, case=desk.case, name=measure)
    unit.audit(
        "measure.approve",
        desk.case,
        before=before.model_dump(mode="json"),
        after=after.model_dump(mode="json"),
        reason=body.ground,
    )
    return after


class AvailableIn(Asked):
    """Since when users could have the measure."""

    available_at: Moment | None = Field(default=None, description="Now, where left out.")
    ground: Ground


@router.post("/v1/cases/{case}/measures/{measure}/available")
async def make_available(case: str, measure: str, body: AvailableIn, unit: CurrentUnit) -> Measure:
    """Record that users can have an approved measure: what the 14 days of the CRA run from."""
    unit.require("psirt")
    desk = await take(unit, case)
    before = await _measure(unit, desk, measure)
    at = body.available_at or unit.now
    with refusals():
        check_available(before)
        not_in_the_future(at, unit.now, "/available_at")
        if at < before.planned_at:
            raise RefusalError(
                f"the measure was planned on {before.planned_at.isoformat()}, after that",
                pointer="/available_at",
                mend="give an instant after it was planned",
            )
    after = before.model_copy(update={"available_at": at})
    await decided.save_measure(unit.db, desk.case, after)
    event = MeasureAvailable(case=desk.case, measure=after)
    unit.emit(event, case=desk.case, name=measure)
    unit.audit(
        "measure.available",
        desk.case,
        before=before.model_dump(mode="json"),
        after=after.model_dump(mode="json"),
        reason=body.ground,
    )
    return after


class PathwayIn(Asked):
    """The pathway that a person signs for one measure in one product."""

    measure: Short
    product: Short
    emergency_basis: Short | None = None
    ground: Ground


class PathwayOut(Told):
    """What a change raises: to be assessed and documented by people."""

    measure: str
    product: str
    category: Category
    us: tuple[str, ...]
    eu: tuple[str, ...]
    notified_body_route: str
    pack: str


@router.get("/v1/cases/{case}/measures/{measure}/pathway")
async def preview(
    case: str, measure: str, product: str, unit: CurrentUnit, emergency_basis: str | None = None
) -> PathwayOut:
    """Show what a measure raises for a product, before anybody signs it."""
    desk = await read(unit, case)
    found = next((each for each in desk.record.measures if each.measure == measure), None)
    if found is None:
        raise _unknown(measure)
    raised = await _pathway(unit, desk, found, product, emergency_basis)
    return _out(found, product, raised)


@router.post("/v1/cases/{case}/pathways", status_code=201)
async def sign(case: str, body: PathwayIn, unit: CurrentUnit) -> PathwayOut:
    """Sign a pathway: the texts that hold today become part of the record."""
    actor = unit.require("regulatory", "psirt")
    desk = await take(unit, case)
    measure = await _measure(unit, desk, body.measure)
    raised = await _pathway(unit, desk, measure, body.product, body.emergency_basis)
    event = PathwayDecided(
        case=desk.case,
        measure=measure.measure,
        product=body.product,
        category=measure.category,
        us=raised.us,
        eu=raised.eu,
        notified_body_route=raised.notified_body_route,
        decided_by=actor.id,
        decided_at=unit.now,
        pack=raised.pack,
    )
    await decided.sign(unit.db, str(uuid7()), event, body.emergency_basis, body.ground)
    unit.emit(event, case=desk.case, name=f"{body.measure}/{body.product}")
    unit.audit("pathway.sign", desk.case, after=event.model_dump(mode="json"), reason=body.ground)
    return _out(measure, body.product, raised)


async def _pathway(
    unit: Unit, desk: OnDesk, measure: Measure, product: str, basis: str | None
) -> Pathway:
    risks = {each.product: each.band for each in await views.risks(unit.db, desk.case)}
    with refusals():
        if product not in measure.products:
            raise RefusalError(
                f"the measure is not for product {product}",
                pointer="/product",
                mend=f"name one of {', '.join(measure.products)}",
            )
        return pathway(
            measure.category,
            risks.get(product),
            desk.record.products.get(product),
            basis,
            rulebook.change_pathways(),
        )


def _out(measure: Measure, product: str, raised: Pathway) -> PathwayOut:
    return PathwayOut(
        measure=measure.measure,
        product=product,
        category=measure.category,
        us=raised.us,
        eu=raised.eu,
        notified_body_route=raised.notified_body_route,
        pack=raised.pack,
    )


async def _measure(unit: Unit, desk: OnDesk, measure: str) -> Measure:
    found = await decided.measure_of(unit.db, desk.case, measure)
    if found is None:
        raise _unknown(measure)
    return found


def _unknown(measure: str) -> Problem:
    return Problem(
        404, "No such measure", f"the case has no measure {measure}",
        parameter="measure", mend="take its id from GET /v1/cases/{case}",
    )  # fmt: skip
