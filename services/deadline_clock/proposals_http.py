"""Deadline-clock's HTTP edge for packs that come into force: check, propose, approve, reject."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from schemas.clocks import RuleKind
from services.deadline_clock import proposing
from services.deadline_clock.domain.escalation import Escalation
from services.deadline_clock.domain.pack_document import PackError
from services.deadline_clock.proposing import NoProposalError, SettledError
from services.deadline_clock.store import proposals
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page, router
from services.kit.pages import Key
from services.kit.problems import Fault

routes = router("deadline-clock")

_LARGEST = 2**63 - 1


class PackIn(BaseModel):
    """The text of a pack."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[str, Field(max_length=500_000, description="The pack, as YAML.")]
    name: Annotated[
        str, Field(min_length=1, max_length=200, description="How faults name it: its file.")
    ] = "pack"


class RejectIn(BaseModel):
    """Why a proposal is rejected."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    because: Annotated[str, Field(min_length=1, max_length=500)]


class CheckedView(BaseModel):
    """A pack that goes together with the packs in force and with the open clocks."""

    model_config = ConfigDict(frozen=True)

    pack: str
    kind: RuleKind
    rules: int
    firing: int
    sha256: str
    replaces: Annotated[str | None, Field(description="The pack in force of the same id.")]


class ProposalView(BaseModel):
    """A proposed pack and what became of it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    proposal: int
    pack: str
    kind: RuleKind
    sha256: str
    state: Literal["waiting", "approved", "rejected"]
    proposed_by: str
    proposed_at: datetime
    settled_by: Annotated[str | None, Field(description="Who approved or rejected it.")]
    settled_at: Annotated[datetime | None, Field(description="Approved: in force since then.")]
    reason: str | None
    cases: Annotated[int, Field(description="How many cases were decided anew so far.")]
    clocks: Annotated[int, Field(description="How many of their clocks changed.")]
    moved_at: Annotated[datetime | None, Field(description="When the last case was decided.")]


class ProposalDetail(ProposalView):
    """A proposed pack with its text."""

    name: str
    content: Annotated[str, Field(description="The pack, as YAML.")]


@routes.post("/v1/packs/check")
async def check_pack(body: PackIn, unit: CurrentUnit) -> CheckedView:
    """Hold a pack to those in force and to the open clocks; nothing is written."""
    async with _explained():
        found = await proposing.check(unit, body.name, body.text)
    pack = found.pack
    rules = () if isinstance(pack, Escalation) else pack.rules
    return CheckedView(
        pack=pack.reference, kind=pack.kind, rules=len(rules),
        firing=sum(rule.fires for rule in rules), sha256=pack.sha256,
        replaces=found.replaces and found.replaces.reference,
    )  # fmt: skip


@routes.post("/v1/packs/proposals", status_code=201)
async def propose_pack(body: PackIn, unit: CurrentUnit) -> ProposalView:
    """Propose a pack, for another person to approve; the packs in force stay as they are.

    Law and guidance: regulatory or quality. Policy: psirt or quality.
    """
    async with _explained():
        return ProposalView.model_validate(await proposing.propose(unit, body.name, body.text))


@routes.get("/v1/packs/proposals")
async def list_proposals(
    unit: CurrentUnit,
    state: Annotated[Literal["waiting", "approved", "rejected"] | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ProposalView]:
    """Proposed packs, the newest first."""

    async def query(after: Key | None, most: int) -> list[ProposalView]:
        before = int(str(after[0])) if after else None
        found = await proposals.listed(unit.db, state, before, most)
        return list(map(ProposalView.model_validate, found))

    return await page(query, cursor, limit, lambda each: (each.proposal,))


@routes.get("/v1/packs/proposals/{proposal}")
async def show_proposal(proposal: int, unit: CurrentUnit) -> ProposalDetail:
    """Show a proposed pack with its text, and how far the clocks have moved to it."""
    found = await proposals.one(unit.db, _number(proposal))
    if found is None:
        raise _missing(f"there is no proposal {proposal}")
    return ProposalDetail.model_validate(found)


@routes.post("/v1/packs/proposals/{proposal}/approve")
async def approve_proposal(proposal: int, unit: CurrentUnit) -> ProposalView:
    """Put a pack that another person proposed in force; the clocks of every case move to it."""
    async with _explained():
        return ProposalView.model_validate(await proposing.approve(unit, _number(proposal)))


@routes.post("/v1/packs/proposals/{proposal}/reject")
async def reject_proposal(proposal: int, body: RejectIn, unit: CurrentUnit) -> ProposalView:
    """Reject a proposed pack, or take back one's own."""
    async with _explained():
        found = await proposing.reject(unit, _number(proposal), body.because)
        return ProposalView.model_validate(found)


def _number(proposal: int) -> int:
    if not 0 < proposal <= _LARGEST:
        raise _missing(f"there is no proposal {proposal}")
    return proposal


def _missing(detail: str) -> Problem:
    return Problem(
        404, "No such proposal", detail,
        parameter="proposal", mend="list them with GET /v1/packs/proposals",
    )  # fmt: skip


@asynccontextmanager
async def _explained() -> AsyncIterator[None]:
    """Say over HTTP why a pack does not come into force."""
    try:
        yield
    except PackError as error:
        faults = tuple(_fault(line) for line in str(error).split("\n"))
        raise Problem(
            422, "This pack cannot come into force", faults[0].detail, "/text",
            "mend it there and give it again; the packs in force stay", errors=faults,
        ) from error  # fmt: skip
    except SettledError as error:
        raise Problem(409, "Nothing to do", str(error), mend=error.mend) from error
    except NoProposalError as error:
        raise _missing(str(error)) from error


def _fault(line: str) -> Fault:
    """Take a fault's line apart: what is wrong, and behind the last semicolon the mend."""
    reason, found, mend = line.rpartition("; ")
    return Fault(detail=reason if found else line, mend=mend if found else None)
