"""Clocks of what people do: corrections, field actions, requests, disclosure, guidance."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from schemas.catalogue import QualificationKind
from schemas.clocks import ClockState, RuleKind
from schemas.drafts import NoticeKind
from schemas.signals import Harm
from services.deadline_clock.domain.acts import Filing, Initiation, Notice, Pathway, Request
from services.deadline_clock.domain.facts import (
    CaseFacts,
    Decision,
    MeasureState,
    Risk,
    Scope,
    Surroundings,
)
from services.deadline_clock.domain.happenings import Report
from tests.unit.deadline_clock.facts import (
    DAY,
    HOUR,
    MAKER,
    T0,
    Clockwork,
    around,
    confirmed,
    pages,
    product,
)

CASE = CaseFacts("PV-2026-0001", title="T")
PUMP = product(QualificationKind.DEVICE, name="pump")
PATCH = MeasureState("fix", "patch", ("pump",), "quality", T0, None)
WAVE = Initiation("first wave", "c-1/1", "pump", T0 + 2 * DAY, "deployment-tracker")
REPORT = "us806.report"
AMENDMENT = "us806.amendment"
NOTIFY, FIX = "fda2016.notify", "fda2016.fix"


def decided(question: str, outcome: str, at: datetime = T0 + HOUR, on: str = "pump") -> Decision:
    return Decision(f"{question}={outcome}", question, on, outcome, "as read", "ra", at, "news")


def notice(kind: NoticeKind, at: datetime, on: str = "pump") -> Notice:
    return Notice(f"n-{kind}", on, kind, at, "psirt")


def rules(clocks: Clockwork) -> set[str]:
    return {each.clock.rule for each in clocks.held.values() if each.open}


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("reportable", ClockState.RUNNING),
        ("not_reportable", ClockState.NOT_APPLICABLE),
        ("discretion_claimed", ClockState.SUPERSEDED),
        ("reported_elsewhere", ClockState.SUPERSEDED),
    ],
)
def test_a_correction_waits_for_an_answer_and_follows_it(outcome: str, state: ClockState) -> None:
    clocks = Clockwork(around(PUMP))
    facts = replace(CASE, measures=(PATCH,))
    clocks.decide(facts)
    assert clocks.of(REPORT).clock.state is ClockState.PROVISIONAL
    clocks.decide(replace(facts, decisions=(decided(REPORT, outcome),)), T0 + HOUR)
    assert clocks.of(REPORT).clock.state is state


@pytest.mark.parametrize("kind", [NoticeKind.ACKNOWLEDGEMENT, NoticeKind.NOTIFIED_BODY])
def test_only_a_notice_to_customers_initiates_a_correction(kind: NoticeKind) -> None:
    clocks = Clockwork(around(PUMP))
    scoped = replace(CASE, scope=(Scope("pump", True, T0),))
    clocks.decide(replace(scoped, notices=(notice(kind, T0),)))
    assert REPORT not in rules(clocks)
    clocks.decide(replace(scoped, notices=(notice(NoticeKind.ADVISORY, T0),)))
    assert REPORT in rules(clocks)


def test_each_extension_of_a_correction_asks_for_an_amendment_of_its_own() -> None:
    clocks = Clockwork(around(PUMP))
    extended = tuple(
        replace(decided("us806.extension", "extended", T0 + n * DAY), decision=f"d-{n}")
        for n in (1, 3)
    )
    facts = replace(CASE, measures=(PATCH,), decisions=extended)
    clocks.decide(facts, T0 + 3 * DAY)
    amendments = [each for each in clocks.held.values() if each.clock.rule == AMENDMENT]
    assert {each.occurrence for each in amendments} == {"d-1", "d-3"}
    assert all(each.clock.state is ClockState.RUNNING for each in amendments)


def test_what_a_decision_answers_counts_from_when_it_happened_where_that_is_stated() -> None:
    clocks = Clockwork(around(PUMP))
    began, told = T0 - 3 * DAY, T0 + HOUR
    extended = replace(decided("us806.extension", "extended", told), happened_at=began)
    heard = replace(decided("us803.new_information", "received", told), happened_at=began)
    clocks.decide(replace(CASE, measures=(PATCH,), decisions=(extended, heard)), told)
    for rule in (AMENDMENT, "us803.supplement"):
        anchor = clocks.of(rule).clock.anchor
        assert anchor is not None
        assert (anchor.at, anchor.set_at, anchor.note) == (began, told, None)


def test_a_decision_that_does_not_say_when_it_happened_counts_from_itself_and_says_so() -> None:
    clocks = Clockwork(around(PUMP))
    extended = decided("us806.extension", "extended")
    clocks.decide(replace(CASE, measures=(PATCH,), decisions=(extended,)), T0 + HOUR)
    anchor = clocks.of(AMENDMENT).clock.anchor
    assert anchor is not None
    assert (anchor.at, anchor.note) == (
        T0 + HOUR, "when it happened was not stated: read from the record",
    )  # fmt: skip


def test_a_five_day_report_starts_by_decision_or_by_the_authoritys_request() -> None:
    clocks = Clockwork(around(PUMP))
    scoped = replace(CASE, scope=(Scope("pump", True, T0),))
    aware = datetime(2026, 11, 25, 15, tzinfo=UTC)
    clocks.decide(replace(scoped, decisions=(decided("us803.five_day", "required", aware),)), aware)
    due = clocks.of("us803.5day").clock.due_operational
    assert due == datetime(2026, 12, 4, 4, 59, 59, tzinfo=UTC)
    asked = Request("q-1", "FDA", "us803.5day", None, aware, "ra")
    other = Clockwork(around(PUMP))
    other.decide(replace(scoped, requests=(asked,)), aware)
    assert other.of("us803.5day").occurrence == "q-1"


def test_a_trend_report_runs_from_the_decision_that_there_is_an_increase() -> None:
    clocks = Clockwork(around(PUMP))
    facts = replace(CASE, scope=(Scope("pump", True, T0),))
    found = clocks.decide(replace(facts, decisions=(decided("mdr.trend", "increase"),)), T0 + HOUR)
    held = clocks.of("mdr.trend").clock
    assert (held.state, held.due_operational) == (ClockState.RUNNING, None)
    assert "mdr.trend" in {each.clock.rule for each in pages(found)}
    assert "ivdr.trend" not in rules(clocks)


def test_a_report_that_completes_another_runs_from_that_ones_filing_until_it_is_filed() -> None:
    clocks = Clockwork(around(PUMP))
    needed = decided("mdr.followup", "needed", T0 + 2 * DAY)
    facts = replace(CASE, scope=(Scope("pump", True, T0),), decisions=(needed,))
    clocks.decide(facts, T0 + 2 * DAY)
    assert clocks.of("mdr.followup").clock.state is ClockState.AWAITING_ANCHOR
    first = Filing("f-1", "c-1", "mdr.serious_incident", ("pump",), "ra", T0 + DAY, T0 + DAY)
    clocks.decide(replace(facts, filings=(first,)), T0 + 2 * DAY)
    held = clocks.of("mdr.followup").clock
    assert held.state is ClockState.RUNNING
    assert held.anchor is not None
    assert held.anchor.at == first.filed_at
    last = Filing("f-2", held.clock, held.rule, ("pump",), "ra", T0 + 3 * DAY, T0 + 3 * DAY)
    clocks.decide(replace(facts, filings=(first, last)), T0 + 3 * DAY)
    assert clocks.of("mdr.followup").clock.state is ClockState.MET


def test_an_authority_may_ask_for_the_completing_report_with_a_date() -> None:
    clocks = Clockwork(around(PUMP))
    wanted = T0 + 5 * DAY
    asked = Request("q-1", "BfArM", "mdr.followup", wanted, T0, "ra")
    clocks.decide(replace(CASE, scope=(Scope("pump", True, T0),), requests=(asked,)))
    held = clocks.of("mdr.followup").clock
    assert (held.state, held.due_operational) == (ClockState.RUNNING, wanted)


def test_a_request_is_due_when_the_authority_says() -> None:
    gateway = Clockwork()
    wanted = T0 + timedelta(days=2)
    asked = Request("q-1", "CSIRT", "cra.intermediate", wanted, T0, "ra")
    gateway.decide(replace(CASE, scope=(Scope("gateway", True, T0),), requests=(asked,)))
    held = gateway.of("cra.intermediate").clock
    assert (held.state, held.due_operational) == (ClockState.RUNNING, wanted)


def test_a_field_action_is_reported_before_it_begins() -> None:
    clocks = Clockwork(around(PUMP))
    facts = replace(
        CASE, scope=(Scope("pump", True, T0),), decisions=(decided("mdr.fsca", "fsca"),)
    )
    clocks.decide(facts, T0 + HOUR)
    assert clocks.of("mdr.fsca").clock.state is ClockState.AWAITING_ANCHOR
    clocks.decide(replace(facts, initiations=(WAVE,)), T0 + 2 * DAY)
    held = clocks.of("mdr.fsca").clock
    assert (held.due_operational, held.late) == (WAVE.at, True)


def test_an_urgent_field_action_may_go_before_its_report() -> None:
    clocks = Clockwork(around(PUMP))
    urgent = decided("mdr.fsca", "fsca_urgent")
    facts = replace(CASE, scope=(Scope("pump", True, T0),), decisions=(urgent,))
    clocks.decide(replace(facts, initiations=(WAVE,)), T0 + 2 * DAY)
    held = clocks.of("mdr.fsca")
    assert held.clock.state is ClockState.AWAITING_ANCHOR
    assert not held.clock.late
    assert "urgent" in held.because


def test_users_are_to_be_told_of_confirmed_exploitation_and_a_notice_meets_that() -> None:
    gateway = Clockwork()
    facts = replace(CASE, assessments=(confirmed(),))
    gateway.decide(facts)
    assert gateway.of("cra.user_notice").clock.state is ClockState.RUNNING
    told = notice(NoticeKind.ADVISORY, T0 + DAY, "gateway")
    gateway.decide(replace(facts, notices=(told,)), T0 + DAY)
    assert gateway.of("cra.user_notice").clock.state is ClockState.MET


def risky(band: str = "critical", *, isao: bool | None = True) -> tuple[Clockwork, CaseFacts]:
    """A case whose pump may be at an uncontrolled risk, made by a member of an ISAO or not."""
    maker = MAKER.model_copy(update={"isao_member": isao})
    facts = replace(
        CASE,
        scope=(Scope("pump", True, T0),),
        risks=(Risk("pump", band, T0, T0, False, "quality", "as assessed"),),
        measures=(PATCH,),
    )
    return Clockwork(Surroundings({"pump": PUMP}, {"maker": maker})), facts


def test_the_2016_guidance_counts_30_and_60_days_beside_a_running_806_clock() -> None:
    clocks, facts = risky()
    clocks.decide(facts)
    assert {NOTIFY, FIX, REPORT} <= rules(clocks)
    held = clocks.of(NOTIFY).clock
    assert held.kind is RuleKind.GUIDANCE
    assert held.due_legal_outer is None
    assert held.due_operational is not None
    assert held.due_operational.date().isoformat() == "2026-12-21"  # the end of the 20th there


def test_a_controlled_risk_asks_nothing_of_the_2016_guidance() -> None:
    clocks, facts = risky("low")
    clocks.decide(facts)
    assert not {NOTIFY, FIX} & rules(clocks)


def test_the_guidances_discretion_is_lost_with_a_serious_event() -> None:
    clocks, facts = risky()
    clocks.decide(facts)
    hurt = Report("R-1", True, "T", "pump", None, Harm.SERIOUS, T0, T0)
    clocks.decide(replace(facts, reports=(hurt,)), T0 + DAY)
    assert clocks.of(NOTIFY).clock.state is ClockState.SUPERSEDED
    assert "condition 1" in clocks.of(NOTIFY).because
    assert clocks.of(REPORT).open


def test_without_an_isao_there_is_no_discretion_and_unknown_membership_is_named() -> None:
    clocks, facts = risky(isao=False)
    clocks.decide(facts)
    assert not {NOTIFY, FIX} & rules(clocks)
    clocks, facts = risky(isao=None)
    clocks.decide(facts)
    assert any("ISAO membership is unknown" in each for each in clocks.of(NOTIFY).clock.assumed)


def test_day_61_without_a_fix_is_late_and_the_806_clock_stands() -> None:
    clocks, facts = risky()
    clocks.decide(facts)
    clocks.decide(
        replace(facts, measures=(replace(PATCH, available_at=T0 + 61 * DAY),)), T0 + 61 * DAY
    )
    assert clocks.of(FIX).clock.late
    assert clocks.of(REPORT).open


def claimed() -> tuple[Clockwork, CaseFacts]:
    """A case whose 806 clock gave way to the discretion that a person claimed."""
    clocks, facts = risky()
    facts = replace(facts, decisions=(decided(REPORT, "discretion_claimed"),))
    clocks.decide(facts, T0 + HOUR)
    assert clocks.of(REPORT).clock.state is ClockState.SUPERSEDED
    return clocks, facts


def test_a_claimed_discretion_is_lost_with_a_serious_event_and_the_806_clock_is_back() -> None:
    clocks, facts = claimed()
    hurt = Report("R-1", True, "T", "pump", None, Harm.SERIOUS, T0 + DAY, T0 + DAY)
    found = clocks.decide(replace(facts, reports=(hurt,)), T0 + DAY)
    held = clocks.of(REPORT)
    assert held.clock.state is ClockState.RUNNING
    assert "condition 1" in held.because
    assert REPORT in {each.clock.rule for each in pages(found)}


def test_a_claimed_discretion_is_lost_where_the_maker_leaves_its_isao() -> None:
    clocks, facts = claimed()
    clocks.around = Surroundings(
        {"pump": PUMP}, {"maker": MAKER.model_copy(update={"isao_member": False})}
    )
    clocks.decide(facts, T0 + DAY)
    assert clocks.of(REPORT).clock.state is ClockState.RUNNING
    assert "condition 4" in clocks.of(REPORT).because


def test_a_claimed_discretion_is_lost_on_day_61_and_the_806_clock_is_late() -> None:
    clocks, facts = claimed()
    told = notice(NoticeKind.ADVISORY, T0 + DAY)
    clocks.decide(replace(facts, notices=(told,)), T0 + DAY)
    assert clocks.of(REPORT).clock.state is ClockState.SUPERSEDED
    fixed = replace(PATCH, available_at=T0 + 61 * DAY)
    facts = replace(facts, notices=(told,), measures=(fixed,))
    clocks.decide(facts, T0 + 61 * DAY)
    assert clocks.of(FIX).clock.late
    assert clocks.of(REPORT).clock.state is ClockState.LATE
    assert "day 30 or day 60" in clocks.of(REPORT).because
    assert not clocks.decide(facts, T0 + 61 * DAY)


def test_a_vulnerability_report_is_acknowledged_in_48_hours_and_published_in_90_days() -> None:
    gateway = Clockwork()
    told = Report("R-1", False, "T", "gateway", None, None, T0, T0)
    risk = Risk("gateway", "high", T0, T0, False, "quality", "as assessed")
    facts = replace(CASE, reports=(told,), risks=(risk,))
    gateway.decide(facts)
    assert gateway.of("cvd.acknowledge").clock.due_operational == T0 + 48 * HOUR
    assert "cvd.disclosure.critical_high" in rules(gateway)
    assert "cvd.disclosure.medium_low" not in rules(gateway)
    answered = notice(NoticeKind.ACKNOWLEDGEMENT, T0 + HOUR, "gateway")
    gateway.decide(replace(facts, notices=(answered,)), T0 + HOUR)
    assert gateway.of("cvd.acknowledge").clock.state is ClockState.MET
    assert gateway.of("cvd.disclosure.critical_high").open


def test_a_patch_under_the_notified_bodys_protocol_is_told_from_its_first_wave() -> None:
    clocks = Clockwork(around(PUMP))
    pathway = Pathway("fix", "pump", "notify+protocol", "ra", T0)
    facts = replace(CASE, scope=(Scope("pump", True, T0),), pathways=(pathway,))
    clocks.decide(facts)
    rule = "nb.emergency_notice"
    assert clocks.of(rule).clock.state is ClockState.AWAITING_ANCHOR
    facts = replace(facts, initiations=(WAVE,))
    clocks.decide(facts, WAVE.at)
    assert clocks.of(rule).clock.due_operational == WAVE.at + 48 * HOUR
    told = notice(NoticeKind.NOTIFIED_BODY, WAVE.at + HOUR)
    clocks.decide(replace(facts, notices=(told,)), WAVE.at + HOUR)
    assert clocks.of(rule).clock.state is ClockState.MET


def test_what_is_proposed_never_starts_a_clock() -> None:
    clocks = Clockwork(around(PUMP))
    clocks.decide(
        replace(
            CASE,
            assessments=(replace(confirmed(), product="pump"),),
            reports=(Report("R-1", True, "T", "pump", None, Harm.DEATH, T0, T0),),
        )
    )
    assert not any(each.startswith(("mdr87a", "ivdr82a", "circia")) for each in rules(clocks))
