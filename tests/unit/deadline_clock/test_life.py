"""How clocks live: from evidence to a filing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from schemas.catalogue import QualificationKind
from schemas.clocks import (
    ClockEnded,
    ClockLate,
    ClockMet,
    ClockMode,
    ClockMoved,
    ClockStarted,
    ClockState,
    Severity,
)
from services.deadline_clock.domain.acts import Filing, Initiation
from services.deadline_clock.domain.decide import told_together
from services.deadline_clock.domain.facts import (
    Coverage,
    Decision,
    Risk,
    Scope,
    Surroundings,
)
from services.deadline_clock.domain.obligations import obligations
from services.deadline_clock.domain.rules import Pack, Rule, RuleBook
from tests.unit.deadline_clock.facts import (
    BOOK,
    CASE,
    DAY,
    ESCALATION,
    FINAL,
    HOUR,
    NOTIFICATION,
    PATCH,
    SIGNALLED,
    T0,
    WARNING,
    Clockwork,
    around,
    confirmed,
    pages,
    product,
    rejected,
    rule_of,
    signal,
)


def filing(clock: str, at: datetime, rule: str = WARNING) -> Filing:
    return Filing("f-1", clock, rule, ("gateway",), "ra", at, at)


def test_evidence_starts_three_clocks_and_one_page() -> None:
    works = Clockwork()
    decided = works.decide(SIGNALLED)
    assert [type(each.events[0]) for each in decided] == [ClockStarted] * 3
    assert works.of(WARNING).clock.state is ClockState.PROVISIONAL
    assert works.of(FINAL).clock.state is ClockState.AWAITING_ANCHOR
    assert works.of(FINAL).clock.due_operational is None
    told = {each.clock.rule: each.severity for each in pages(decided)}
    assert told == {WARNING: Severity.PAGE, NOTIFICATION: Severity.TICKET}


def test_the_feeds_own_date_is_never_the_anchor() -> None:
    works = Clockwork()
    works.decide(replace(CASE, signals=(signal(reported_at=T0 - 30 * DAY),)))
    anchor = works.of(WARNING).clock.anchor
    assert anchor is not None
    assert (anchor.name, anchor.at) == ("signal_held_at", T0)


def test_of_several_signals_the_first_one_held_counts() -> None:
    works = Clockwork()
    works.decide(SIGNALLED)
    found = works.decide(replace(CASE, signals=(signal(), signal(T0 - HOUR, evidence="s-2"))))
    assert works.of(WARNING).clock.due_operational == T0 + 23 * HOUR
    assert {each.step for each in pages(found)} == {"moved-earlier"}


def test_deciding_again_changes_nothing() -> None:
    works = Clockwork()
    works.decide(SIGNALLED)
    assert works.decide(SIGNALLED, T0 + HOUR) == ()


def test_a_confirmation_runs_the_clock_from_awareness_and_tells_regulatory_affairs() -> None:
    works = Clockwork()
    works.decide(SIGNALLED)
    assessed = replace(SIGNALLED, assessments=(confirmed(T0 + HOUR),))
    found = works.decide(assessed, T0 + HOUR)
    clock = works.of(WARNING).clock
    assert (clock.state, clock.due_operational) == (ClockState.RUNNING, T0 + 25 * HOUR)
    assert {each.step for each in pages(found)} == {"running"}


def test_awareness_before_the_signal_was_held_moves_the_deadline_earlier_and_pages() -> None:
    works = Clockwork()
    works.decide(SIGNALLED)
    assessed = replace(SIGNALLED, assessments=(confirmed(T0 - HOUR, T0),))
    found = works.decide(assessed, T0)
    stages = {(e.step, e.severity) for e in pages(found) if e.clock.due_operational is not None}
    assert stages == {("moved-earlier", Severity.PAGE)}


def test_a_rejection_ends_the_clock_with_its_ground_and_what_would_reopen_it() -> None:
    works = Clockwork()
    works.decide(SIGNALLED)
    found = works.decide(replace(SIGNALLED, assessments=(rejected(),)), T0 + HOUR)
    ended = [event for each in found for event in each.events if isinstance(event, ClockEnded)]
    assert {each.because for each in ended} == {
        "assessed as not exploited in this product: not reachable"
    }
    assert {each.reopen_trigger for each in ended} == {"a path is found"}
    assert all(each.alarms == () for each in found if each.change.before is not None)


def test_new_evidence_after_a_rejection_asks_again_from_when_it_was_held() -> None:
    works = Clockwork()
    works.decide(replace(SIGNALLED, assessments=(rejected(),)), T0 + HOUR)
    again = replace(
        SIGNALLED,
        signals=(signal(), signal(T0 + DAY, evidence="s-2")),
        assessments=(rejected(),),
    )
    found = works.decide(again, T0 + DAY)
    clock = works.of(WARNING).clock
    assert (clock.state, clock.due_operational) == (ClockState.PROVISIONAL, T0 + 2 * DAY)
    assert WARNING in {each.clock.rule for each in pages(found)}


def test_a_filing_in_time_but_recorded_late_does_not_make_a_clock_late() -> None:
    works = Clockwork()
    facts = replace(SIGNALLED, assessments=(confirmed(),))
    works.decide(facts)
    clock = works.of(WARNING).clock
    done = replace(facts, filings=(filing(clock.clock, T0 + 23 * HOUR),))
    found = works.decide(done, T0 + 26 * HOUR)
    met = next(each for each in found if each.change.after.clock.rule == WARNING)
    assert (met.change.after.clock.state, met.change.after.clock.late) == (ClockState.MET, False)


def test_a_late_filing_meets_the_clock_which_stays_late() -> None:
    works = Clockwork()
    facts = replace(SIGNALLED, assessments=(confirmed(),))
    works.decide(facts)
    clock = works.of(WARNING).clock
    done = replace(facts, filings=(filing(clock.clock, T0 + 25 * HOUR),))
    found = works.decide(done, T0 + 25 * HOUR)
    kinds = [event.TYPE for each in found for event in each.events]
    assert kinds == [ClockLate.TYPE, ClockMet.TYPE]
    assert works.of(WARNING).clock.late


@pytest.mark.parametrize(
    ("earlier", "said"),
    [
        (HOUR, [ClockMoved.TYPE]),
        (3 * HOUR, [ClockLate.TYPE, ClockMoved.TYPE]),
    ],
)
def test_an_earlier_awareness_that_comes_out_after_the_filing_shows_whether_that_was_late(
    earlier: timedelta, said: list[str]
) -> None:
    works = Clockwork()
    facts = replace(SIGNALLED, assessments=(confirmed(),))
    works.decide(facts)
    clock = works.of(WARNING).clock
    facts = replace(facts, filings=(filing(clock.clock, T0 + 22 * HOUR),))
    works.decide(facts, T0 + 22 * HOUR)
    corrected = replace(facts, assessments=(confirmed(T0 - earlier, T0 + 30 * HOUR),))
    found = works.decide(corrected, T0 + 30 * HOUR)
    (mine,) = (each for each in found if each.change.after.clock.rule == WARNING)
    assert [event.TYPE for event in mine.events] == said
    held = works.of(WARNING).clock
    assert (held.state, held.late) == (ClockState.MET, ClockLate.TYPE in said)
    assert held.due_operational == T0 - earlier + 24 * HOUR
    assert works.decide(corrected, T0 + 30 * HOUR) == ()


def test_a_later_awareness_changes_nothing_about_a_clock_that_was_met() -> None:
    works = Clockwork()
    facts = replace(SIGNALLED, assessments=(confirmed(),))
    works.decide(facts)
    facts = replace(facts, filings=(filing(works.of(WARNING).clock.clock, T0 + HOUR),))
    works.decide(facts, T0 + HOUR)
    before = works.of(WARNING)
    works.decide(replace(facts, assessments=(confirmed(T0 + HOUR / 2, T0 + HOUR),)), T0 + HOUR)
    assert works.of(WARNING) == before


def test_a_filing_that_lists_several_products_meets_the_clock_of_each() -> None:
    works = Clockwork(around(product(), product(name="hub")))
    facts = replace(CASE, signals=(signal(), signal(name="hub")))
    works.decide(facts)
    both = Filing("f", "another", WARNING, ("gateway", "hub"), "ra", T0 + HOUR, T0 + HOUR)
    works.decide(replace(facts, filings=(both,)), T0 + HOUR)
    states = {
        h.clock.product: h.clock.state for h in works.held.values() if h.clock.rule == WARNING
    }
    assert states == {"gateway": ClockState.MET, "hub": ClockState.MET}


@pytest.mark.parametrize(
    ("aware", "mode", "state"),
    [
        ("2026-09-10T12:00:00+00:00", ClockMode.OFF, ClockState.NOT_APPLICABLE),
        ("2026-09-12T12:00:00+00:00", ClockMode.MANDATORY, ClockState.RUNNING),
    ],
)
def test_only_exploitation_that_became_known_once_the_law_applied_is_reportable(
    aware: str, mode: ClockMode, state: ClockState
) -> None:
    at = datetime.fromisoformat(aware)
    works = Clockwork()
    works.decide(replace(CASE, assessments=(confirmed(at),)), at)
    clock = works.of(WARNING).clock
    assert (clock.mode, clock.state) == (mode, state)


def test_an_initial_load_of_old_exploitation_proposes_not_applicable_for_a_person() -> None:
    works = Clockwork()
    old = signal(backfill=True, reported_at=datetime(2026, 9, 10, tzinfo=UTC))
    found = works.decide(replace(CASE, signals=(old,)))
    assert pages(found) == []
    clock = works.of(WARNING).clock
    assert (clock.mode, clock.state) == (ClockMode.OFF, ClockState.NOT_APPLICABLE)
    assert "no person" in clock.assumed[0]
    assert not any(held.clock.mode is ClockMode.MANDATORY for held in works.held.values())


def test_live_evidence_with_an_old_date_is_news() -> None:
    works = Clockwork()
    works.decide(replace(CASE, signals=(signal(reported_at=datetime(2025, 1, 1, tzinfo=UTC)),)))
    assert works.of(WARNING).clock.state is ClockState.PROVISIONAL


def test_an_initial_load_is_told_of_together() -> None:
    works = Clockwork()
    found = works.decide(replace(CASE, signals=(signal(backfill=True),)))
    assert pages(found) == []
    assert {each.told_together for each in found} == {"start", None}
    other = Clockwork()
    other.decide(replace(CASE, case="PV-2", signals=(signal(backfill=True),)))
    everything = [*works.held.values(), *other.held.values()]
    event = told_together("start", everything, ESCALATION, T0)
    assert event is not None
    assert event.cases == ("PV-2", "PV-2026-0001")
    assert (event.severity, event.clock.rule) == (Severity.PAGE, WARNING)


def test_live_evidence_on_a_backfilled_clock_pages_for_itself() -> None:
    works = Clockwork()
    works.decide(replace(CASE, signals=(signal(backfill=True),)))
    live = signal(T0 + HOUR, evidence="s-2")
    found = works.decide(replace(CASE, signals=(signal(backfill=True), live)), T0 + HOUR)
    assert WARNING in {each.clock.rule for each in pages(found)}


def test_a_measure_before_awareness_is_flagged_and_the_later_instant_counts() -> None:
    works = Clockwork()
    fix = replace(PATCH, available_at=T0 - DAY)
    works.decide(replace(SIGNALLED, assessments=(confirmed(),), measures=(fix,)))
    clock = works.of(FINAL).clock
    assert clock.anchor is not None
    assert clock.anchor.at == T0
    assert "interpretation" in (clock.anchor.note or "")


def test_the_final_report_runs_fourteen_days_from_the_measure() -> None:
    works = Clockwork()
    facts = replace(SIGNALLED, assessments=(confirmed(),))
    works.decide(facts)
    at = datetime(2026, 11, 28, 9, tzinfo=UTC)
    found = works.decide(replace(facts, measures=(replace(PATCH, available_at=at),)), at)
    clock = works.of(FINAL).clock
    assert clock.due_operational == datetime(2026, 12, 12, 9, tzinfo=UTC)
    assert clock.due_legal_outer == datetime(2026, 12, 14, 22, 59, 59, tzinfo=UTC)
    assert [each.step for each in pages(found) if each.clock.rule == FINAL] == ["running"]


def device() -> Surroundings:
    return around(product(QualificationKind.DEVICE))


def test_initiating_is_the_earliest_of_approval_notice_and_wave() -> None:
    works = Clockwork(device())
    notice = Initiation("customer notice (advisory)", "n-1", None, T0 - HOUR, "ra")
    works.decide(replace(CASE, measures=(PATCH,), initiations=(notice,)))
    clock = works.of("us806.report").clock
    assert clock.anchor is not None
    assert (clock.anchor.at, clock.anchor.set_by, clock.anchor.note) == (T0 - HOUR, "ra", None)
    assert clock.state is ClockState.PROVISIONAL


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("reportable", ClockState.RUNNING),
        ("not_reportable", ClockState.NOT_APPLICABLE),
        ("discretion_claimed", ClockState.SUPERSEDED),
    ],
)
def test_a_persons_decision_settles_the_806_clock(outcome: str, state: ClockState) -> None:
    works = Clockwork(device())
    facts = replace(CASE, measures=(PATCH,))
    works.decide(facts)
    answer = Decision("d", "us806.report", "gateway", outcome, "why", "ra", T0)
    works.decide(replace(facts, decisions=(answer,)))
    assert works.of("us806.report").clock.state is state


def test_806_asks_nothing_of_what_is_no_device_or_not_on_the_us_market() -> None:
    for known in (product(), product(QualificationKind.DEVICE, markets=("BE",))):
        works = Clockwork(around(known))
        works.decide(replace(CASE, measures=(PATCH,)))
        assert works.held == {}


def band(name: str, at: datetime = T0, *, proposed: bool = False) -> Risk:
    return Risk("gateway", name, at, at, proposed, None if proposed else "psirt", "g")


def test_a_proposed_band_starts_provisional_policy_clocks_that_raise_tickets_only() -> None:
    works = Clockwork()
    found = works.decide(replace(CASE, risks=(band("critical", proposed=True),)))
    assert {each.severity for each in pages(found)} == {Severity.TICKET}
    assert {held.clock.state for held in works.held.values()} == {ClockState.PROVISIONAL}
    told = pages(works.decide(replace(CASE, risks=(band("critical"),))))
    assert {each.severity for each in told} == {Severity.TICKET}


def test_another_band_supersedes_the_clocks_of_the_one_before() -> None:
    works = Clockwork()
    works.decide(replace(CASE, risks=(band("critical"),)))
    works.decide(replace(CASE, risks=(band("high", T0 + HOUR),)), T0 + HOUR)
    assert works.of("band.critical.fix").clock.state is ClockState.SUPERSEDED
    assert works.of("band.high.fix").clock.state is ClockState.RUNNING


def test_a_workaround_meets_the_mitigation_but_not_the_fix() -> None:
    works = Clockwork()
    facts = replace(CASE, risks=(band("critical"),))
    works.decide(facts)
    control = replace(PATCH, kind="workaround", available_at=T0 + HOUR)
    works.decide(replace(facts, measures=(control,)), T0 + HOUR)
    assert works.of("band.critical.mitigation").clock.state is ClockState.MET
    assert works.of("band.critical.fix").clock.state is ClockState.RUNNING


def test_coverage_below_the_limit_meets_nothing() -> None:
    facts = replace(
        CASE, risks=(band("critical"),), measures=(replace(PATCH, available_at=T0 + HOUR),)
    )
    works = Clockwork()
    works.around = replace(around(), coverage={"gateway": Coverage("gateway", 100, 94, T0 + DAY)})
    works.decide(facts, T0 + HOUR)
    assert works.of("band.critical.coverage").clock.state is ClockState.RUNNING
    works.around = replace(around(), coverage={"gateway": Coverage("gateway", 100, 95, T0 + DAY)})
    works.decide(facts, T0 + DAY)
    assert works.of("band.critical.coverage").clock.state is ClockState.MET


def test_a_clock_says_how_sure_we_are_and_only_law_has_a_legal_limit() -> None:
    works = Clockwork()
    works.decide(replace(CASE, risks=(band("critical"),), signals=(signal(),)))
    law, policy = works.of(WARNING).clock, works.of("band.critical.fix").clock
    assert (law.confidence, policy.confidence) == ("verified", "verified")
    assert law.due_legal_outer is not None
    assert policy.due_operational is not None
    assert policy.due_legal_outer is None


def test_another_countrys_rules_and_proposals_start_no_clock_whatever_happens() -> None:
    works = Clockwork()
    works.decide(
        replace(CASE, risks=(band("critical"),), assessments=(confirmed(),),
                measures=(replace(PATCH, available_at=T0 + HOUR),))
    )  # fmt: skip
    started = {each.clock.rule for each in works.held.values()}
    assert {WARNING, FINAL, "band.critical.fix"} <= started
    assert not {"cra.ie.aev.notification", "mdr87a.report"} & started


def test_a_case_that_no_longer_bears_on_a_product_ends_policy_clocks_never_legal_ones() -> None:
    works = Clockwork()
    facts = replace(SIGNALLED, risks=(band("high"),))
    works.decide(facts)
    works.decide(replace(facts, scope=(Scope("gateway", bears=False),)))
    assert works.of("band.high.fix").clock.state is ClockState.NOT_APPLICABLE
    assert works.of(WARNING).clock.state is ClockState.PROVISIONAL


def test_a_rule_asks_nothing_of_what_happened_after_its_last_day() -> None:
    last = replace(rule_of(WARNING), applies_until=(T0 - DAY).date())
    works = Clockwork()
    facts = replace(SIGNALLED, assessments=(confirmed(),))
    asked = obligations(facts, works.around, RuleBook((pack_of(last),)), ["gateway"])
    assert {each.state for each in asked} == {ClockState.NOT_APPLICABLE}
    still = replace(last, applies_until=T0.date())
    asked = obligations(facts, works.around, RuleBook((pack_of(still),)), ["gateway"])
    assert {each.state for each in asked} == {ClockState.RUNNING}


def pack_of(only: Rule) -> Pack:
    found = BOOK.pack("cra")
    assert found is not None
    return replace(found, rules=(only,))
