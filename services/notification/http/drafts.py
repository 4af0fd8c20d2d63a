"""Drafts over HTTP: read them, fill their gaps, approve them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from schemas.drafts import DraftApproved
from services.kit import http
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page
from services.kit.pages import Key
from services.kit.problems import Fault
from services.kit.unit import Unit
from services.notification import drafting
from services.notification.bell import RECHECKS
from services.notification.domain import approval, html
from services.notification.domain.approval import Refusal, Standing
from services.notification.domain.document import DraftDocument
from services.notification.domain.draft import Fill
from services.notification.domain.fill import FillFault, Statement, check
from services.notification.http.draft_views import DraftOut, DraftSummary, Out, shown_of
from services.notification.store import clocks, drafts, facts
from services.notification.store.drafts import KeptDraft
from services.notification.template_library import library

router = http.router("notification")

_MENDS = {
    Refusal.SHADOW: "nothing: the draft is not a legal duty",
    Refusal.ENDED: "nothing: its clock ended",
    Refusal.NOT_NEWEST: "read the newest revision and approve that one",
    Refusal.OTHER_CONTENT: "read the revision again and send its digest",
    Refusal.AUTHOR: "let somebody approve who has not filled or edited it",
    Refusal.ALREADY: "let another person approve",
    Refusal.OPEN_FIELDS: "fill the open fields, then approve the new revision",
}
_REASONS = {
    Refusal.SHADOW: "a shadow draft can be neither approved nor recorded as filed",
    Refusal.ENDED: "the draft's clock ended",
    Refusal.NOT_NEWEST: "there is a newer revision",
    Refusal.OTHER_CONTENT: "the digest is not that of this revision",
    Refusal.AUTHOR: "you are an author of this draft; the approver is another person",
    Refusal.ALREADY: "you have approved this revision already",
    Refusal.OPEN_FIELDS: "required fields are open",
}

_POINTERS = {Refusal.NOT_NEWEST: "/revision", Refusal.OTHER_CONTENT: "/digest"}
_PARAMETERS = {
    Refusal.SHADOW: "draft",
    Refusal.ENDED: "draft",
    Refusal.AUTHOR: "Authorization",
    Refusal.ALREADY: "Authorization",
    Refusal.OPEN_FIELDS: "draft",
}
"""What of the request is at fault: the draft, the revision named, or who acts."""


class RevisionOut(Out):
    """One revision in a draft's history."""

    revision: int
    digest: str
    because: str
    prepared_at: datetime
    document: DraftDocument


class FillIn(BaseModel):
    """What a person states of one or more fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: Annotated[list[Statement], Field(min_length=1, max_length=100)]


class ApproveIn(BaseModel):
    """Which revision is approved: its number and its digest, as read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    revision: Annotated[int, Field(ge=1)]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _missing(draft: str) -> Problem:
    return Problem(404, "Not Found", f"there is no draft {draft}", mend="list them: GET /v1/drafts")


async def _one(unit: Unit, draft: str) -> KeptDraft:
    found = await drafts.by_id(unit.db, [draft])
    if draft not in found:
        raise _missing(draft)
    return found[draft]


@router.get("/v1/drafts")
async def list_drafts(
    unit: CurrentUnit,
    case: Annotated[str | None, Query(description="A case, by any of its tracking ids.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DraftSummary]:
    """Drafts in their newest revision."""
    names = await _names(unit, case)

    async def query(after: Key | None, most: int) -> list[DraftSummary]:
        last = str(after[0]) if after else None
        kept = await drafts.page(unit.db, case, names, last, most)
        shown = await shown_of(unit, kept)
        return [DraftSummary(**each.model_dump(exclude={"document"})) for each in shown]

    return await page(query, cursor, limit, lambda each: (each.draft,))


async def _names(unit: Unit, case: str | None) -> list[str]:
    if case is None:
        return []
    return [case, *(await facts.absorbed(unit.db, case))]


@router.get(
    "/v1/drafts/{draft}.html",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}}},
)
async def show_sheet(draft: str, unit: CurrentUnit) -> Response:
    """One HTML sheet to copy from, field by field; gaps come first."""
    kept = await _one(unit, draft)
    [shown] = await shown_of(unit, [kept])
    clock = (await clocks.by_id(unit.db, [kept.clock]))[kept.clock].clock
    sheet = html.Sheet(
        document=shown.document,
        digest=kept.digest,
        approved_by=tuple(shown.approved_by),
        approved=shown.approved,
        due=clock.due_operational,
        due_legal_outer=clock.due_legal_outer,
        zone=clock.zone,
        confidence=clock.confidence,
    )
    return Response(html.render(sheet), media_type="text/html", headers=html.HEADERS)


@router.get("/v1/drafts/{draft}.json", response_class=Response)
async def show_canonical(draft: str, unit: CurrentUnit) -> Response:
    """The canonical JSON, byte for byte what the digest binds."""
    kept = await _one(unit, draft)
    return Response(
        kept.canonical,
        media_type="application/json",
        headers={"etag": f'"{kept.digest}"', "x-content-type-options": "nosniff"},
    )


