"""When who is told: steps hang on the time left, late clocks are told of again, never too often."""

import importlib.resources
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from schemas.catalogue import QualificationKind
from schemas.clocks import Clock, ClockMode, RuleKind, Severity
from services.deadline_clock.domain.calendars import Calendar, zone
from services.deadline_clock.domain.decide import fire
from services.deadline_clock.domain.escalation import (
    Alarm,
    Chain,
    DraftState,
    Step,
    alarms,
    merged,
    repetition,
    severity,
)
from services.deadline_clock.domain.escalation_pack import parse_escalation
from services.deadline_clock.domain.facts import CaseFacts
from services.deadline_clock.domain.pack_document import PackError
from services.deadline_clock.domain.rules import Rule
from tests.unit.deadline_clock.facts import (
    BOOK,
    CASE,
    ESCALATION,
    HOUR,
    PATCH,
    T0,
    WARNING,
    Clockwork,
    around,
    confirmed,
    pages,
    product,
    signal,
)

FOLDER = importlib.resources.files("services.deadline_clock") / "packs"
PACK = (FOLDER / "escalation.yaml").read_text("utf-8")
SCHEMA = (FOLDER / "escalation.schema.json").read_text("utf-8")


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
    assert gaps[:288] == [timedelta(minutes=5)] * 288
    assert gaps[288:336] == [HOUR] * 48
    assert set(gaps[336:]) == {timedelta(days=1)}
    assert told[-1] == T0 + timedelta(days=30)


def test_a_service_that_was_away_goes_on_with_the_next_repetition_only() -> None:
    chain = ESCALATION.chain(law("cra.aev.early_warning"), initial_load=False)
    alarm = repetition(chain, T0, T0 + 17 * timedelta(minutes=1))
    assert alarm is not None
    assert alarm.step.at == "T+20m"


def instants(rule: Rule, length: timedelta, zone_name: str = "Europe/Brussels") -> list[str]:
    """The shipped steps of a clock that runs for `length`, each with its time before the end."""
    works = Clockwork()
    works.decide(replace(CASE, assessments=(confirmed(),)))
    clock = works.of("cra.aev.early_warning").clock
    assert clock.anchor is not None
    due = clock.anchor.at + length
    clock = clock.model_copy(update={"due_operational": due})
    chain = ESCALATION.chain(rule, initial_load=False)
    found = alarms(clock, chain, Calendar("US"), zone(zone_name))
    return [f"{each.step.at} {(due - each.due_at) / HOUR:g}" for each in found]


def test_a_24_hour_clock_has_exactly_the_steps_of_its_policy() -> None:
    told = ["T-12h 12", "T-6h 6", "T-2h 2", "T-30m 0.5", "T+0 0"]
    assert instants(law("cra.aev.early_warning"), 24 * HOUR) == told
    chain = ESCALATION.chain(law("cra.aev.early_warning"), initial_load=False)
    assert chain.step("start") is not None
    first = repetition(chain, T0, T0)
    assert first is not None
    assert first.due_at == T0 + timedelta(minutes=5)


def test_a_72_hour_clock_has_exactly_the_steps_of_its_policy() -> None:
    told = ["T-48h 48", "T-24h 24", "T-12h 12", "T-6h 6", "T-2h 2", "T-30m 0.5", "T+0 0"]
    assert instants(law("cra.aev.notification"), 72 * HOUR) == told


def test_a_day_clock_has_its_steps_by_time_the_working_day_among_them() -> None:
    works = Clockwork()
    ready = replace(PATCH, available_at=T0 + HOUR)
    decided = works.decide(replace(CASE, assessments=(confirmed(),), measures=(ready,)))
    [final] = [each for each in decided if each.change.after.clock.rule == "cra.aev.final"]
    clock = final.change.after.clock
    assert final.alarms is not None
    assert clock.anchor is not None
    assert clock.due_operational is not None
    due, length = clock.due_operational, clock.due_operational - clock.anchor.at
    left = {each.step.at: due - each.due_at for each in final.alarms}
    assert [left["50%"], left["75%"], left["90%"]] == [length * 0.5, length * 0.25, length * 0.1]
    local = {each.step.at: each.due_at.astimezone(zone(clock.zone)) for each in final.alarms}
    before = local["working-day-before"]
    assert (before.hour, before.weekday() < 5) == (9, True)
    assert before.date() < due.astimezone(zone(clock.zone)).date()
    times = [each.due_at for each in final.alarms]
    assert times == sorted(set(times))
    assert final.alarms[-1].due_at == due
    assert set(left) == {"50%", "75%", "90%", "working-day-before", "T+0"}


