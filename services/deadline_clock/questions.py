"""Deadline-clock's HTTP edge for questions: why a clock stands so, who knew what, what if.

What-if opens a transaction that PostgreSQL itself keeps read only: nothing can be written.
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Request
from pydantic import AwareDatetime

from services.deadline_clock import casework, in_force
from services.deadline_clock.domain.awareness import ledger
from services.deadline_clock.domain.calendars import MEMBER_STATES, zone
from services.deadline_clock.domain.change import Held
from services.deadline_clock.domain.explaining import Explained, explain, explain_clocks
from services.deadline_clock.domain.facts import CaseFacts, Surroundings
from services.deadline_clock.domain.pack_document import PackError
from services.deadline_clock.domain.rules import AnchorName
from services.deadline_clock.domain.supposing import (
    Stood,
    Supposed,
    moves,
    supposed_facts,
    supposed_surroundings,
)
from services.deadline_clock.domain.unanswered import unanswered
from services.deadline_clock.library import Library, with_pack
from services.deadline_clock.question_views import (
    AwarenessView,
    AwareView,
    ExplainedView,
    ExplanationView,
    KnownView,
    MovedView,
    Supposition,
    UnansweredView,
    WhatIfView,
)
from services.deadline_clock.store import cases, clocks, draft_standing, reading
from services.kit.http import CurrentActor, CurrentUnit, Problem, router
from services.kit.unit import Unit

asked = router("deadline-clock")
supposing = router("deadline-clock", in_transaction=False)

_MOST = 10_000
"""Clocks of one case: far more than a case has."""


@asked.get("/v1/cases/{case:path}/explanation")
async def explain_case(
    case: str,
    unit: CurrentUnit,
    as_of: Annotated[
        AwareDatetime | None,
        Query(description="Explain the clocks as they stood at this instant, with its zone."),
    ] = None,
) -> ExplanationView:
    """Explain every rule on every product of a case, also those that did not start.

    As of an earlier instant, only the clocks that existed then.
    """
    facts, around, held = await _case(unit, case)
    book = (await in_force.read(unit.db)).book
    if as_of is None:
        found = list(explain(facts, around, held, book))
    else:
        wanted = (facts.case, None, None, None)
        rows = await reading.listed_as_of(unit.db, wanted, as_of, reading.FIRST, _MOST)
        found = list(explain_clocks(map(clocks.held, rows), facts, around, book))
    return ExplanationView(
        case=facts.case,
        as_of=as_of,
        rules=tuple(map(_explained, found)),
        unanswered=tuple(
            UnansweredView.model_validate(each)
            for each in unanswered(facts, book)
            if as_of is None or each.received_at <= as_of
        ),
    )


@asked.get("/v1/cases/{case:path}/awareness")
async def awareness(case: str, unit: CurrentUnit) -> AwarenessView:
    """Tell who could have known what, when, and awareness per regime, with its evidence."""
    facts, around, held = await _case(unit, case)
    found = ledger(facts, around, held, (await in_force.read(unit.db)).book)
    return AwarenessView(
        case=facts.case,
        known=tuple(map(KnownView.model_validate, found.known)),
        aware=tuple(map(AwareView.model_validate, found.aware)),
    )


async def _case(unit: Unit, case: str) -> tuple[CaseFacts, Surroundings, list[Held]]:
    living = (await cases.survivors(unit.db, [case]))[case]
    facts = (await cases.load(unit.db, [living]))[living]
    if not facts.products():
        raise Problem(
            404, "No such case", f"no facts of a case {case} are held here",
            parameter="case", mend="list them with GET /v1/cases of triage",
        )  # fmt: skip
    around = await casework.surround(unit, [living], facts.products(), covered=True)
    return facts, around[living], await clocks.of_cases(unit.db, [living], readonly=True)


def _explained(each: Explained) -> ExplainedView:
    rule, place = each.rule, zone(each.zone) if each.zone is not None else None
    operational, outer = each.due_operational, each.due_legal_outer
    return ExplainedView.model_validate(
        {
            "rule": rule.id, "label": rule.label, "pack": rule.pack, "kind": rule.kind,
            "status": rule.status, "authority": rule.authority, "source": rule.source,
            "confidence": rule.confidence, "notes": rule.notes,
            "due_operational_local": operational and operational.astimezone(place),
            "due_legal_outer_local": outer and outer.astimezone(place),
        }
        | {name: getattr(each, name) for name in _SAME},
        from_attributes=True,
    )  # fmt: skip


_SAME = (
    "product", "clock", "mode", "mode_reason", "state", "late", "anchor", "due_operational",
    "due_legal_outer", "zone", "reasoning", "platform", "assumed", "because", "decided_by",
    "reopen_trigger", "why_not", "starts_when", "stops_when", "open_points",
)  # fmt: skip


@supposing.post("/v1/what-if")
async def what_if(body: Supposition, request: Request, actor: CurrentActor) -> WhatIfView:
    """Say which clocks, drafts and pages would move if something were otherwise; write nothing."""
    if body.country is not None and body.country not in MEMBER_STATES:
        raise _bad("country", f"{body.country} is no Member State", "give its ISO code, such as DE")
    async with request.app.state.context.units.begin(actor=actor, readonly=True) as unit:
        held = await in_force.read(unit.db)
        packs = _packs(body, held)
        replan = packs.escalation.sha256 != held.escalation.sha256
        if body.case is None:
            files = await cases.load_page(unit.db, body.after, body.limit)
        else:
            files = [(await _case(unit, body.case))[0]]
        moved = await _moves(unit, files, body, packs, replan=replan)
    more = body.case is None and len(files) == body.limit
    return WhatIfView(cases=len(files), moved=tuple(moved), next=files[-1].case if more else None)


def _packs(body: Supposition, held: Library) -> Library:
    if body.pack is None:
        return held
    try:
        return with_pack(held, body.pack_name, body.pack).then
    except PackError as error:
        raise _bad("pack", str(error), "mend it there; the packs in force stay") from error


async def _moves(
    unit: Unit, files: Sequence[CaseFacts], body: Supposition, packs: Library, *, replan: bool
) -> list[MovedView]:
    named = [facts.case for facts in files]
    products = sorted({product for facts in files for product in facts.products()})
    if body.product is not None and body.case is not None and body.product not in products:
        raise _bad("product", f"{body.product} is not of {body.case}", f"take one of {products}")
    around = await casework.surround(unit, named, products, covered=True)
    held: dict[str, list[Held]] = {}
    for each in await clocks.of_cases(unit.db, named, readonly=True):
        held.setdefault(each.clock.case, []).append(each)
    stood = await clocks.steps_of(unit.db, named)
    drafts = await draft_standing.of(unit.db, stood) if replan else {}
    given = {
        AnchorName.AWARE_AT: body.aware_at,
        AnchorName.MEASURE_AVAILABLE_AT: body.measure_available_at,
        AnchorName.INITIATED_AT: body.initiated_at,
    }
    instants = {name: at for name, at in given.items() if at is not None}
    supposed = Supposed(instants, body.product, body.country, body.regime)
    return [
        MovedView.model_validate(each)
        for facts in files
        for each in moves(
            supposed_facts(facts, supposed, unit.now),
            supposed_surroundings(around[facts.case], supposed),
            held.get(facts.case, ()),
            Stood(stood, drafts, replan=replan),
            packs.book,
            packs.escalation,
            unit.now,
        )
    ]


def _bad(parameter: str, detail: str, mend: str) -> Problem:
    return Problem(422, "Request is not valid", detail, parameter=parameter, mend=mend)