@router.get("/v1/drafts/{draft}")
async def show_draft(draft: str, unit: CurrentUnit) -> DraftOut:
    """One draft with its document."""
    [shown] = await shown_of(unit, [await _one(unit, draft)])
    return shown


@router.get("/v1/drafts/{draft}/revisions")
async def list_revisions(draft: str, unit: CurrentUnit) -> list[RevisionOut]:
    """Every revision, oldest first."""
    await _one(unit, draft)
    return [
        RevisionOut(
            revision=each.document.revision, digest=each.digest, because=each.because,
            prepared_at=each.document.prepared_at, document=each.document,
        )
        for each in await drafts.revisions(unit.db, draft)
    ]  # fmt: skip


async def _locked(unit: Unit, draft: str) -> KeptDraft:
    """The draft under its case's lock, so that nobody prepares or approves it meanwhile."""
    before = await _one(unit, draft)
    await unit.lock(drafting.LOCK, [before.case])
    return await _one(unit, draft)


@router.post("/v1/drafts/{draft}/fill")
async def fill_draft(draft: str, body: FillIn, unit: CurrentUnit) -> DraftOut:
    """State values, or why there are none. You become an author; approvals are voided."""
    actor = unit.require("regulatory", "psirt")
    if actor.kind != "person":
        raise Problem(
            403, "Forbidden", "only a person fills a draft", mend="act as yourself",
            parameter="Authorization",
        )  # fmt: skip
    kept = await _locked(unit, draft)
    if kept.ended:
        raise Problem(409, "Draft has ended", "its clock ended", mend="open the case's live drafts")
    template = library()[kept.template]
    if faults := check(template, body.fields):
        raise _unfit(faults)
    await drafts.fill(unit.db, draft, [_fill(each, actor.id, unit.now) for each in body.fields])
    if await drafts.void(unit.db, [draft], unit.now):
        drafting.voided(unit, kept, f"edited by {actor.id}")
    await drafting.redraft(unit, [kept.case], f"filled by {actor.id}")
    unit.audit(
        "draft.fill",
        f"draft/{draft}",
        before={"revision": kept.newest, "digest": kept.digest},
        after={each.field: each.model_dump(mode="json") for each in body.fields},
    )
    unit.after_commit(RECHECKS.ring)
    [shown] = await shown_of(unit, [await _one(unit, draft)])
    return shown


def _fill(stated: Statement, author: str, at: datetime) -> Fill:
    return Fill(
        stated.field, stated.status, author, at, stated.value, stated.reason,
        stated.until.isoformat() if stated.until is not None else None,
    )  # fmt: skip


def _unfit(faults: list[FillFault]) -> Problem:
    errors = tuple(
        Fault(detail=each.detail, pointer=each.pointer, mend=each.mend) for each in faults
    )
    first = errors[0]
    return Problem(
        422, "Field cannot be filled so", first.detail, first.pointer, first.mend, errors=errors
    )


@router.post("/v1/drafts/{draft}/approve")
async def approve_draft(draft: str, body: ApproveIn, unit: CurrentUnit) -> DraftOut:
    """Approve a revision that you did not write, bound to its digest."""
    actor = unit.require("regulatory", "quality")
    if actor.kind != "person":
        raise Problem(
            403, "Forbidden", "only a person approves", mend="act as yourself",
            parameter="Authorization",
        )  # fmt: skip
    kept = await _locked(unit, draft)
    [before] = await shown_of(unit, [kept])
    stands = Standing(
        before.document, kept.digest, kept.newest, kept.shadow, kept.ended,
        frozenset(before.authors), frozenset(before.approved_by),
    )  # fmt: skip
    if why := approval.refusal(stands, actor.id, body.revision, body.digest):
        raise _refused(why, stands)
    await drafts.approve(unit.db, kept, actor.id, unit.now)
    [shown] = await shown_of(unit, [kept])
    unit.emit(
        DraftApproved(
            case=kept.case,
            draft=drafting.event_draft(shown.document, kept.digest, kept.stage),
            approved_by=actor.id,
            approvals=len(shown.approved_by),
            complete=shown.approved,
            approved_at=unit.now,
        ),
        case=kept.case,
    )
    after: dict[str, Any] = {"revision": kept.newest, "digest": kept.digest}
    unit.audit("draft.approve", f"draft/{draft}", after=after)
    return shown


def _refused(why: Refusal, stands: Standing) -> Problem:
    errors: tuple[Fault, ...] = ()
    detail = _REASONS[why]
    if why is Refusal.OPEN_FIELDS:
        found = approval.open_fields(stands.document)
        detail = f"{detail}: {', '.join(gap.field for gap in found)}"
        errors = tuple(
            Fault(
                detail=f"{gap.field} ({gap.label}): {gap.reason}",
                mend=f'POST /v1/drafts/{stands.document.draft}/fill with field "{gap.field}"',
            )
            for gap in found
        )
    if why is Refusal.NOT_NEWEST:
        detail = f"{detail}: {stands.newest}"
    return Problem(
        409, "Draft cannot be approved", detail, _POINTERS.get(why), _MENDS[why],
        parameter=_PARAMETERS.get(why), errors=errors or None,
    )  # fmt: skip
