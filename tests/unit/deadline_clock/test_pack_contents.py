"""What the packs that ship say: each rule of the law by its id, and nothing else as law."""

import pytest

from schemas.clocks import MetBy, RuleKind
from services.deadline_clock.domain.rules import AnchorName, Rule, Status, Trigger, Unit
from services.deadline_clock.domain.terms import Bound, Ends, Regime, Roll
from services.deadline_clock.domain.wiring import WIRES, by_request, wired
from tests.unit.deadline_clock.facts import BOOK

STAGES = [
    ("cra.aev.early_warning", "aware_at", "24 hours", "Article 14(2)(a)"),
    ("cra.aev.notification", "aware_at", "72 hours", "Article 14(2)(b)"),
    ("cra.aev.final", "measure_available_at", "14 calendar days", "Article 14(2)(c)"),
    ("cra.si.early_warning", "aware_at", "24 hours", "Article 14(4)(a)"),
    ("cra.si.notification", "aware_at", "72 hours", "Article 14(4)(b)"),
    ("cra.si.final", "filed_at", "1 month", "Article 14(4)(c)"),
    ("cra.intermediate", "request_received_at", "no number", "Article 14(6)"),
    ("cra.user_notice", "aware_at", "no number", "Article 14(8)"),
    ("nis2.early_warning", "aware_at", "24 hours", "Article 23(4)(a)"),
    ("nis2.notification", "aware_at", "72 hours", "Article 23(4)(b)"),
    ("nis2.intermediate", "request_received_at", "no number", "Article 23(4)(c)"),
    ("nis2.final", "filed_at", "1 month", "Article 23(4)(d)"),
    ("nis2.progress", "filed_at", "1 month", "Article 23(4)(e)"),
    ("mdr.serious_incident", "aware_at", "15 calendar days", "Article 87(3)"),
    ("mdr.public_health_threat", "aware_at", "2 calendar days", "Article 87(4)"),
    ("mdr.death_or_unanticipated", "aware_at", "10 calendar days", "Article 87(5)"),
    ("mdr.fsca", "action_starts_at", "no number", "Article 87(1)(b)"),
    ("mdr.trend", "decided_at", "no number", "Article 88"),
    ("mdr.followup", "filed_at", "no number", "Article 87(6)"),
    ("ivdr.serious_incident", "aware_at", "15 calendar days", "Article 82(3)"),
    ("ivdr.public_health_threat", "aware_at", "2 calendar days", "Article 82(4)"),
    ("ivdr.death_or_unanticipated", "aware_at", "10 calendar days", "Article 82(5)"),
    ("ivdr.fsca", "action_starts_at", "no number", "Article 82(1)(b)"),
    ("ivdr.trend", "decided_at", "no number", "Article 83"),
    ("ivdr.followup", "filed_at", "no number", "Article 82(6)"),
    ("us806.report", "initiated_at", "10 working days", "806.10(b)"),
    ("us806.amendment", "initiated_at", "10 working days", "806.10(d)"),
    ("us803.30day", "aware_at", "30 calendar days", "803.50(a)"),
    ("us803.5day", "aware_at", "5 working days", "803.53"),
    ("us803.supplement", "received_at", "30 calendar days", "803.56"),
    ("fda2016.notify", "learned_at", "30 calendar days", "2016-12-28"),
    ("fda2016.fix", "learned_at", "60 calendar days", "2016-12-28"),
]


def rule(name: str) -> Rule:
    found = BOOK.rule(name)
    assert found is not None, name
    return found


@pytest.mark.parametrize(("name", "anchor", "period", "authority"), STAGES)
def test_each_stage_of_the_law_has_its_anchor_its_period_and_its_article(
    name: str, anchor: str, period: str, authority: str
) -> None:
    found = rule(name)
    assert (found.anchor.value, found.period_words) == (anchor, period)
    assert authority in found.authority


@pytest.mark.parametrize(
    ("final", "notification"),
    [("cra.si.final", "cra.si.notification"), ("nis2.final", "nis2.notification")],
)
def test_a_final_report_in_months_runs_from_the_filing_of_its_notification(
    final: str, notification: str
) -> None:
    assert rule(final).anchor_rule == notification


@pytest.mark.parametrize("each", list(BOOK), ids=lambda each: each.id)
def test_a_rule_in_hours_never_rolls_and_keeps_the_time_of_day(each: Rule) -> None:
    if each.period is not None and each.period.unit is Unit.HOUR:
        assert (each.period.roll, each.period.ends) == (Roll.NONE, Ends.SAME_TIME)


@pytest.mark.parametrize("each", list(BOOK), ids=lambda each: each.id)
def test_only_the_unions_and_member_states_days_roll_never_the_fdas(each: Rule) -> None:
    if each.period is not None and each.period.roll is Roll.NEXT_WORKING_DAY:
        assert each.regime in {Regime.CRA, Regime.NIS2, Regime.EU_MDR, Regime.EU_IVDR}


@pytest.mark.parametrize("each", list(BOOK), ids=lambda each: each.id)
def test_a_rule_without_a_number_says_in_words_when_it_is_due(each: Rule) -> None:
    assert each.period is not None or each.soft_limb


