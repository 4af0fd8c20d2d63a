"""The calculator: both deadlines, on what basis, what stands beside them, and why."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deadline_clock import calculator
from services.deadline_clock.domain.calendars import MEMBER_STATES
from services.deadline_clock.domain.counting import Asked, CountingError
from services.deadline_clock.domain.counting import counted as counted_rule
from services.deadline_clock.domain.rules import Rule, Unit
from services.deadline_clock.library import library
from services.deadline_clock.views import DueView
from tests.unit.deadline_clock.facts import BOOK

FRIDAY = "2026-11-20T16:42:10+01:00"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def due(
    rule: str,
    anchor: str = FRIDAY,
    country: str | None = None,
    zone: str | None = None,
    filed_at: str | None = None,
) -> DueView:
    facts = {"filed_at": at(filed_at)} if filed_at else {}
    return calculator.due(rule, Asked(at(anchor), country, zone, facts), library())


def counted(rule: str, *facts: str, country: str | None = "BE") -> DueView:
    return calculator.due(rule, Asked(None, country, None, calculator.facts(facts)), library())


def test_the_answer_says_both_deadlines_in_utc_to_the_second() -> None:
    told = due("cra.aev.early_warning").model_dump(mode="json")
    assert (told["anchor"], told["due_operational"], told["due_legal_outer"]) == (
        "2026-11-20T15:42:10Z", "2026-11-21T15:42:10Z", "2026-11-21T16:00:00Z",
    )  # fmt: skip


def test_a_fraction_of_a_second_is_cut_and_never_makes_a_deadline_later() -> None:
    told = due("cra.aev.early_warning", "2026-11-20T16:42:10.999+01:00").model_dump(mode="json")
    assert told["due_operational"] == "2026-11-21T15:42:10Z"


def test_the_country_follows_from_the_zone() -> None:
    found = due("mdr.serious_incident", "2026-12-11T10:00:00+01:00", zone="Europe/Berlin")
    assert (found.country, found.due_legal_outer) == ("DE", at("2026-12-28T22:59:59Z"))


def test_the_zone_follows_from_the_country() -> None:
    assert due("cra.aev.final", country="FI").zone == "Europe/Helsinki"


def test_without_a_country_brussels_time_and_no_holidays_are_assumed_and_named() -> None:
    assert due("cra.aev.final").assumed == ("no country given: Brussels time, no public holidays",)
    assert due("cra.aev.early_warning").assumed == ()


@pytest.mark.parametrize(
    ("rule", "country", "basis"),
    [
        ("cra.aev.early_warning", "IE", "law"),
        ("nis2.early_warning", None, "directive default"),
        ("nis2.early_warning", "FR", "directive default: no national rule of FR is known for it"),
        ("nis2.early_warning", "CY", "directive default; the national law of CY stands beside it"),
        ("nis2.cy.early_warning", None, "national law of CY"),
        ("cra.ie.aev.notification", None, "national guidance, not law"),
        ("fda2016.notify", None, "guidance, not law"),
        ("cvd.acknowledge", None, "company policy, not law"),
        ("circia.incident", None, "proposal, not law: never starts a clock"),
        ("cra.documentation", None, "law that is not in force yet"),
    ],
)
def test_the_answer_says_whose_law_it_is_or_that_it_is_none(
    rule: str, country: str | None, basis: str
) -> None:
    assert due(rule, country=country).basis == basis


@pytest.mark.parametrize("rule", [each.id for each in BOOK if each.kind.value != "law"])
def test_what_is_no_law_has_no_legal_limit(rule: str) -> None:
    found = due(rule)
    assert found.due_legal_outer is None
    assert "law" not in {found.basis, found.kind.value}


@pytest.mark.parametrize("rule", [each.id for each in BOOK if each.status == "proposed"])
def test_what_is_proposed_has_no_legal_limit_and_no_law_to_count_it_by(rule: str) -> None:
    found = due(rule)
    assert found.due_legal_outer is None
    assert found.reasoning[-1] == "no legal limit: a proposal is not law"
    assert not any("Regulation 1182/71" in each for each in found.reasoning)


@pytest.mark.parametrize("rule", [each.id for each in BOOK])
def test_every_rule_can_be_counted_and_says_its_confidence_and_its_authority(rule: str) -> None:
    found = due(rule)
    known = BOOK.rule(rule)
    assert known is not None
    assert (found.due_operational is None) is (known.period is None)
    assert f"confidence: {known.confidence.value}" in found.reasoning[1]
    assert found.reasoning[0].startswith(known.authority)


def test_a_rule_without_a_number_has_no_deadline_and_says_its_words() -> None:
    found = due("mdr.fsca")
    assert (found.due_operational, found.due_legal_outer) == (None, None)
    assert "in advance of the action" in found.reasoning[-1]


def test_a_national_rule_stands_beside_the_directive_as_earlier() -> None:
    (beside,) = due("nis2.early_warning", country="CY").beside
    assert (beside.rule, beside.compared) == ("nis2.cy.early_warning", "earlier")
    assert beside.due == at("2026-11-20T21:42:10Z")


def test_a_national_rule_of_the_same_length_is_shown_as_the_same() -> None:
    (beside,) = due("nis2.notification", country="DE").beside
    assert (beside.basis, beside.compared) == ("national law of DE", "same")


def test_irelands_48_hours_and_the_platforms_counter_need_to_know_when_the_warning_was_filed() -> (
    None
):
    found = due("cra.aev.notification", country="IE")
    assert {each.compared for each in found.beside} == {"unknown"}
    filed = due("cra.aev.notification", country="IE", filed_at="2026-11-21T11:42:10Z")
    assert {each.due for each in filed.beside} == {at("2026-11-23T11:42:10Z")}
    assert {each.compared for each in filed.beside} == {"earlier"}
    assert filed.due_operational == at("2026-11-23T15:42:10Z")
    assert {each.basis for each in filed.beside} == {
        "national guidance, not law",
        "ENISA Single Reporting Platform's own counter, not law",
    }


def test_the_platform_shows_68_hours_where_the_warning_was_filed_after_20() -> None:
    (counter,) = due("cra.aev.notification", filed_at="2026-11-21T11:42:10Z").beside
    assert counter.due == at("2026-11-20T15:42:10Z").replace(day=23, hour=11)


def test_two_working_days_within_a_period_are_an_argument_and_not_relied_on() -> None:
    found = due("mdr.public_health_threat", "2026-11-20T10:00:00+01:00", country="BE")
    assert found.due_legal_outer == at("2026-11-23T23:59:59+01:00")
    (argument,) = found.beside
    assert argument.due == at("2026-11-24T23:59:59+01:00")
    assert "not relied on" in argument.words


def test_two_working_days_are_no_argument_where_the_period_has_them_anyway() -> None:
    assert due("mdr.public_health_threat", "2026-11-16T10:00:00+01:00", country="BE").beside == ()
    assert due("cra.aev.early_warning", country="BE").beside == ()


def test_the_reasoning_names_the_days_that_were_skipped() -> None:
    told = " ".join(due("us806.report", "2026-12-18T10:00:00-05:00").reasoning)
    assert "2026-12-25 (Friday), 2027-01-01 (Friday)" in told
    assert "working day 10 is 2027-01-05 (Tuesday)" in told


def test_the_reasoning_says_why_a_limit_rolled_and_by_whose_holidays() -> None:
    told = due("mdr.serious_incident", "2026-12-11T10:00:00+01:00", country="DE").reasoning
    assert any("public holidays of DE, edition 2026.11" in step for step in told)
    assert any("2026-12-28 (Monday)" in step and "Article 3(4)" in step for step in told)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 10_000_000),
    st.sampled_from([each for each in BOOK if each.period is not None]),
    st.sampled_from(sorted(MEMBER_STATES)),
)
def test_no_rule_of_any_pack_is_due_after_the_law_or_later_for_an_earlier_anchor(
    anchor: datetime, seconds: int, rule: Rule, country: str
) -> None:
    where = rule.countries[0] if rule.countries else country
    found = counted_rule(rule, Asked(anchor, where), BOOK).due
    before = counted_rule(rule, Asked(anchor - timedelta(seconds=seconds), where), BOOK).due
    assert found is not None
    assert before is not None
    assert anchor < found.operational <= found.outer
    assert before.outer <= found.outer
    if rule.period is not None and rule.period.unit is Unit.HOUR:
        assert before.operational <= found.operational


def test_an_anchor_before_the_rule_applied_is_told() -> None:
    told = due("cra.aev.early_warning", "2026-09-10T12:00:00Z").reasoning
    assert any("applies from 2026-09-11: it does not reach this anchor" in step for step in told)


def test_what_is_open_about_a_rule_is_told_with_its_deadline() -> None:
    assert any("workaround" in each.point for each in due("cra.aev.final").open_points)


@pytest.mark.parametrize(
    ("rule", "country", "zone", "field"),
    [
        ("cra.aev.finl", None, None, "rule"),
        ("cra.aev.final", "US", None, "country"),
        ("cra.aev.final", "IS", None, "country"),
        ("cra.aev.final", None, "Europe/Atlantis", "zone"),
        ("cra.aev.final", None, "../etc", "zone"),
        ("us806.report", None, "Europe/Berlin", "zone"),
        ("nis2.cy.early_warning", "DE", None, "country"),
    ],
)
def test_what_does_not_fit_is_refused_with_field_and_mend(
    rule: str, country: str | None, zone: str | None, field: str
) -> None:
    with pytest.raises(CountingError) as refused:
        due(rule, country=country, zone=zone)
    assert refused.value.field == field
    assert refused.value.mend


def test_a_rule_chooses_its_own_anchor_among_the_facts_that_are_known() -> None:
    known = ("detected_at=2026-11-18T08:00:00Z", "aware_at=2026-11-20T10:00:00Z",
             "measure_available_at=2026-11-25T12:00:00Z")  # fmt: skip
    assert counted("cra.aev.early_warning", *known).anchor == at("2026-11-20T10:00:00Z")
    assert counted("cra.aev.final", *known).anchor == at("2026-11-25T12:00:00Z")


def test_without_a_measure_the_final_report_waits_and_has_no_date() -> None:
    found = counted("cra.aev.final", "aware_at=2026-11-20T10:00:00Z")
    assert (found.state, found.anchor, found.due_operational) == ("awaiting_anchor", None, None)
    assert "awaiting_anchor: measure_available_at is not known" in found.reasoning[-1]


def test_a_measure_that_predates_awareness_counts_from_awareness_and_is_marked() -> None:
    found = counted(
        "cra.aev.final",
        "measure_available_at=2026-11-10T12:00:00Z", "aware_at=2026-11-20T10:00:00Z",
    )  # fmt: skip
    assert found.anchor == at("2026-11-20T10:00:00Z")
    assert any(step.startswith("interpretation") for step in found.reasoning)


def test_a_correction_is_initiated_by_the_earliest_act_never_by_awareness() -> None:
    acts = ("aware_at=2026-11-01T12:00:00Z", "first_wave_at=2026-11-24T12:00:00Z",
            "customer_told_at=2026-11-20T15:00:00Z")  # fmt: skip
    assert counted("us806.report", *acts).anchor == at("2026-11-20T15:00:00Z")
    approved = counted("us806.report", *acts, "approved_at=2026-11-19T15:00:00Z")
    assert any("approval to act counts as initiating" in step for step in approved.reasoning)
    assert counted("us806.report", "aware_at=2026-11-01T12:00:00Z").state == "awaiting_anchor"


def test_a_report_of_an_incident_runs_from_the_filing_not_from_awareness() -> None:
    found = counted(
        "cra.si.final", "aware_at=2027-01-28T10:00:00Z", "filed_at=2027-01-31T10:00:00Z"
    )
    assert found.runs_from == "filed_at of cra.si.notification"
    assert found.due_operational == at("2027-02-28T10:00:00Z")


@pytest.mark.parametrize(
    "fact",
    ["aware=2026-11-20T10:00:00Z", "aware_at=2026-11-20T10:00:00", "aware_at=soon", "aware_at"],
)
def test_a_fact_that_cannot_be_read_is_refused_with_its_mend(fact: str) -> None:
    with pytest.raises(CountingError) as refused:
        counted("cra.aev.final", fact)
    assert refused.value.field == "fact"
    assert refused.value.mend


@pytest.mark.parametrize("anchor", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
@pytest.mark.parametrize("rule", ["cra.aev.early_warning", "cra.si.final", "us806.report"])
def test_an_anchor_at_the_end_of_all_calendars_is_refused(rule: str, anchor: str) -> None:
    with pytest.raises(CountingError, match="take 1950 to 2199"):
        due(rule, anchor)


def test_nothing_to_count_from_is_refused() -> None:
    with pytest.raises(CountingError, match="nothing to count from"):
        counted("cra.aev.final")
