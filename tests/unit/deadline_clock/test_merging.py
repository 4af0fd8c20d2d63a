"""Clocks of cases that were merged or split: the earliest anchor wins, what was said goes along."""

from dataclasses import replace

from schemas.clocks import ClockState
from services.deadline_clock.domain.facts import CaseFacts
from services.deadline_clock.domain.merging import merged, separated
from tests.unit.deadline_clock.facts import (
    CASE,
    HOUR,
    SIGNALLED,
    T0,
    WARNING,
    Clockwork,
    confirmed,
    rejected,
    signal,
)


def test_merged_cases_keep_the_earliest_anchor_and_supersede_the_other_clock() -> None:
    one, two = Clockwork(), Clockwork()
    first = replace(SIGNALLED, case="A")
    second = replace(CASE, case="B", signals=(signal(T0 - HOUR, evidence="s-2"),))
    one.decide(first)
    two.decide(second)
    one.held |= two.held
    one.decide(merged(first, second))
    warnings = [held.clock for held in one.held.values() if held.clock.rule == WARNING]
    assert {each.case for each in warnings} == {"A"}
    states = {each.due_operational: each.state for each in warnings}
    assert states[T0 + 23 * HOUR] is ClockState.PROVISIONAL
    assert states[T0 + 24 * HOUR] is ClockState.SUPERSEDED
    assert one.decide(merged(first, second)) == ()


def test_a_case_that_was_split_off_runs_on_from_the_same_awareness_until_assessed_anew() -> None:
    origin = replace(SIGNALLED, assessments=(confirmed(T0 + HOUR),))
    apart = separated(origin, replace(SIGNALLED, case="PV-2026-0002"))
    works = Clockwork()
    works.decide(apart, T0 + 2 * HOUR)
    clock = works.of(WARNING).clock
    assert (clock.case, clock.state) == ("PV-2026-0002", ClockState.RUNNING)
    assert clock.due_operational == T0 + 25 * HOUR
    works.decide(replace(apart, assessments=(rejected(T0 + 3 * HOUR),)), T0 + 3 * HOUR)
    assert works.of(WARNING).clock.state is ClockState.NOT_APPLICABLE


def test_what_was_said_of_a_product_that_the_new_case_does_not_bear_on_starts_nothing() -> None:
    origin = replace(SIGNALLED, assessments=(confirmed(),))
    apart = separated(origin, CaseFacts("PV-2026-0002"))
    works = Clockwork()
    assert works.decide(apart) == ()