@pytest.mark.parametrize("each", list(BOOK), ids=lambda each: each.id)
def test_a_filing_is_a_stage_and_no_acknowledgement_meets_anything(each: Rule) -> None:
    assert each.met_by in MetBy
    assert each.stage or each.met_by is not MetBy.FILING


def test_nothing_that_is_proposed_or_not_in_force_yet_starts_a_clock() -> None:
    held_back = {each.id for each in BOOK if each.status in {Status.PROPOSED, Status.NOT_YET}}
    assert {"mdr87a.report", "ivdr82a.report", "circia.incident"} <= held_back
    assert not held_back & {each.id for each in BOOK.firing()}


def test_what_a_national_guideline_or_the_fda_merely_recommends_is_no_law() -> None:
    for name in ("cra.ie.aev.notification", "fda2016.notify", "fda2016.fix"):
        assert rule(name).kind is RuleKind.GUIDANCE


def test_acknowledgement_in_48_hours_is_policy_and_stands_in_no_law() -> None:
    found = rule("cvd.acknowledge")
    assert (found.kind, found.period_words) == (RuleKind.POLICY, "48 hours")


def test_a_minimum_to_keep_is_no_deadline_to_act_by() -> None:
    kept = {each.id for each in BOOK if each.period and each.period.bound is Bound.AT_LEAST}
    assert kept == {
        "cra.support_period", "cra.update_availability", "cra.documentation", "us806.record",
    }  # fmt: skip


def test_the_clinical_bands_are_those_of_the_practice_with_the_clock_on_the_last_value() -> None:
    bands = {each.id: each.period_words for each in BOOK if each.trigger is Trigger.RISK_BAND}
    assert bands == {
        "band.critical.mitigation": "72 hours",
        "band.critical.fix": "30 calendar days",
        "band.critical.coverage": "30 calendar days",
        "band.high.fix": "90 calendar days",
        "band.medium.fix": "180 calendar days",
    }


def test_a_rule_that_no_facts_answer_yet_is_held_but_not_wired() -> None:
    assert wired(rule("cra.aev.early_warning")) is not None
    for name in ("mdr.psur_iia", "mdr.qms_change", "mdr.design_change", "us806.record"):
        assert rule(name).fires
        assert wired(rule(name)) is None


def test_an_authoritys_request_starts_the_reports_that_one_may_ask_for() -> None:
    assert {each.id for each in BOOK if by_request(each)} == {
        "cra.intermediate", "nis2.intermediate", "mdr.followup", "ivdr.followup", "us803.5day",
        "us803.supplement", "us806.amendment",
    }  # fmt: skip
    assert all(wired(each) for each in BOOK if by_request(each))


def test_a_wired_rule_runs_from_an_anchor_that_its_wire_sets() -> None:
    for each in BOOK.firing():
        if wired(each) is not None:
            assert each.anchor in WIRES[each.trigger].anchors
            assert (each.anchor is AnchorName.FILED_AT) == (each.anchor_rule is not None)


def test_what_is_not_settled_is_open_and_names_the_rules_that_it_bears_on() -> None:
    points = [point for pack in BOOK.packs for point in pack.open_points]
    assert all(point.reading for point in points)
    assert "working day" in " ".join(p.point for p in BOOK.open_points(rule("us806.report")))
    assert "predates awareness" in " ".join(
        p.point for p in BOOK.open_points(rule("cra.aev.final"))
    )


def test_every_open_point_that_bears_on_a_rule_names_one_of_its_own_pack() -> None:
    for pack in BOOK.packs:
        own = {each.id for each in pack.rules}
        for point in pack.open_points:
            assert set(point.rules) <= own


@pytest.mark.parametrize(
    ("pack", "words"),
    [
        ("us-806", "806.10(c)(2) to (4)"),
        ("us-806", "sequence numbers"),
        ("us-806", "Through which channel FDA takes the report"),
        ("cra", "39 or 43"),
        ("cra", "through an interface, or in other languages"),
        ("eu-mdr", "MIR form 7.3.1"),
        ("eu-mdr", "EUDAMED"),
        ("eu-mdr", "Articles 2, 85, 86 and 89"),
        ("cra", "Digital Omnibus"),
        ("nis2", "amendments of NIS2"),
        ("proposed", "COM(2025) 1023 or CIRCIA"),
        ("cra", "Article 64(10)"),
        ("cra", "sensitive or important"),
        ("cra", "predates awareness"),
        ("us-postmarket-2016", "ISAO"),
        ("cra", "Article 3(2)(c)"),
        ("eu-mdr", "Article 3(5)"),
        ("cvd", "29147"),
        ("cra", "KEV"),
        ("us-803", "weekend or holiday rolls"),
        ("us-806", "working day in Part 806"),
        ("cra", "legacy devices"),
        ("cra", "in-house or for research"),
    ],
)
def test_each_question_that_nobody_has_settled_is_shown_as_open(pack: str, words: str) -> None:
    held = BOOK.pack(pack)
    assert held is not None
    assert words in " ".join(point.point for point in held.open_points)
