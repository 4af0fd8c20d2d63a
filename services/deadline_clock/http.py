"""Deadline-clock's HTTP edge: clocks with history and alarms, packs, a calculator, reconcile."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import AwareDatetime

from schemas.clocks import ClockMode, ClockState
from services.deadline_clock import calculator, casework, in_force
from services.deadline_clock.domain.counting import Asked, CountingError
from services.deadline_clock.domain.decide import Decided
from services.deadline_clock.domain.rules import RuleBook
from services.deadline_clock.store import cases, reading
from services.deadline_clock.store.clocks import held
from services.deadline_clock.store.reading import FIRST, LAST, Place, Row
from services.deadline_clock.views import (
    AlarmView,
    ClockDetail,
    ClockView,
    DueView,
    HistoryLine,
    PackDetail,
    PackView,
    ReconcileView,
)
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page, router
from services.kit.pages import Key, foreign

routes = router("deadline-clock")

AsOf = Annotated[
    AwareDatetime | None, Query(description="Answer what was shown at this instant, with its zone.")
]

_AT_ONCE = 200


def _wanted(
    case: str | None = None,
    state: ClockState | None = None,
    mode: ClockMode | None = None,
    product: str | None = None,
) -> tuple[str | None, ...]:
    return (case, state, mode, product)


Wanted = Annotated[tuple[str | None, ...], Depends(_wanted)]
"""Which clocks are asked for: case, state, mode and product."""


@routes.get("/v1/clocks")
async def list_clocks(
    unit: CurrentUnit,
    wanted: Wanted,
    as_of: AsOf = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ClockView]:
    """List clocks, the nearest deadline first; an absorbed case's id finds its survivor's."""
    book = (await in_force.read(unit.db)).book

    async def query(after: Key | None, most: int) -> list[ClockView]:
        if as_of is None:
            rows = await reading.listed(unit.db, wanted, _place(after), most)
        else:
            rows = await reading.listed_as_of(unit.db, wanted, as_of, _place(after), most)
        return [_view(row, book) for row in rows]

    return await page(query, cursor, limit, lambda each: (each.due_operational or LAST, each.clock))


def _place(after: Key | None) -> Place:
    if after is None:
        return FIRST
    match after:
        case (datetime() as due, str() as clock):
            return due, _uuid(clock, "cursor")
    raise foreign()


@routes.get("/v1/clocks/{clock}")
async def show_clock(clock: str, unit: CurrentUnit, as_of: AsOf = None) -> ClockDetail:
    """Show a clock with its anchor, its whole history and every alarm.

    With `as_of` the clock is as it stood then, with the history up to there and the alarms that had
    fired; which ones were armed then is not kept.
    """
    name = _uuid(clock, "clock")
    row = await reading.one(unit.db, name)
    if row is None:
        raise Problem(
            404, "No such clock", f"there is no clock {clock}",
            parameter="clock", mend="list them with GET /v1/clocks",
        )  # fmt: skip
    history = [_line(each) for each in await reading.history(unit.db, name)]
    alarms = [AlarmView.model_validate(dict(each)) for each in await reading.alarms(unit.db, name)]
    view = _view(row, (await in_force.read(unit.db)).book)
    if as_of is not None:
        history = [each for each in history if each.at <= as_of]
        alarms = [each for each in alarms if each.fired_at is not None and each.fired_at <= as_of]
        view = _then(view, history, as_of)
    return ClockDetail(**view.model_dump(), history=tuple(history), alarms=tuple(alarms))


def _then(view: ClockView, history: list[HistoryLine], as_of: datetime) -> ClockView:
    """The clock as its last line up to an instant has it."""
    if not history:
        raise Problem(
            404, "No such clock", f"clock {view.clock} did not exist at {as_of.isoformat()}",
            parameter="as_of", mend=f"it began at {view.started_at.isoformat()}",
        )  # fmt: skip
    last = history[-1]
    told = {"because": last.because, "decided_by": last.decided_by}
    nothing = {"reopen_trigger": None, "next_step_at": None}
    return view.model_copy(update={**dict(last.clock), **told, **nothing})


def _view(row: Row, book: RuleBook) -> ClockView:
    known = held(row)
    rule = book.rule(known.clock.rule)
    return ClockView(
        **known.clock.model_dump(),
        because=known.because,
        decided_by=known.decided_by,
        reopen_trigger=known.reopen_trigger,
        initial_load=known.initial_load,
        source=rule.source if rule is not None else None,
        next_step_at=row["next_step_at"],
    )


def _line(row: Row) -> HistoryLine:
    return HistoryLine(
        at=row["at"],
        events=tuple(row["events"]),
        because=row["because"],
        decided_by=row["decided_by"],
        cause=row["cause"],
        clock=row["body"],
    )


@routes.get("/v1/packs")
async def list_packs(unit: CurrentUnit) -> Page[PackView]:
    """List the packs in force, and where each comes from."""
    return Page(items=calculator.packs(await in_force.read(unit.db)))


@routes.get("/v1/packs/{name}")
async def show_pack(name: str, unit: CurrentUnit) -> PackDetail:
    """Show a pack with its rules: source, date and confidence of each, and what is open."""
    found = calculator.pack(name, await in_force.read(unit.db))
    if found is None:
        raise Problem(
            404, "No such pack", f"there is no pack {name}",
            parameter="name", mend="list them with GET /v1/packs",
        )  # fmt: skip
    return found


@routes.get("/v1/due")
async def due(
    unit: CurrentUnit,
    rule: Annotated[str, Query(description="Rule id, such as `cra.aev.final`.")],
    anchor: Annotated[
        AwareDatetime | None, Query(description="The instant it runs from, with its zone.")
    ] = None,
    country: Annotated[
        str | None, Query(description="Member State whose holidays and national rules count.")
    ] = None,
    zone: Annotated[
        str | None, Query(description="IANA zone whose local date counts; else the country's.")
    ] = None,
    fact: Annotated[
        list[str] | None,
        Query(description="NAME=INSTANT, repeated: the rule chooses its anchor among them."),
    ] = None,
) -> DueView:
    """Count a rule's period from an anchor, without any case, and say how."""
    packs = await in_force.read(unit.db)
    try:
        facts = calculator.facts(fact or ())
        return calculator.due(rule, Asked(anchor, country, zone, facts), packs)
    except CountingError as error:
        raise _bad(error.field, error.reason, error.mend) from error


@routes.get("/v1/reconcile")
async def reconcile(unit: CurrentUnit) -> ReconcileView:
    """Decide every case anew from its facts and say what would change; it must be nothing."""
    unit.require("admin")
    packs = await in_force.read(unit.db)
    count, differences, last = 0, list[str](), ""
    while files := await cases.load_page(unit.db, last, _AT_ONCE):
        count, last = count + len(files), files[-1].case
        found = await casework.differences(unit, packs, files)
        differences += [_difference(each) for each in found]
    return ReconcileView(service="deadline-clock", cases=count, differences=tuple(differences))


def _difference(decided: Decided) -> str:
    clock, before = decided.change.after.clock, decided.change.before
    was = f"{before.clock.state} due {before.clock.due_operational}" if before else "nothing"
    return (
        f"{clock.case} {clock.rule} {clock.product}: held {was}, "
        f"should be {clock.state} due {clock.due_operational}"
    )


def _uuid(text: str, parameter: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise _bad(
            parameter, f"{text!r} is no clock's id", "take it from GET /v1/clocks"
        ) from error


def _bad(parameter: str, detail: str, mend: str) -> Problem:
    return Problem(422, "Request is not valid", detail, parameter=parameter, mend=mend)
