"""The one decision of this service: facts, clocks, packs and now in; changes and alerts out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.clocks import Clock, ClockEscalated, ClockEvent, ClockMode, ClockState, MetBy
from services.deadline_clock.domain.ahead import ahead, chain_of, grouped
from services.deadline_clock.domain.calendars import zone
from services.deadline_clock.domain.change import Change, Held
from services.deadline_clock.domain.clock import lateness, newly_late
from services.deadline_clock.domain.discretion import lapsed
from services.deadline_clock.domain.escalation import (
    DEADLINE,
    MOVED_EARLIER,
    START,
    Alarm,
    Chain,
    DraftState,
    Escalation,
    Step,
    severity,
    told_now,
)
from services.deadline_clock.domain.facts import CaseFacts, Surroundings
from services.deadline_clock.domain.obligations import obligations
from services.deadline_clock.domain.renewal import changes
from services.deadline_clock.domain.rules import Rule, RuleBook

_STOPS = {
    MetBy.FILING: "a recorded filing of this stage, or a person's decision that none is due",
    MetBy.NOTICE: "a recorded notice",
    MetBy.MEASURE_AVAILABLE: "a measure that users can have",
    MetBy.FIX_DISTRIBUTED: "a fix on its way to every device",
    MetBy.COVERAGE: "enough verified devices",
    MetBy.DECISION: "a recorded decision",
}
_ASSESS = "a person's recorded assessment for this product, or a recorded filing"
"""What stops a provisional clock of a filing: the page asks for an assessment first of all."""
_OR_NONE = "or a person's answer by which none is due"


@dataclass(frozen=True, slots=True)
class Decided:
    """One clock's change, what it makes known, and its alarms from now on.

    `alarms` is None where those that are set stay. `told_together` names the step that an initial
    load's clocks are told of in one page instead of one each. `fired`: an alarm made it happen.
    `history` is how the clock's history tells it, where that differs from the clock itself.
    """

    change: Change
    events: tuple[ClockEvent, ...]
    alarms: tuple[Alarm, ...] | None = None
    told_together: str | None = None
    fired: bool = False
    history: Held | None = None


def decide(
    facts: CaseFacts,
    surroundings: Surroundings,
    clocks: Sequence[Held],
    book: RuleBook,
    escalation: Escalation,
    now: datetime,
    products: frozenset[str] | None = None,
) -> tuple[Decided, ...]:
    """Say what the clocks of one case become. Asked again with the result, it changes nothing.

    `products` limits the question to those that an event concerns; None asks for all of the case.
    """
    rules = {rule.id: rule for rule in book}
    named = facts.products() if products is None else sorted(products)
    around = replace(surroundings, lapsed=lapsed(clocks, rules))
    found = list(changes(facts, around, clocks, obligations(facts, around, book, named), now))
    became = {each.clock.clock: each for each in (*clocks, *(each.after for each in found))}
    after = tuple(became.values())
    if (gone := lapsed(after, rules)) != around.lapsed:
        # What lapsed just now bears on the clocks that rest on it, and on nothing else.
        around = replace(around, lapsed=gone)
        found += changes(facts, around, after, obligations(facts, around, book, named), now)
    return tuple(_told(change, rules[change.after.clock.rule], escalation, now) for change in found)


def _told(change: Change, rule: Rule, escalation: Escalation, now: datetime) -> Decided:
    """Add to a change what people are told at once, and the alarms that wait."""
    after = change.after
    chain = chain_of(after, rule, escalation)
    pending = ahead(after, rule, chain, now) if change.rearms else None
    step = _step_now(change, chain)
    if step is None:
        return Decided(change, change.events, pending)
    if grouped(after):
        return Decided(change, change.events, pending, step.at)
    following = ahead(after, rule, chain, now)
    event = escalated(after, step, now, following[0] if following else None)
    return Decided(change, (*change.events, event), pending)


def _step_now(change: Change, chain: Chain) -> Step | None:
    """Who is told at once, the most pressing reason first."""
    clock = change.after.clock
    if not change.after.open:
        return None
    if newly_late(change.before, change.after):
        return chain.step(DEADLINE)
    if change.earlier and not clock.late:
        return chain.step(MOVED_EARLIER) or chain.step(START)
    if change.begins or change.confirmed or change.news:
        return told_now(clock, chain, START)
    return None


def fire(
    held: Held,
    rule: Rule,
    step_name: str,
    due_at: datetime,
    escalation: Escalation,
    now: datetime,
    draft: DraftState = DraftState.NONE,
) -> Decided | None:
    """Say what an alarm does when it fires; None where it no longer means anything.

    `now` is legal time: where a sandbox compresses time, the alarm's own time is the later one.
    `draft` is how far the clock's draft is: a step may ask for one that is not.
    """
    chain = chain_of(held, rule, escalation)
    at = max(now, due_at)
    step = _step(chain, step_name)
    if not held.open or held.clock.due_operational is None or step is None:
        return None
    change = lateness(held, at) or Change(held, held)
    pending: tuple[Alarm, ...] | None = None
    following = _next(change.after, rule, chain, due_at, at)
    if held.clock.due_operational <= at:
        pending = () if following is None else (following,)
    if grouped(held):
        return Decided(change, change.events, pending, step.at, fired=True)
    if not step.wanted(draft):
        return Decided(change, change.events, pending, fired=True)
    event = escalated(change.after, step, at, following)
    return Decided(change, (*change.events, event), pending, fired=True)


def _next(held: Held, rule: Rule, chain: Chain, due_at: datetime, at: datetime) -> Alarm | None:
    """The alarm after this one: by the alarm's own time, so that a compressed one skips none."""
    after = at if at >= (held.clock.due_operational or at) else due_at
    pending = ahead(held, rule, chain, after)
    return pending[0] if pending else None


