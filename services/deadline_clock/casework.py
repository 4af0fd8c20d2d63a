"""The work of one transaction: decide the clocks of cases, keep what changed, tell and arm.

Locks are always taken in one order: the packs in force, cases, then products (the catalogue's own
handler also takes entities), so that a case and the catalogue never miss each other and never wait
in a circle.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.clocks import ClockEscalated
from services.deadline_clock.domain.change import Held
from services.deadline_clock.domain.decide import Decided, decide
from services.deadline_clock.domain.escalation import DraftState, severity
from services.deadline_clock.domain.facts import CaseFacts, Surroundings
from services.deadline_clock.domain.pack_change import Applied, attributed
from services.deadline_clock.domain.replanning import Steps, replanned
from services.deadline_clock.library import Library
from services.deadline_clock.store import cases, clocks, surroundings
from services.deadline_clock.store.clocks import Remembered, StepRow
from services.kit.records import Cause
from services.kit.unit import Unit

TOGETHER = "told-together"
"""Subject of the timer that ends the gathering of an initial load's clocks."""

_QUIET = timedelta(seconds=60)
_LONGEST = timedelta(minutes=10)
"""An initial load is told of after a quiet minute, after ten minutes at the latest."""


@dataclass(slots=True)
class Desk:
    """The cases on the table: the packs, what surrounds them, their clocks, what was decided."""

    packs: Library
    around: Mapping[str, Surroundings]
    clocks: dict[str, dict[str, Held]]
    decided: list[tuple[Decided, Cause | None]] = field(default_factory=list)

    def settle(
        self,
        facts: CaseFacts,
        now: datetime,
        cause: Cause | None,
        products: frozenset[str] | None = None,
        moving: Applied | None = None,
    ) -> None:
        """Decide the clocks of one case, and let them be so for what follows.

        `moving` is the pack for whose sake the same facts are decided anew.
        """
        held = self.clocks.setdefault(facts.case, {})
        for each in decide(
            facts,
            self.around.get(facts.case, Surroundings()),
            tuple(held.values()),
            self.packs.book,
            self.packs.escalation,
            now,
            products,
        ):
            held[each.change.after.clock.clock] = each.change.after
            self.decided.append((attributed(each, self.packs.applied, moving), cause))

    def replan(
        self,
        case: str,
        now: datetime,
        cause: Cause | None,
        stood: Mapping[str, Steps],
        drafts: Mapping[str, DraftState],
        moving: Applied,
    ) -> None:
        """Plan the steps of one case's clocks by the escalation policy that came into force."""
        for name, held in self.clocks.get(case, {}).items():
            rule = self.packs.book.rule(held.clock.rule)
            if rule is None:
                continue  # an open clock's rule never leaves its pack
            steps, draft = stood.get(name, Steps()), drafts.get(name, DraftState.NONE)
            found = replanned(held, rule, self.packs.escalation, steps, now, draft)
            if found is not None:
                self.clocks[case][name] = found.change.after
                self.decided.append((attributed(found, self.packs.applied, moving), cause))

    def merge(self, survivor: str, absorbed: str) -> None:
        """Put the absorbed case's clocks beside the survivor's."""
        self.clocks.setdefault(survivor, {}).update(self.clocks.pop(absorbed, {}))


async def hold(unit: Unit, named: Iterable[str]) -> dict[str, str]:
    """Lock cases and those that they live on as; say which case each of them lives on as."""
    asked = set(named)
    await unit.lock("case", asked)
    living = await cases.survivors(unit.db, asked)
    while others := set(living.values()) - asked:
        # Only late facts of merged cases come here: the survivor's lock is taken out of order.
        await unit.lock("case", others)
        asked |= others
        living = await cases.survivors(unit.db, asked)
    return living


async def lay_out(
    unit: Unit, packs: Library, files: Mapping[str, CaseFacts], absorbed: Iterable[str] = ()
) -> Desk:
    """Lock what surrounds these cases and put everything on the table.

    `absorbed` names cases that end in this transaction: their clocks are still theirs.
    """
    named = {*files, *absorbed}
    products = sorted({product for facts in files.values() for product in facts.products()})
    await unit.lock("product", products)
    covered = any(facts.risks for facts in files.values())
    around = await surround(unit, named, products, covered=covered)
    found: dict[str, dict[str, Held]] = {case: {} for case in named}
    for each in await clocks.of_cases(unit.db, named):
        found.setdefault(each.clock.case, {})[each.clock.clock] = each
    return Desk(packs, around, found)


