"""When who is told: steps hang on the time left, late clocks are told of again, never too often."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from schemas.catalogue import QualificationKind
from schemas.clocks import Clock
from services.deadline_clock.domain.calendars import Calendar, zone
from services.deadline_clock.domain.escalation import Alarm, alarms, repetition
from services.deadline_clock.domain.rules import Rule
from tests.unit.deadline_clock.facts import (
    BOOK,
    ESCALATION,
    HOUR,
    T0,
    Clockwork,
    around,
    confirmed,
    product,
)
from tests.unit.deadline_clock.test_life import CASE, PATCH


def law(name: str) -> Rule:
    found = BOOK.rule(name)
    assert found is not None
    return found


def steps_of(rule: str, clock: Clock) -> list[Alarm]:
    chain = ESCALATION.chain(law(rule), initial_load=False)
    return list(alarms(clock, chain, Calendar("US"), zone(clock.zone)))


@pytest.mark.parametrize(
    ("rule", "hours_left"),
    [
        ("cra.aev.early_warning", [12, 6, 2, 0.5, 0]),
        ("cra.aev.notification", [48, 24, 12, 6, 2, 0.5, 0]),
    ],
)
def test_hour_clocks_are_told_of_by_hours_left(rule: str, hours_left: list[float]) -> None:
    works = Clockwork()
    works.decide(replace(CASE, assessments=(confirmed(),)))
    clock = works.of(rule).clock
    due = clock.due_operational
    assert due is not None
    assert [(due - each.due_at) / HOUR for each in steps_of(rule, clock)] == hours_left


def test_day_clocks_are_told_of_by_share_and_on_the_working_day_before() -> None:
    works = Clockwork(around(product(QualificationKind.DEVICE)))
    works.decide(replace(CASE, measures=(PATCH,)))
    clock = works.of("us806.report").clock
    found = steps_of("us806.report", clock)
    assert [each.step.at for each in found] == ["50%", "75%", "working-day-before", "90%", "T+0"]
    # Due on Monday 2026-12-07: people are told on Friday morning, New York time.
    friday = [each.due_at for each in found if each.step.at == "working-day-before"]
    assert friday == [datetime(2026, 12, 4, 14, tzinfo=UTC)]
    assert [each.due_at for each in found] == sorted(each.due_at for each in found)


def test_a_late_clock_is_told_of_every_five_minutes_then_hourly_then_daily_then_no_more() -> None:
    chain = ESCALATION.chain(law("cra.aev.early_warning"), initial_load=False)
    told, at = [T0], T0
    while (alarm := repetition(chain, T0, at)) is not None:
        at = alarm.due_at
        told.append(at)
    gaps = [later - earlier for earlier, later in pairwise(told)]
    assert gaps[:12] == [timedelta(minutes=5)] * 12
    assert gaps[12:35] == [HOUR] * 23
    assert set(gaps[35:]) == {timedelta(days=1)}
    assert told[-1] == T0 + timedelta(days=30)


def test_a_service_that_was_away_goes_on_with_the_next_repetition_only() -> None:
    chain = ESCALATION.chain(law("cra.aev.early_warning"), initial_load=False)
    alarm = repetition(chain, T0, T0 + 17 * timedelta(minutes=1))
    assert alarm is not None
    assert alarm.step.at == "T+20m"
