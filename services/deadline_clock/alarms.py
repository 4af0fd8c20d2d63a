"""Deadline-clock's timers: a step's time has come, a load was gathered, a pack moves clocks."""

from collections.abc import Sequence
from datetime import datetime

from services.deadline_clock import casework, drilling, in_force, moving
from services.deadline_clock.domain.clock import newly_late
from services.deadline_clock.domain.decide import Decided, fire, told_together
from services.deadline_clock.domain.discretion import lapsed
from services.deadline_clock.domain.escalation import DraftState
from services.deadline_clock.library import Library
from services.deadline_clock.store import cases, clocks, draft_standing
from services.kit.records import Cause
from services.kit.timers import Fired, Timers
from services.kit.unit import Unit

timers = Timers()


@timers.on_fire
async def on_steps(fired: Sequence[Fired], unit: Unit) -> None:
    """Tell who has to be told, clock by clock or together; run drills; move clocks to a pack."""
    packs = await in_force.hold(unit)
    drills = [each for each in fired if each.subject.startswith(drilling.SUBJECT)]
    moves = [each for each in fired if each.subject.startswith(moving.SUBJECT)]
    apart = {casework.TOGETHER, *(each.subject for each in (*drills, *moves))}
    steps = [each for each in fired if each.subject not in apart]
    pages = [await moving.page(unit, each) for each in moves]
    named = await clocks.cases_of(unit.db, {each.subject for each in steps}) if steps else set()
    if held := named.union(*(page.cases for page in pages)):
        await casework.hold(unit, held)  # all at once, in one order
    await _steps(unit, packs, steps)
    await drilling.on_timers(unit, drills)
    await _together(unit, packs, [each for each in fired if each.subject == casework.TOGETHER])
    for page in pages:
        await moving.move(unit, packs, page)


async def _steps(unit: Unit, packs: Library, fired: Sequence[Fired]) -> None:
    if not fired:
        return
    names = {each.subject for each in fired}
    held = await clocks.by_id(unit.db, names)
    wanted = [(each.subject, each.step, each.due_at) for each in fired]
    armed = await clocks.fire_steps(unit.db, wanted, unit.now)
    drafts = await draft_standing.of(unit.db, names)
    done: list[tuple[Decided, Cause | None]] = []
    silent: list[tuple[str, str, datetime]] = []
    for each in fired:
        if (each.subject, each.step, each.due_at) not in armed or each.subject not in held:
            continue  # taken back in between: the deadline moved or the clock ended
        clock = held[each.subject]
        rule = packs.book.rule(clock.clock.rule)
        if rule is None:
            raise LookupError(f"rule {clock.clock.rule} left its pack: an open clock rests on it")
        draft = drafts.get(each.subject, DraftState.NONE)
        decided = fire(clock, rule, each.step, each.due_at, packs.escalation, unit.now, draft)
        if decided is None:
            silent.append((each.subject, each.step, each.due_at))
        else:
            held[each.subject] = decided.change.after
            done.append((decided, each))
    if silent:  # a policy that came into force has no such step: its own plan says who is told
        await clocks.take_back_told(unit.db, silent)
    await casework.keep(unit, done)
    await _rest_on(unit, packs, done)


async def _rest_on(
    unit: Unit, packs: Library, done: Sequence[tuple[Decided, Cause | None]]
) -> None:
    """Decide the clocks anew that rest on a day of the 2016 guidance which passed just now."""
    rules = {rule.id: rule for rule in packs.book}
    passed = [
        (decided.change.after, cause)
        for decided, cause in done
        if newly_late(decided.change.before, decided.change.after)
        and lapsed([decided.change.after], rules)
    ]
    if not passed:
        return
    files = await cases.load(unit.db, {held.clock.case for held, _ in passed})
    desk = await casework.lay_out(unit, packs, files)
    for held, cause in passed:
        desk.settle(files[held.clock.case], unit.now, cause, frozenset({held.clock.product or ""}))
    await casework.keep(unit, desk.decided)


async def _together(unit: Unit, packs: Library, fired: Sequence[Fired]) -> None:
    if not fired:
        return
    causes = {each.step: each for each in fired}
    await unit.lock(casework.TOGETHER, causes)
    waiting = await clocks.take_waiting(unit.db, causes)
    held = await clocks.by_id(unit.db, {clock for names in waiting.values() for clock in names})
    for step, names in waiting.items():
        found = [held[name] for name in names if name in held]
        event = told_together(step, found, packs.escalation, unit.now)
        if event is not None:
            unit.emit(event, cause=causes[step], case=event.clock.case, name=step)