async def surround(
    unit: Unit, named: Iterable[str], products: Iterable[str], *, covered: bool
) -> dict[str, Surroundings]:
    """What the catalogue says around each case, and coverage where a clock could ask for it."""
    cases_named = list(named)
    known, makers = await surroundings.catalogue(unit.db, products)
    counts = await surroundings.coverage(unit.db, cases_named) if covered else {}
    return {case: Surroundings(known, makers, counts.get(case, {})) for case in cases_named}


async def keep(unit: Unit, decided: Iterable[tuple[Decided, Cause | None]]) -> None:
    """Write what was decided, in its order: clocks, histories, steps, events and alarms."""
    done = list(decided)
    if not done:
        return
    latest = {each.change.after.clock.clock: each.change.after for each, _ in done}
    await clocks.save(unit.db, latest.values())
    await clocks.remember(unit.db, [_remembered(each, cause) for each, cause in done], unit.now)
    await _keep_steps(unit, [each for each, _ in done])
    for each, cause in done:
        _tell(unit, each, cause)
    await gather(unit, [each for each, _ in done])


def _remembered(decided: Decided, cause: Cause | None) -> Remembered:
    events = tuple(event.TYPE for event in decided.events)
    held = decided.history or decided.change.after
    return Remembered(held, events, str(cause.id) if cause is not None else None)


async def _keep_steps(unit: Unit, done: Iterable[Decided]) -> None:
    armed: dict[str, list[StepRow]] = {}
    fired: list[StepRow] = []
    new: set[str] = set()
    for each in done:
        if each.change.before is None:
            new.add(each.change.after.clock.clock)
        clock = each.change.after.clock
        if each.alarms is not None:
            armed[clock.clock] = [
                StepRow(clock.clock, alarm.step.at, alarm.due_at, severity(clock, alarm.step))
                for alarm in each.alarms
            ]
        fired += [
            StepRow(clock.clock, event.step, unit.now, event.severity, unit.now)
            for event in each.events
            if isinstance(event, ClockEscalated) and not each.fired
        ]
    steps = [row for rows in armed.values() for row in rows]
    await clocks.put_steps(unit.db, armed.keys() - new, [*steps, *fired])


def _tell(unit: Unit, decided: Decided, cause: Cause | None) -> None:
    clock = decided.change.after.clock
    for event in decided.events:
        unit.emit(event, cause=cause, case=clock.case, name=clock.clock)
    if decided.alarms is None:
        return
    if decided.change.before is not None:
        unit.disarm(clock.clock)
    for alarm in decided.alarms:
        unit.arm(clock.clock, alarm.step.at, alarm.due_at)


async def gather(unit: Unit, done: Iterable[Decided]) -> None:
    """Let clocks of an initial load wait for each other, so that one page tells of all."""
    waiting = sorted(
        (each.told_together, each.change.after.clock.clock)
        for each in done
        if each.told_together is not None
    )
    if not waiting:
        return
    await unit.lock(TOGETHER, {step for step, _ in waiting})
    for step, since in (await clocks.wait_together(unit.db, waiting, unit.now)).items():
        unit.disarm(TOGETHER, step)
        unit.arm(TOGETHER, step, min(unit.now + _QUIET, since + _LONGEST))


async def differences(unit: Unit, packs: Library, files: Iterable[CaseFacts]) -> list[Decided]:
    """What deciding these cases again would change; an alarm of the last minute may still ring."""
    by_case = {facts.case: facts for facts in files}
    products = sorted({name for facts in by_case.values() for name in facts.products()})
    around = await surround(unit, by_case, products, covered=True)
    held: dict[str, dict[str, Held]] = {}
    for each in await clocks.of_cases(unit.db, by_case, readonly=True):
        held.setdefault(each.clock.case, {})[each.clock.clock] = each
    desk = Desk(packs, around, held)
    for facts in by_case.values():
        desk.settle(facts, unit.now - _QUIET, None)
    return [each for each, _ in desk.decided]
