"""Intake's HTTP edge: documents in, and what became of them out."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response

from services.intake import desk, sealing, views
from services.intake.absence import absent
from services.intake.domain import identity
from services.intake.domain.submission import LONGEST_NAME, Status, Submission
from services.intake.formats.reading import MAX_BYTES
from services.intake.handlers import ROLES, about, plain
from services.intake.store import catalogue as stored
from services.intake.store import registry, submissions
from services.intake.views import SubmissionView
from services.kit import ids
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page
from services.kit.http import router as make_router
from services.kit.pages import Key, moment
from services.kit.problems import MEDIA_TYPE, Fault, ProblemDetails

router = make_router("intake", max_bytes=MAX_BYTES)

Text = Annotated[str | None, Query(max_length=LONGEST_NAME)]
_CODES = {Status.PUBLISHED: 202, Status.WAITING: 202, Status.SUPERSEDED: 200, Status.UNCHANGED: 200}

_WHOLE = ""
"""RFC 6901's pointer to the whole document."""


@router.post("/v1/submissions", status_code=202, response_model=SubmissionView)
async def submit(  # noqa: PLR0913, PLR0917  (each is a query parameter)
    request: Request,
    unit: CurrentUnit,
    name: Text = None,
    source: Text = None,
    lane: Literal["urgent", "bulk"] = "urgent",
    product: Text = None,
    version: Text = None,
    hardware: Text = None,
    *,
    theirs: bool = False,
    dry_run: bool = False,
) -> Response:
    """Submit a document of any known format, as the request's body.

    `theirs` hands on what a supplier's VEX says: a person who gives one without it states it.
    202 with the submission's address where it was published or waits for its product; 200 where it
    brought nothing new; 422 with every fault where it is refused. `dry_run` only says which.
    """
    actor = unit.require(*sorted(ROLES))
    raw = await request.body()
    digest = identity.digest(raw)
    given = Submission(
        id=ids.uuid7(),
        source=plain(source or actor.id),
        document=plain(name or digest[:16]),
        raw=raw,
        digest=digest,
        received_at=unit.now,
        principal=actor.id,
        person=actor.id if actor.kind == "person" and not theirs else None,
        bulk=lane == "bulk",
        about=about(product, version, hardware),
        traceparent=request.headers.get("traceparent"),
    )
    settled = await desk.take_in(unit, [given], dry_run=dry_run)
    own = next(each for each in settled if each.submission.id == given.id)
    view = views.of_settled(own, unit.now, dry_run=dry_run)
    if not dry_run:
        unit.audit(
            "submission.decided",
            f"submission/{given.id}",
            after={"status": view.status, "document": given.document, "digest": digest},
        )
    return _answer(view)


def _answer(view: SubmissionView) -> Response:
    """The answer leaves after the commit: a refusal is kept and published like everything else."""
    address = f"/v1/submissions/{view.id}"
    headers = {} if view.dry_run else {"location": address}
    if view.status == "rejected":
        first = view.faults[0]
        problem = ProblemDetails(
            type=f"urn:patchvigil:problem:{first.code.replace('_', '-')}",
            title="Document rejected",
            status=422,
            detail=view.detail,
            pointer=first.pointer or _WHOLE,
            mend=first.mend,
            instance=None if view.dry_run else address,
            errors=tuple(
                Fault(detail=f.reason, pointer=f.pointer or _WHOLE, mend=f.mend)
                for f in view.faults
            ),
        )
        return Response(problem.model_dump_json(exclude_none=True), 422, headers, MEDIA_TYPE)
    status = 200 if view.dry_run else _CODES[Status(view.status)]
    return Response(view.model_dump_json(), status, headers, "application/json")


@router.get("/v1/submissions")
async def list_submissions(
    unit: CurrentUnit,
    status: views.StatusName | None = None,
    source: Text = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SubmissionView]:
    """Submissions and what became of them, the newest first."""

    async def query(after: Key | None, wanted: int) -> list[SubmissionView]:
        rows = await stored.submissions(unit.db, status, source, moment(after), wanted)
        return [views.of_row(row) for row in rows]

    return await page(query, cursor, limit, lambda view: (view.received_at, view.id))


@router.get("/v1/submissions/{submission}")
async def show_submission(submission: UUID, unit: CurrentUnit) -> SubmissionView:
    """What became of one submission."""
    row = await stored.submission(unit.db, submission)
    if row is None:
        raise absent("submission", str(submission), "submissions")
    return views.of_row(row)


@router.get("/v1/originals/{digest}", response_class=Response)
async def show_original(digest: str, unit: CurrentUnit) -> Response:
    """A document's bytes as they were received. What holds personal data needs a role for it."""
    row = await unit.db.fetchrow(submissions.ORIGINAL, digest)
    if row is None:
        raise absent("original", digest)
    if await registry.is_registered(unit.db, digest):
        raise Problem(
            403,
            "Handed out on record only",
            "it is the document of a registered SBOM: whoever gets it is recorded",
            parameter="digest",
            mend="take it with POST /v1/sbom-documents, `channel` internal and `format` original, "
            "or `patchvigil sbom get`",
        )
    if row["sealed"]:
        unit.require("psirt", "regulatory", "admin")
    content = await submissions.content(row, unit.blobs, sealing.current())
    if content is None:
        raise Problem(
            410, "Gone", "it held personal data and was erased", mend="nothing: it is gone"
        )
    # Never a type that a browser would run: the bytes are somebody else's.
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"content-disposition": "attachment", "x-content-type-options": "nosniff"},
    )