def _step(chain: Chain, name: str) -> Step | None:
    """A step of the chain; a repetition speaks as the deadline itself did."""
    if name.startswith("T+") and name != DEADLINE:
        deadline = chain.step(DEADLINE)
        if deadline is None:
            return None
        return Step(name, deadline.severity, deadline.targets, deadline.ignore_ack)
    return chain.step(name)


def escalated(held: Held, step: Step, at: datetime, following: Alarm | None) -> ClockEscalated:
    """The event that carries all an alert needs."""
    clock = held.clock
    due = clock.due_operational
    return ClockEscalated(
        clock=clock,
        step=step.at,
        severity=severity(clock, step),
        targets=step.targets,
        ignore_ack=step.ignore_ack,
        remaining_seconds=int((due - at).total_seconds()) if due is not None else None,
        stops_when=stops_when(clock),
        next_step_at=following.due_at if following is not None else None,
        next_step=following.step.at if following is not None else None,
        next_targets=following.step.targets if following is not None else (),
        due_local=due.astimezone(zone(clock.zone)).isoformat() if due is not None else None,
    )


def stops_when(what: Clock | Rule) -> str:
    """What ends a clock, or would end a rule's, in words."""
    if not isinstance(what, Clock) or what.state is not ClockState.PROVISIONAL:
        return _STOPS[what.met_by]
    return _ASSESS if what.met_by is MetBy.FILING else f"{_STOPS[what.met_by]}, {_OR_NONE}"


def _waits_together(held: Held) -> bool:
    """Whether it still is an initial load's: one assessed in between was told of by itself."""
    return grouped(held) and held.clock.due_operational is not None


def told_together(
    step_name: str, clocks: Sequence[Held], escalation: Escalation, now: datetime
) -> ClockEscalated | None:
    """One page for the clocks of an initial load, with every case; None where none is left.

    The clock that is due first speaks for all of them; shadow clocks alone raise a ticket.
    """
    waiting = sorted(
        (held for held in clocks if _waits_together(held)),
        key=lambda held: (
            held.clock.mode is not ClockMode.MANDATORY,
            held.clock.due_operational or now,
            held.clock.clock,
        ),
    )
    chain = next((each for each in escalation.chains if each.initial_load), None)
    step = _step(chain, step_name) if chain is not None else None
    if not waiting or step is None:
        return None
    event = escalated(waiting[0], step, now, None)
    cases = tuple(sorted({held.clock.case for held in waiting}))
    return event.model_copy(update={"cases": cases})
