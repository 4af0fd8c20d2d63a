"""Cases that people open, link, close and reopen."""

from pydantic import Field, model_validator

from schemas.cases import CaseClosed, CaseReopened
from schemas.signals import ReportKind, ReportReceived
from services.kit.http import CurrentUnit, Problem
from services.kit.http import router as make_router
from services.kit.ids import uuid7
from services.kit.problems import Fault
from services.kit.unit import Unit
from services.triage import rulebook
from services.triage.casework import hold, settle
from services.triage.causes import Causes
from services.triage.domain.closing import OpenItem, Outcome, open_for
from services.triage.domain.waiting import waiting
from services.triage.http.desk import Asked, Ground, Short, Told, take
from services.triage.store import cases, facts, views

router = make_router("triage")


class OpenIn(Asked):
    """A case to open: from an identifier or a finding of the review list, or from a title."""

    identifier: Short | None = Field(default=None, description="A CVE, an alias, a vulnerability.")
    finding: Short | None = Field(default=None, description="A finding of the review list.")
    title: Short | None = Field(default=None, description="What was found, where it has no name.")
    summary: str = Field(default="", max_length=20_000, description="No personal data.")
    product: Short | None = Field(default=None, description="With a title: the product.")
    version: Short | None = Field(default=None, description="With a title: its version.")
    ground: Ground

    @model_validator(mode="after")
    def _names_one_thing(self) -> "OpenIn":
        if sum(each is not None for each in (self.identifier, self.finding, self.title)) != 1:
            raise ValueError("give one of identifier, finding and title")
        return self


class Opened(Told):
    """The case; `opened` is False where it was there before."""

    case: str
    opened: bool


@router.post("/v1/cases", status_code=201)
async def open_case(body: OpenIn, unit: CurrentUnit) -> Opened:
    """Open a case by hand; a vulnerability that has one keeps it."""
    unit.require("psirt")
    if body.title is not None:
        report = await _report(body, body.title, unit)
        works = await settle(unit, (), Causes(), reports=[report])
        opened = Opened(case=works[0].case, opened=True)
    else:
        opened = await _of_vulnerability(body, unit)
    unit.audit("case.open", opened.case, after=body.model_dump(mode="json"), reason=body.ground)
    return opened


async def _report(body: OpenIn, title: str, unit: Unit) -> str:
    """Keep what a person found as a report of its own, so that an identifier can join it later."""
    report = f"manual/{uuid7()}"
    await hold(unit, (), [report])
    event = ReportReceived(
        report=report,
        kind=ReportKind.INTELLIGENCE,
        title=title,
        summary=body.summary,
        product=body.product,
        version=body.version,
        received_at=unit.now,
    )
    await facts.save_reports(unit.db, [(event, 0)])
    return report


async def _of_vulnerability(body: OpenIn, unit: Unit) -> Opened:
    name = body.identifier
    if body.finding is not None:
        name = await views.vulnerability_of(unit.db, body.finding)
    groups = [each for each in await hold(unit, [name]) if each.is_known] if name else []
    if not groups:
        pointer = "/finding" if body.finding is not None else "/identifier"
        raise Problem(
            422, "Request is not valid", "nothing is known under this name", pointer,
            "take it from GET /v1/review, or give a title to open a case without one",
        )  # fmt: skip
    root = groups[0].root
    before = await views.case_of_vulnerability(unit.db, groups[0].members)
    if before is not None:
        return Opened(case=before, opened=False)
    works = await settle(unit, [root], Causes(), by_hand={root: body.ground})
    return Opened(case=works[0].case, opened=True)


class LinkIn(Asked):
    """An identifier that a report's case turned out to be about."""

    identifier: Short
    ground: Ground


@router.post("/v1/cases/{case}/identifiers", status_code=201)
async def link(case: str, body: LinkIn, unit: CurrentUnit) -> Opened:
    """Link a report's case to an identifier: it joins the vulnerability's case, or becomes it."""
    unit.require("psirt")
    reports = await views.reports_of(unit.db, case)
    await hold(unit, [body.identifier], reports)
    desk = await take(unit, case)
    if desk.row["vulnerability"] is not None or not desk.row["reports"]:
        raise Problem(
            409, "Case has an identifier", f"{desk.case} is the file of a vulnerability",
            "/identifier", "link the case of a report; aliases come with advisories",
        )  # fmt: skip
    await facts.link(unit.db, desk.row["reports"], [body.identifier])
    await settle(unit, [body.identifier], Causes(), reports=desk.row["reports"])
    unit.audit("case.link", desk.case, after=body.identifier, reason=body.ground)
    return Opened(case=await views.survivor_of(unit.db, desk.case), opened=False)


class CloseIn(Asked):
    """As what a case closes, and why."""

    outcome: Outcome
    ground: Ground


class Closed(Told):
    """Where the case stands now."""

    case: str
    status: str


@router.post("/v1/cases/{case}/close")
async def close(case: str, body: CloseIn, unit: CurrentUnit) -> Closed:
    """Close a case; refused with everything that is still open, by name."""
    actor = unit.require("psirt")
    desk = await take(unit, case)
    waits = waiting(desk.record, rulebook.decision_questions())
    coverage = rulebook.gate_policy().coverage_percent
    if still := open_for(desk.record, waits, body.outcome, coverage):
        raise _still_open(desk.case, still)
    event = CaseClosed(
        case=desk.case,
        outcome=body.outcome.value,
        ground=body.ground,
        closed_by=actor.id,
        closed_at=unit.now,
    )
    await cases.close(unit.db, event)
    unit.emit(event, case=desk.case)
    unit.audit("case.close", desk.case, before="open", after="closed", reason=body.ground)
    return Closed(case=desk.case, status="closed")


def _still_open(case: str, still: tuple[OpenItem, ...]) -> Problem:
    names = "; ".join(f"{each.kind.value.replace('_', ' ')} {each.name}" for each in still)
    return Problem(
        409, "Case is not done", f"{case} cannot close, still open: {names}",
        mend="settle each of them, or ask GET /v1/cases/{case} what they wait for",
        errors=tuple(
            Fault(detail=f"{each.kind.value} {each.name}: {each.detail}", mend=each.mend)
            for each in still
        ),
    )  # fmt: skip


class ReopenIn(Asked):
    """Why a closed case is opened again."""

    ground: Ground


@router.post("/v1/cases/{case}/reopen")
async def reopen(case: str, body: ReopenIn, unit: CurrentUnit) -> Closed:
    """Open a closed case again."""
    actor = unit.require("psirt")
    desk = await take(unit, case, closed=True)
    if desk.row["status"] != "closed":
        raise Problem(409, "Case is open", f"{desk.case} is not closed", mend="nothing to do")
    event = CaseReopened(
        case=desk.case, because=body.ground, reopened_by=actor.id, reopened_at=unit.now
    )
    await cases.reopen(unit.db, [desk.case])
    unit.emit(event, case=desk.case)
    unit.audit("case.reopen", desk.case, before="closed", after="open", reason=body.ground)
    return Closed(case=desk.case, status="open")
