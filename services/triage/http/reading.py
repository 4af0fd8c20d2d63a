"""What people read beside a case: its timeline, and the review list of what nobody could tell."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from services.kit.http import CurrentUnit, Cursor, Limit, page
from services.kit.http import router as make_router
from services.kit.pages import Key, Page
from services.triage.http.desk import Told, read
from services.triage.http.shown import Row
from services.triage.store import records, views

router = make_router("triage")


class TimelineRow(Told):
    """One event, as it happened."""

    id: UUID
    time: datetime
    service: str
    type: str
    summary: str
    actor: str | None
    case: str | None
    causation: str | None
    topic: str
    key: str
    revision: int


@router.get("/v1/cases/{case}/timeline")
async def timeline(
    case: str, unit: CurrentUnit, cursor: Cursor = None, limit: Limit = 100
) -> Page[TimelineRow]:
    """Show every event of a case and of what it is the file of, oldest first."""
    desk = await read(unit, case)
    family = await records.family(unit.db, desk.case)

    async def query(after: Key | None, most: int) -> list[TimelineRow]:
        place = (after[0], after[1]) if after and isinstance(after[0], datetime) else None
        found = await views.timeline(unit.db, desk.case, family, place, most)
        return [TimelineRow(service=row["source"], case=row["case_id"], **row) for row in found]

    return await page(query, cursor, limit, lambda row: (row.time, row.id))


class ReviewGroup(Told):
    """Unknown verdicts of one component for one reason."""

    component: str | None
    reason: str
    findings: int
    vulnerabilities: int
    cases: int = Field(description="How many of these vulnerabilities have a case.")
    products: list[str]
    versions: list[str]
    some_vulnerabilities: list[str]
    some_findings: list[str]
    since: datetime
    unsupported: bool = Field(description="Support of the component is over: nobody else will say.")
    support_ends_on: date | None = Field(description="The first last day of support, if one nears.")


class Review(Told):
    """What no source of data could decide: people look."""

    items: list[ReviewGroup]
    next: str | None
    waiting_signals: list[Row] = Field(
        description="Evidence seen in one of our products that has met no finding of it."
    )


@router.get("/v1/review")
async def review(
    unit: CurrentUnit,
    product: str | None = None,
    reason: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Review:
    """List unknown verdicts by component and reason, and signals that wait for a finding."""

    async def query(after: Key | None, most: int) -> list[ReviewGroup]:
        place = (bool(after[0]), str(after[1]), str(after[2])) if after else None
        found = await views.review(unit.db, product=product, reason=reason, after=place, limit=most)
        return [ReviewGroup.model_validate(dict(row)) for row in found]

    groups = await page(query, cursor, limit, _place)
    waits = [dict(row) for row in await views.waiting_signals(unit.db)]
    return Review(items=groups.items, next=groups.next, waiting_signals=waits)


def _place(group: ReviewGroup) -> Key:
    return (not group.unsupported, group.component or "", group.reason)