@pytest.mark.parametrize("kinds", [kind.value for kind in RuleKind])
def test_every_clock_is_told_of_at_its_start(kinds: str) -> None:
    chains = [each for each in ESCALATION.chains if RuleKind(kinds) in each.kinds]
    assert chains
    assert all(each.step("start") is not None for each in chains)


def test_steps_of_one_instant_are_one_that_tells_everybody_in_the_stricter_way() -> None:
    ticket = Step("50%", Severity.TICKET, ("a", "b"), draft_below=DraftState.READY)
    page = Step(
        "T-12h", Severity.PAGE, ("b", "c"), ignore_ack=True, draft_below=DraftState.APPROVED
    )
    both = merged(ticket, page)
    assert both == Step("T-12h", Severity.PAGE, ("a", "b", "c"), True, DraftState.APPROVED)
    assert merged(ticket, replace(page, draft_below=None)).draft_below is None
    works = Clockwork()
    works.decide(replace(CASE, assessments=(confirmed(),)))
    clock = works.of("cra.aev.early_warning").clock
    chain = Chain("test", (ticket, page, Step("T+0", Severity.PAGE, ("d",))))
    found = alarms(clock, chain, Calendar("US"), zone("Europe/Brussels"))
    assert [each.step.at for each in found] == ["T-12h", "T+0"]


@pytest.mark.parametrize(
    ("draft", "told"),
    [("none", True), ("prepared", True), ("ready", True), ("approved", False)],
)
def test_a_step_with_a_condition_is_silent_once_the_draft_is_that_far(
    draft: str, *, told: bool
) -> None:
    works = Clockwork()
    works.decide(replace(CASE, assessments=(confirmed(),)))
    held = works.of("cra.aev.notification")
    due = held.clock.due_operational
    assert due is not None
    at = due - 48 * HOUR
    state = DraftState.named(draft)
    decided = fire(held, law("cra.aev.notification"), "T-48h", at, ESCALATION, at, state)
    assert decided is not None
    assert bool(pages((decided,))) is told


def test_a_deadline_is_told_whatever_the_draft_is() -> None:
    works = Clockwork()
    works.decide(replace(CASE, assessments=(confirmed(),)))
    held = works.of("cra.aev.notification")
    due = held.clock.due_operational
    assert due is not None
    rule = law("cra.aev.notification")
    decided = fire(held, rule, "T+0", due, ESCALATION, due, DraftState.APPROVED)
    assert decided is not None
    assert [each.step for each in pages((decided,))] == ["T+0"]


def test_a_condition_on_the_deadline_itself_is_refused_with_its_place() -> None:
    text = PACK.replace(
        "{at: T+0, severity: page, to: [psirt-lead, ra-head], ignore_ack: true}",
        "{at: T+0, severity: page, to: [psirt-lead, ra-head], if_draft_below: ready}",
    )
    assert text != PACK
    with pytest.raises(PackError, match="escalation"):
        parse_escalation("escalation.yaml", text, SCHEMA)


def test_an_alarm_carries_the_next_step_and_the_deadline_in_its_zone() -> None:
    works = Clockwork()
    decided = works.decide(replace(CASE, assessments=(confirmed(),)))
    [told] = [each for each in pages(decided) if each.clock.rule == "cra.aev.early_warning"]
    assert (told.next_step, told.next_step_at) == ("T-12h", T0 + 12 * HOUR)
    assert told.next_targets == ("psirt-oncall", "psirt-lead")
    assert told.due_local == "2026-11-21T16:42:10+01:00"
    assert told.clock.anchor is not None
    assert told.clock.anchor.set_by == "psirt"
    assert told.stops_when


def test_a_clock_that_turns_shadow_has_its_steps_armed_anew_as_tickets() -> None:
    work = Clockwork()
    facts = CaseFacts("C", signals=(signal(),))
    work.decide(facts)
    work.around = around(product(QualificationKind.DEVICE))
    (turned,) = (each for each in work.decide(facts) if each.change.after.clock.rule == WARNING)
    clock = turned.change.after.clock
    assert clock.mode is ClockMode.SHADOW
    assert turned.alarms
    assert {severity(clock, each.step) for each in turned.alarms} == {Severity.TICKET}


def test_a_shadow_clock_that_turns_out_to_bind_pages_at_once() -> None:
    work = Clockwork(around(product(QualificationKind.DEVICE)))
    facts = CaseFacts("C", signals=(signal(),))
    assert {each.severity for each in pages(work.decide(facts))} == {Severity.TICKET}
    work.around = around(product(QualificationKind.NOT_A_DEVICE))
    told = pages(work.decide(facts, T0 + HOUR))
    assert [each.step for each in told if each.severity is Severity.PAGE] == ["start"]
    assert work.decide(facts, T0 + HOUR) == ()
