"""The escalation steps of one clock by its chain: all that wait on time left, and those ahead."""

from datetime import datetime

from schemas.clocks import ClockState
from services.deadline_clock.domain.calendars import COUNTRIES, calendar, zone
from services.deadline_clock.domain.change import Held
from services.deadline_clock.domain.escalation import (
    Alarm,
    Chain,
    Escalation,
    alarms,
    repetition,
)
from services.deadline_clock.domain.rules import Rule


def grouped(held: Held) -> bool:
    """Whether a clock is told of together with the others of its initial load."""
    return held.initial_load and held.clock.state is ClockState.PROVISIONAL


def chain_of(held: Held, rule: Rule, escalation: Escalation) -> Chain:
    """The chain that a clock is told by."""
    return escalation.chain(rule, initial_load=grouped(held))


def planned(held: Held, rule: Rule, chain: Chain) -> tuple[Alarm, ...]:
    """Every step of a clock up to its deadline, past ones too."""
    clock = held.clock
    if not held.open or clock.due_operational is None or rule.period is None:
        return ()
    days = calendar(rule.period.calendar, COUNTRIES.get(clock.zone), rule.period.edition)
    return alarms(clock, chain, days, zone(clock.zone))


def ahead(held: Held, rule: Rule, chain: Chain, now: datetime) -> tuple[Alarm, ...]:
    """The steps still ahead: those before the deadline, or the next repetition after it."""
    due = held.clock.due_operational
    if not held.open or due is None or rule.period is None:
        return ()
    if due <= now:
        again = repetition(chain, due, now)
        return () if again is None else (again,)
    return tuple(each for each in planned(held, rule, chain) if each.due_at > now)
