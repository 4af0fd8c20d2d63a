"""Another escalation policy in force: which steps of a clock are planned anew, who is told."""

from datetime import datetime, timedelta

import pytest

from schemas.clocks import ClockEscalated, Severity
from services.deadline_clock.domain.decide import Decided
from services.deadline_clock.domain.escalation import DraftState, Escalation, severity
from services.deadline_clock.domain.facts import CaseFacts
from services.deadline_clock.domain.pack_change import Applied, attributed
from services.deadline_clock.domain.pack_document import PackError
from services.deadline_clock.domain.replanning import Steps, replanned
from services.deadline_clock.library import library, with_pack
from tests.unit.deadline_clock.facts import (
    BOOK,
    DAY,
    ESCALATION,
    FINAL,
    HOUR,
    T0,
    WARNING,
    Clockwork,
    confirmed,
    signal,
)
from tests.unit.deadline_clock.test_packs import BANDS, STEPS

RUNNING = CaseFacts("C", signals=(signal(),), assessments=(confirmed(),))
DUE = T0 + 24 * HOUR
LATER = T0 + 13 * HOUR
"""One hour after the step at T-12h."""


def policy(old: str = "", new: str = "") -> Escalation:
    """The escalation policy under another version, with one thing said otherwise."""
    text = STEPS.replace("2026.11.25", "2026.12.1", 1)
    text = text.replace(old, new) if old else text
    return with_pack(library(), "escalation.yaml", text).then.escalation


def clockwork() -> tuple[Clockwork, Steps]:
    """A case whose early warning runs, with the steps that stood at its start."""
    work = Clockwork()
    found = next(e for e in work.decide(RUNNING) if e.change.after.clock.rule == WARNING)
    clock = found.change.after.clock
    armed = frozenset((a.step.at, a.due_at, severity(clock, a.step)) for a in found.alarms or ())
    return work, Steps(armed, T0)


def again(
    new: Escalation, now: datetime, told: datetime, draft: DraftState = DraftState.NONE
) -> Decided | None:
    """The early warning's steps by another policy, those up to `told` being told."""
    work, steps = clockwork()
    ahead = frozenset(each for each in steps.armed if each[1] > told)
    rule = BOOK.rule(WARNING)
    assert rule is not None
    return replanned(work.of(WARNING), rule, new, Steps(ahead, told), now, draft)


def named(decided: Decided | None) -> list[str]:
    """The steps that are armed from now on."""
    assert decided is not None
    return [each.step.at for each in decided.alarms or ()]


def told(decided: Decided | None) -> list[str]:
    """The steps that are told at once."""
    assert decided is not None
    return [each.step for each in decided.events if isinstance(each, ClockEscalated)]


def test_the_same_policy_changes_nothing() -> None:
    assert again(ESCALATION, T0, T0) is None
    assert again(policy(), T0, T0) is None


def test_steps_ahead_are_those_of_the_new_policy_and_the_clock_stays_as_it_is() -> None:
    found = again(policy("at: T-6h", "at: T-5h"), LATER, LATER - HOUR)
    assert named(found) == ["T-5h", "T-2h", "T-30m", "T+0"]
    assert told(found) == []
    assert found is not None
    assert found.change.before == found.change.after


def test_a_step_that_the_policy_moves_into_the_past_is_told_at_once_where_nobody_was_since() -> (
    None
):
    new = policy("at: T-6h", "at: T-690m")
    found = again(new, LATER, LATER - HOUR)
    assert told(found) == ["T-690m"]
    assert named(found) == ["T-2h", "T-30m", "T+0"]


def test_a_new_step_before_what_was_told_last_wakes_nobody() -> None:
    new = policy("at: T-12h", "at: T-16h")
    found = again(new, LATER, LATER - HOUR)
    assert found is None


def test_a_step_that_the_draft_makes_needless_is_not_told_of_the_past() -> None:
    step = "{at: T-690m, severity: page, to: [psirt-lead, ra-oncall], if_draft_below: approved}"
    new = policy("{at: T-6h, severity: page, to: [psirt-lead, ra-oncall]}", step)
    assert told(again(new, LATER, LATER - HOUR, DraftState.APPROVED)) == []
    assert told(again(new, LATER, LATER - HOUR, DraftState.READY)) == ["T-690m"]


def test_an_alarm_that_is_overdue_is_told_by_the_move_and_turns_the_clock_late() -> None:
    found = again(policy("at: T-6h", "at: T-5h"), DUE + timedelta(seconds=1), DUE - HOUR)
    assert found is not None
    assert found.change.after.clock.late
    assert told(found) == ["T+0"]
    assert named(found) == ["T+5m"]


def test_a_late_clock_is_told_of_again_as_the_new_policy_repeats() -> None:
    found = again(policy("every: 5m", "every: 10m"), DUE + HOUR, DUE + HOUR - HOUR / 60)
    assert named(found) == ["T+1h10m"]


def test_a_severity_that_changes_arms_the_step_anew() -> None:
    found = again(policy("at: T-6h, severity: page", "at: T-6h, severity: ticket"), T0, T0)
    assert found is not None
    six = next(each for each in found.alarms or () if each.step.at == "T-6h")
    assert six.step.severity is Severity.TICKET


def test_clocks_of_an_initial_load_are_told_together_of_what_the_policy_moved_into_the_past() -> (
    None
):
    work = Clockwork()
    work.decide(CaseFacts("C", signals=(signal(backfill=True),)))
    first = "{at: T-12h, severity: page, to: [psirt-oncall, psirt-lead]}"
    text = STEPS.replace("2026.11.25", "2026.12.1", 1)
    new = with_pack(
        library(), "escalation.yaml", text.replace(first, first.replace("T-12h", "T-20h"), 1)
    ).then.escalation
    rule = BOOK.rule(WARNING)
    assert rule is not None
    found = replanned(work.of(WARNING), rule, new, Steps(frozenset(), T0), T0 + 5 * HOUR)
    assert found is not None
    assert (found.told_together, told(found)) == ("T-20h", [])


def test_a_clock_that_waits_for_its_anchor_has_no_steps_to_plan() -> None:
    work, _ = clockwork()
    rule = BOOK.rule(FINAL)
    assert rule is not None
    assert replanned(work.of(FINAL), rule, policy("T-6h", "T-5h"), Steps(), T0 + DAY) is None


def test_the_history_names_the_policy_and_both_people() -> None:
    found = again(policy("at: T-6h", "at: T-5h"), T0, T0)
    assert found is not None
    moving = Applied(1, "escalation@2026.12.1", "psirt", "quality", T0)
    line = attributed(found, {}, moving).history
    assert line is not None
    assert line.because.startswith(
        "pack escalation@2026.12.1 came into force, proposed by psirt, approved by quality; "
    )
    assert line.decided_by == "quality"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("other", STEPS.replace("id: escalation", "id: other", 1)),
        ("escalation", BANDS.replace("id: clinical-bands", "id: escalation", 1)),
    ],
)
def test_chains_and_rules_never_take_each_others_place(name: str, text: str) -> None:
    with pytest.raises(PackError, match="take its id"):
        with_pack(library(), f"{name}.yaml", text)
