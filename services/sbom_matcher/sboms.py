"""The HTTP edge for revisions of SBOMs: their quality, what differs, and who reviewed them."""

import asyncio
from typing import Annotated, Any

from fastapi import Query

from schemas.sboms import SbomRegistered, SbomReviewed
from services.kit import ids
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page, router
from services.kit.pages import Key, foreign, moment
from services.kit.unit import ForbiddenError, Unit
from services.sbom_matcher import reviews
from services.sbom_matcher.domain.sboms import comparison, quality, review
from services.sbom_matcher.sbom_views import (
    NAME,
    ComparisonView,
    ElementView,
    GradeView,
    LackingView,
    PairView,
    QualityView,
    ReviewBody,
    ReviewView,
    ShareView,
)
from services.sbom_matcher.store import revisions
from services.sbom_matcher.store.revisions import Place, Review

routes = router("sbom-matcher")

Asked = Annotated[str | None, Query(max_length=NAME)]
Named = Annotated[str, Query(min_length=1, max_length=NAME)]
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Else the latest.")]

REVIEWERS = ("psirt", "quality", "regulatory")
"""Who may review: a person with one of these roles."""


@routes.get("/v1/sbom-revisions")
async def list_revisions(
    unit: CurrentUnit,
    product: Asked = None,
    version: Asked = None,
    hardware: Asked = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[GradeView]:
    """List revisions with their quality in short, by product, version, hardware and number."""
    unit.require()
    asked = (product, version, hardware)

    async def query(after: Key | None, most: int) -> list[GradeView]:
        return [_grade(row) for row in await revisions.listed(unit.db, asked, _last(after), most)]

    return await page(
        query, cursor, limit, lambda v: (v.product, v.version, v.hardware, v.revision)
    )


@routes.get("/v1/sbom-quality")
async def show_quality(
    unit: CurrentUnit,
    product: Named,
    version: Named,
    hardware: Annotated[str, Query(max_length=NAME)] = "",
    revision: Number = None,
) -> QualityView:
    """Judge one revision in full: each component that lacks an element is named."""
    unit.require()
    found = await _content(unit, Place(product, version, hardware), revision)
    judged = await asyncio.to_thread(quality.judge, review.inventory(found))
    return QualityView(
        product=product,
        version=version,
        hardware=hardware,
        revision=found.revision,
        good=judged.good,
        elements=[
            ElementView(
                element=each.element, source=each.source, have=each.have, of=each.of,
                lacking=[
                    LackingView(ref=one.ref, name=one.name, version=one.version, reason=one.reason)
                    for one in each.lacking
                ],
            )
            for each in judged.elements
        ],
        depth=judged.graph.depth,
        flat=judged.graph.flat,
        unresolved=list(judged.graph.unresolved),
        unreached=list(judged.graph.unreached),
        repeated=list(judged.repeated),
    )  # fmt: skip


@routes.get("/v1/sbom-comparison")
async def compare(  # noqa: PLR0913, PLR0917  (each is a query parameter)
    unit: CurrentUnit,
    product: Named,
    version: Named,
    to_version: Named,
    hardware: Annotated[str, Query(max_length=NAME)] = "",
    revision: Number = None,
    to_product: Asked = None,
    to_hardware: Asked = None,
    to_revision: Number = None,
) -> ComparisonView:
    """Say what differs between two revisions, of one version or of two."""
    unit.require()
    other = Place(
        to_product or product, to_version, hardware if to_hardware is None else to_hardware
    )
    before = await _content(unit, Place(product, version, hardware), revision)
    after = await _content(unit, other, to_revision)
    found = await asyncio.to_thread(comparison.compare, before.components, after.components)
    return ComparisonView(
        before=before.revision,
        after=after.revision,
        added=list(found.added),
        removed=list(found.removed),
        changed_version=[PairView(before=a, after=b) for a, b in found.versions],
        changed_identifiers=[PairView(before=a, after=b) for a, b in found.identifiers],
        unchanged=found.unchanged,
    )


@routes.post("/v1/sbom-reviews", status_code=201)
async def record_review(body: ReviewBody, unit: CurrentUnit) -> SbomReviewed:
    """Record that a person reviewed the completeness of the latest revision."""
    actor = unit.require(*REVIEWERS)
    if actor.kind != "person":
        raise ForbiddenError(f"{actor.id} is an integration: a review is a person's act")
    where = Place(body.product, body.version, body.hardware)
    await unit.lock("product", [f"product/{body.product}"])
    held = (await revisions.latest(unit.db, [where])).get(where)
    if held is None:
        raise _absent(where, None)
    if body.revision not in {None, held.graded.revision}:
        raise Problem(
            409, "Not the latest revision",
            f"revision {held.graded.revision} is the latest, not {body.revision}", "/revision",
            "read the latest one, and review that",
        )  # fmt: skip
    found = Review(
        ids.uuid7(), where, held.graded.revision, body.complete, body.note, actor.id, unit.now
    )
    event = await reviews.take(unit, held.graded, found)
    unit.audit(
        "sbom.reviewed", f"sbom/{_named(where, found.revision)}",
        after={"review": event.review, "complete": body.complete, "meets": list(event.meets)},
        reason=body.note,
    )  # fmt: skip
    return event


@routes.get("/v1/sbom-reviews")
async def list_reviews(
    unit: CurrentUnit, product: Asked = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[ReviewView]:
    """List reviews, the newest first."""
    unit.require()

    async def query(after: Key | None, most: int) -> list[ReviewView]:
        rows = await revisions.reviews(unit.db, product, moment(after), most)
        return [ReviewView(**dict(row)) for row in rows]

    return await page(query, cursor, limit, lambda each: (each.reviewed_at, each.review))


async def _content(unit: Unit, where: Place, revision: int | None) -> SbomRegistered:
    found = await revisions.content(unit.db, where, revision)
    if found is None:
        raise _absent(where, revision)
    return found


def _absent(where: Place, revision: int | None) -> Problem:
    return Problem(
        404, "No such SBOM", f"no SBOM is kept of {_named(where, revision)}",
        mend="list them at /v1/sbom-revisions; one that was just submitted takes a moment",
    )  # fmt: skip


def _named(where: Place, revision: int | None) -> str:
    hardware = f" on {where.hardware}" if where.hardware else ""
    return f"{where.product}@{where.version}{hardware}{f' revision {revision}' if revision else ''}"


def _grade(row: Any) -> GradeView:
    elements = {
        name: ShareView(have=have, of=total) for name, (have, total) in row["elements"].items()
    }
    return GradeView(**{**dict(row), "elements": elements})


def _last(after: Key | None) -> tuple[str, str, str, int] | None:
    match after:
        case (str() as product, str() as version, str() as hardware, int() as number):
            return product, version, hardware, number
        case None:
            return None
        case _:
            raise foreign()
