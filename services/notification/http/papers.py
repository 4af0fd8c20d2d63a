"""What people record over HTTP: a filing they made, a notice they sent, a request they received."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from schemas.clocks import Clock
from schemas.drafts import FilingRecorded, NoticeKind, NoticeSent, RequestReceived
from schemas.event import Instant
from services.kit import http, ids
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page
from services.kit.pages import Key
from services.kit.unit import Unit
from services.notification import drafting
from services.notification.bell import RECHECKS
from services.notification.domain import filing
from services.notification.domain.filing import DraftStanding, Filed, FilingContext
from services.notification.http.stated import check_possible, products_of
from services.notification.loading import Holdings, load
from services.notification.store import clocks, drafts, facts, papers
from services.notification.store.drafts import KeptDraft
from services.notification.template_library import template_of

router = http.router("notification")

Name = Annotated[str, Field(min_length=1, max_length=512)]
CaseFilter = Annotated[str | None, Query(description="Of one case only.")]


class _In(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FilingIn(_In):
    """What you, or somebody you name, handed to an authority."""

    clock: Name
    receipt: Name
    filed_at: Instant
    products: Annotated[tuple[Name, ...], Field(min_length=1, max_length=100)]
    filed_by: Name | None = None
    draft: Name | None = None
    revision: Annotated[int, Field(ge=1)] | None = None
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    note: Annotated[str, Field(max_length=4000)] | None = None


class NoticeIn(_In):
    """What customers were told."""

    case: Name
    product: Name | None = None
    kind: NoticeKind
    channel: Name
    recipients: Annotated[int, Field(ge=0)]
    sent_at: Instant


class RequestIn(_In):
    """What an authority asked for."""

    case: Name
    authority: Name
    rule: Name | None = None
    due_at: Instant | None = None
    received_at: Instant


@router.post("/v1/filings", status_code=201)
async def record_filing(body: FilingIn, unit: CurrentUnit) -> FilingRecorded:
    """Record a filing. It is accepted whatever does not fit; mismatches are flagged.

    Refused are only a filing on a clock that does not bind, and one dated in the future or before
    its products existed.
    """
    actor = unit.require("regulatory")
    clock = await _locked_clock(unit, body.clock)
    filed = Filed(
        clock=body.clock, products=body.products, receipt=body.receipt,
        filed_by=body.filed_by or actor.id, filed_at=body.filed_at, draft=body.draft,
        revision=body.revision, digest=body.digest,
    )  # fmt: skip
    if why := filing.refusal(clock):
        raise Problem(409, "Filing cannot be recorded", why, "/clock", "file on a binding clock")
    await check_possible(unit, body.filed_at, "/filed_at", body.products)
    held = await load(unit.db, [clock.case])
    context = await _context(unit, clock, held)
    recorded = FilingRecorded(
        filing=str(ids.uuid7()), case=clock.case, clock=clock.clock, rule=clock.rule,
        stage=clock.stage, products=filed.products, draft=filed.draft, revision=filed.revision,
        receipt=filed.receipt, filed_by=filed.filed_by, filed_at=filed.filed_at,
        recorded_at=unit.now, mismatches=filing.mismatches(filed, clock, context),
    )  # fmt: skip
    await papers.file(unit.db, recorded, actor.id, body.note)
    await _mark_filed(unit, filed, context.draft)
    await drafting.redraft(unit, [clock.case], f"filing {recorded.filing} was recorded")
    unit.emit(recorded, case=clock.case)
    unit.audit(
        "filing.record", f"filing/{recorded.filing}", after=recorded.model_dump(mode="json"),
        reason=body.note,
    )  # fmt: skip
    return recorded


async def _locked_clock(unit: Unit, name: str) -> Clock:
    found = (await clocks.by_id(unit.db, [name])).get(name)
    if found is None:
        raise Problem(
            404, "Not Found", f"there is no clock {name}", "/clock",
            "list the case's clocks at deadline-clock; one just started arrives within seconds",
        )  # fmt: skip
    await unit.lock(drafting.LOCK, [found.clock.case])
    return (await clocks.by_id(unit.db, [name]))[name].clock


async def _context(unit: Unit, clock: Clock, held: Holdings) -> FilingContext:
    done = await papers.filings_of(unit.db, [clock.case])
    kept = held.drafts.get(clock.clock)
    own = [each for each in done if each.clock == clock.clock]
    entity = held.case_facts(_kept(held, clock), unit.now).entity
    return FilingContext(
        draft=await _standing(unit, kept, held) if kept is not None else None,
        earlier_stage_open=_earlier_open(clock, held, done),
        earlier_receipts=tuple(each.receipt for each in own),
        representatives=entity.fact.representatives if entity is not None else (),
    )


def _kept(held: Holdings, clock: Clock) -> clocks.KeptClock:
    return next(each for each in held.clocks if each.clock.clock == clock.clock)


def _earlier_open(clock: Clock, held: Holdings, done: list[FilingRecorded]) -> str | None:
    """The platform takes stages strictly in order (ENISA's answers on the reporting platform)."""
    template = template_of(clock.template)
    filed = {each.clock for each in done}
    for each in held.clocks:
        other = template_of(each.clock.template)
        if template is None or other is None or each.clock.product != clock.product:
            continue
        if other.id in template.carries_from and each.clock.clock not in filed:
            return each.clock.label
    return None


async def _standing(unit: Unit, kept: KeptDraft, held: Holdings) -> DraftStanding:
    revisions = {
        each.document.revision: each for each in await drafts.revisions(unit.db, kept.draft)
    }
    best = drafting.approved_revision(held, kept)
    approved = frozenset({best.revision} if best is not None else ())
    outdated = {}
    if best is not None and (fields := drafting.differing(best, kept.document)):
        outdated[best.revision] = fields
    return DraftStanding(
        draft=kept.draft,
        newest=kept.newest,
        digests={number: each.digest for number, each in revisions.items()},
        approved=approved,
        outdated=outdated,
    )


async def _mark_filed(unit: Unit, filed: Filed, draft: DraftStanding | None) -> None:
    """Later stages carry the values of the revision that was filed."""
    if draft is None or filed.draft != draft.draft or filed.revision is None:
        return
    if filed.revision in draft.digests:
        await drafts.mark_filed(unit.db, filed.draft, filed.revision)
        unit.after_commit(RECHECKS.ring)


@router.get("/v1/filings")
async def list_filings(
    unit: CurrentUnit, case: CaseFilter = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[FilingRecorded]:
    """Filings, in the order in which they were recorded."""

    async def query(after: Key | None, most: int) -> list[FilingRecorded]:
        return await papers.filings(unit.db, case, str(after[0]) if after else None, most)

    return await page(query, cursor, limit, lambda each: (each.filing,))


async def _known(unit: Unit, case: str) -> None:
    """Refuse a case that nobody has told us of."""
    if not await facts.case_is_known(unit.db, case):
        raise Problem(
            422, "No such case", f"there is no case {case}", "/case",
            "take its id from GET /v1/cases; one just opened arrives within seconds",
        )  # fmt: skip


@router.post("/v1/notices", status_code=201)
async def record_notice(body: NoticeIn, unit: CurrentUnit) -> NoticeSent:
    """Record what customers were told, when and how."""
    actor = unit.require("regulatory", "psirt")
    await _known(unit, body.case)
    products = (body.product,) if body.product else await products_of(unit, body.case)
    await check_possible(unit, body.sent_at, "/sent_at", products)
    notice = NoticeSent(notice=str(ids.uuid7()), sent_by=actor.id, **body.model_dump())
    await papers.post(unit.db, notice, notice.sent_at)
    await facts.recheck(unit.db, [f"case/{body.case}"])
    unit.after_commit(RECHECKS.ring)
    unit.emit(notice, case=body.case)
    unit.audit("notice.record", f"notice/{notice.notice}", after=notice.model_dump(mode="json"))
    return notice


@router.get("/v1/notices")
async def list_notices(
    unit: CurrentUnit, case: CaseFilter = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[NoticeSent]:
    """Notices, in the order in which they were recorded."""

    async def query(after: Key | None, most: int) -> list[NoticeSent]:
        return await papers.notices(unit.db, case, str(after[0]) if after else None, most)

    return await page(query, cursor, limit, lambda each: (each.notice,))


@router.post("/v1/requests", status_code=201)
async def record_request(body: RequestIn, unit: CurrentUnit) -> RequestReceived:
    """Record what an authority asked for; deadline-clock starts the clock that follows.

    It is recorded whatever it names. One that starts no clock is listed, with why and the mend, by
    deadline-clock: `GET /v1/cases/{case}/explanation`, as `unanswered`.
    """
    actor = unit.require("regulatory")
    await _known(unit, body.case)
    await check_possible(unit, body.received_at, "/received_at", await products_of(unit, body.case))
    if body.due_at is not None and body.due_at < body.received_at:
        raise Problem(
            422, "Request is not valid", "lies before the request was received", "/due_at",
            "check both instants and their zones",
        )  # fmt: skip
    request = RequestReceived(request=str(ids.uuid7()), recorded_by=actor.id, **body.model_dump())
    await papers.post(unit.db, request, request.received_at)
    unit.emit(request, case=body.case)
    unit.audit(
        "request.record", f"request/{request.request}", after=request.model_dump(mode="json")
    )
    return request


@router.get("/v1/requests")
async def list_requests(
    unit: CurrentUnit, case: CaseFilter = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[RequestReceived]:
    """Requests, in the order in which they were recorded."""

    async def query(after: Key | None, most: int) -> list[RequestReceived]:
        return await papers.requests(unit.db, case, str(after[0]) if after else None, most)

    return await page(query, cursor, limit, lambda each: (each.request,))
