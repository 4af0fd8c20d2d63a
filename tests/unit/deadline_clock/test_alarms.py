"""What an alarm of a clock says when it fires, and when it says nothing."""

from dataclasses import replace
from datetime import timedelta

from schemas.clocks import ClockLate, ClockState
from services.deadline_clock.domain.decide import fire
from tests.unit.deadline_clock.facts import (
    DAY,
    ESCALATION,
    HOUR,
    SIGNALLED,
    T0,
    WARNING,
    Clockwork,
    confirmed,
    pages,
    rejected,
    rule_of,
)


def test_an_alarm_tells_of_the_time_left_and_of_the_next_one() -> None:
    works = Clockwork()
    works.decide(replace(SIGNALLED, assessments=(confirmed(),)))
    held = works.of(WARNING)
    law = rule_of(WARNING)
    decided = fire(held, law, "T-2h", T0 + 22 * HOUR, ESCALATION, T0 + 22 * HOUR)
    assert decided is not None
    (event,) = pages((decided,))
    assert (event.remaining_seconds, event.ignore_ack) == (7200, True)
    assert event.next_step_at == T0 + 23 * HOUR + timedelta(minutes=30)
    assert decided.alarms is None


def test_the_deadline_makes_it_late_and_it_is_told_again_every_five_minutes() -> None:
    works = Clockwork()
    works.decide(replace(SIGNALLED, assessments=(confirmed(),)))
    law = rule_of(WARNING)
    due = T0 + DAY
    late = fire(works.of(WARNING), law, "T+0", due, ESCALATION, due)
    assert late is not None
    assert isinstance(late.events[0], ClockLate)
    assert late.alarms is not None
    assert [(a.step.at, a.due_at) for a in late.alarms] == [("T+5m", due + timedelta(minutes=5))]
    again = fire(late.change.after, law, "T+5m", late.alarms[0].due_at, ESCALATION, due + HOUR / 12)
    assert again is not None
    assert [each.step for each in pages((again,))] == ["T+5m"]
    assert not any(isinstance(event, ClockLate) for event in again.events)


def test_an_alarm_of_a_clock_that_ended_says_nothing() -> None:
    works = Clockwork()
    works.decide(replace(SIGNALLED, assessments=(rejected(),)), T0 + HOUR)
    law = rule_of(WARNING)
    assert fire(works.of(WARNING), law, "T-2h", T0 + 22 * HOUR, ESCALATION, T0) is None


def test_compressed_time_does_not_take_lateness_back() -> None:
    works = Clockwork()
    facts = replace(SIGNALLED, assessments=(confirmed(),))
    works.decide(facts)
    law = rule_of(WARNING)
    late = fire(works.of(WARNING), law, "T+0", T0 + DAY, ESCALATION, T0 + HOUR)
    assert late is not None
    works.held[late.change.after.clock.clock] = late.change.after
    assert works.of(WARNING).clock.state is ClockState.LATE
    assert works.decide(facts, T0 + HOUR) == ()
