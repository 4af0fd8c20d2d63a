"""What happened at customers: which clocks receipt starts, and what a person's answer does."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from schemas.catalogue import EuRegime, Nis2Status, QualificationKind
from schemas.clocks import ClockMode, ClockState
from schemas.signals import Harm
from services.deadline_clock.domain.acts import Filing
from services.deadline_clock.domain.facts import CaseFacts, Decision, Scope, Surroundings
from services.deadline_clock.domain.happenings import IncidentAnswer, Report, SafetyEvent
from services.deadline_clock.domain.merging import merged
from tests.unit.deadline_clock.facts import DAY, HOUR, MAKER, T0, Clockwork, around, pages, product

CASE = CaseFacts("PV-2026-0001", title="T")
PUMP = product(QualificationKind.DEVICE, name="pump")
GATEWAY = product(name="gateway")
FIFTEEN, TEN, TWO = (
    "mdr.serious_incident",
    "mdr.death_or_unanticipated",
    "mdr.public_health_threat",
)
THIRTY = "us803.30day"
WARNING = "cra.si.early_warning"


def incident(
    name: str = "R-1",
    *,
    harm: Harm = Harm.SERIOUS,
    on: str = "pump",
    at: datetime = T0,
    harm_since: datetime | None = None,
    country: str | None = None,
) -> Report:
    return Report(name, True, f"Incident {name}", on, "1.0", harm, at, harm_since or at, country)


def answer(
    regime: str = "eu_mdr",
    *,
    reportable: bool = True,
    harm: Harm = Harm.SERIOUS,
    on: str = "pump",
    report: str | None = None,
    aware_at: datetime = T0,
    at: datetime = T0 + HOUR,
) -> IncidentAnswer:
    return IncidentAnswer(
        regime, on, report, reportable, harm, aware_at, at, "ra", "as read", "new facts"
    )


def running(clocks: Clockwork) -> set[str]:
    """The rules whose clocks ask for something."""
    return {each.clock.rule for each in clocks.held.values() if each.open}


@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        (Harm.SERIOUS, FIFTEEN),
        (Harm.MALFUNCTION, FIFTEEN),
        (Harm.DEATH, TEN),
        (Harm.PUBLIC_HEALTH, TWO),
    ],
)
def test_receipt_starts_the_provisional_clock_of_the_harm_stated(harm: Harm, rule: str) -> None:
    clocks = Clockwork(around(PUMP))
    clocks.decide(replace(CASE, reports=(incident(harm=harm),)))
    assert running(clocks) & {FIFTEEN, TEN, TWO} == {rule}
    held = clocks.of(rule).clock
    assert held.state is ClockState.PROVISIONAL
    assert held.anchor is not None
    assert (held.anchor.name, held.anchor.at) == ("aware_at", T0)


def test_an_unknown_harm_is_read_on_the_stricter_side_and_said_so() -> None:
    clocks = Clockwork(around(PUMP))
    clocks.decide(replace(CASE, reports=(incident(harm=Harm.UNKNOWN),)))
    assert any("harm is unknown" in each for each in clocks.of(TEN).clock.assumed)


def test_a_devices_own_safety_event_starts_vigilance_and_no_security_track() -> None:
    clocks = Clockwork(around(PUMP))
    event = SafetyEvent("campaign/device-1", "pump", "device-1", "E7", T0)
    clocks.decide(replace(CASE, safety_events=(event,)))
    assert {TEN, THIRTY} <= running(clocks)
    assert not any(rule.startswith(("cra.", "nis2.")) for rule in running(clocks))


def test_a_death_learned_of_later_moves_the_obligation_to_ten_days_and_pages_at_once() -> None:
    clocks = Clockwork(around(PUMP))
    first = replace(CASE, reports=(incident(),), incident_answers=(answer(),))
    clocks.decide(first, T0 + HOUR)
    due = clocks.of(FIFTEEN).clock.due_operational
    told = replace(CASE, reports=(incident(harm=Harm.DEATH, harm_since=T0 + 2 * DAY),))
    graver = replace(told, incident_answers=(answer(),))
    found = clocks.decide(graver, T0 + 2 * DAY)
    assert clocks.of(FIFTEEN).clock.state is ClockState.SUPERSEDED
    assert "death" in clocks.of(FIFTEEN).because
    moved = clocks.of(TEN).clock
    assert moved.state is ClockState.RUNNING
    assert moved.due_operational is not None
    assert due is not None
    assert moved.due_operational == due - 5 * DAY
    assert TEN in {page.clock.rule for page in pages(found)}


def test_a_person_may_find_a_lesser_harm_than_was_stated() -> None:
    clocks = Clockwork(around(PUMP))
    facts = replace(CASE, reports=(incident(harm=Harm.DEATH),))
    clocks.decide(facts)
    clocks.decide(replace(facts, incident_answers=(answer(harm=Harm.SERIOUS),)), T0 + HOUR)
    assert clocks.of(TEN).clock.state is ClockState.SUPERSEDED
    assert clocks.of(FIFTEEN).clock.state is ClockState.RUNNING


def test_awareness_under_one_regime_never_sets_that_of_another() -> None:
    clocks = Clockwork(around(PUMP, GATEWAY))
    facts = replace(CASE, reports=(incident(), incident("R-2", on="gateway")))
    later = T0 + 6 * HOUR
    assessed = answer("cra", on="gateway", aware_at=later, at=later)
    clocks.decide(replace(facts, incident_answers=(assessed,)), later)
    anchors = {
        (each.clock.rule, each.clock.product): each.clock.anchor.at
        for each in clocks.held.values()
        if each.clock.anchor is not None
    }
    assert anchors[WARNING, "gateway"] == later
    assert anchors[WARNING, "pump"] == T0
    assert anchors[FIFTEEN, "pump"] == anchors[THIRTY, "pump"] == T0
    assert clocks.of(FIFTEEN).clock.state is ClockState.PROVISIONAL


def test_an_incident_found_not_reportable_ends_with_its_ground_and_what_reopens_it() -> None:
    clocks = Clockwork(around(PUMP))
    facts = replace(CASE, reports=(incident(),))
    clocks.decide(facts)
    clocks.decide(replace(facts, incident_answers=(answer(reportable=False),)), T0 + HOUR)
    held = clocks.of(FIFTEEN)
    assert held.clock.state is ClockState.NOT_APPLICABLE
    assert (held.decided_by, held.reopen_trigger) == ("ra", "new facts")


def test_a_bare_decision_of_the_question_answers_what_was_received_by_then() -> None:
    clocks = Clockwork(around(PUMP))
    no = Decision("d", "us803.report", "pump", "not_reportable", "no harm", "ra", T0 + HOUR, "harm")
    facts = replace(CASE, reports=(incident(), incident("R-2", at=T0 + DAY)), decisions=(no,))
    clocks.decide(facts, T0 + DAY)
    states = {
        each.occurrence: each.clock.state
        for each in clocks.held.values()
        if each.clock.rule == THIRTY
    }
    assert states == {"R-1": ClockState.NOT_APPLICABLE, "R-2": ClockState.PROVISIONAL}


def test_two_incidents_have_clocks_of_their_own_and_a_filing_meets_only_its_own() -> None:
    clocks = Clockwork(around(PUMP))
    facts = replace(CASE, reports=(incident(), incident("R-2", at=T0 + DAY)))
    clocks.decide(facts, T0 + DAY)
    first = next(
        each
        for each in clocks.held.values()
        if each.clock.rule == FIFTEEN and each.occurrence == "R-1"
    )
    filed = Filing("f", first.clock.clock, FIFTEEN, ("pump",), "ra", T0 + DAY, T0 + DAY)
    clocks.decide(replace(facts, filings=(filed,)), T0 + 2 * DAY)
    states = {
        each.occurrence: each.clock.state
        for each in clocks.held.values()
        if each.clock.rule == FIFTEEN
    }
    assert states == {"R-1": ClockState.MET, "R-2": ClockState.PROVISIONAL}


def test_the_final_report_of_a_severe_incident_runs_from_the_notification_that_was_filed() -> None:
    clocks = Clockwork(around(GATEWAY))
    facts = replace(
        CASE, reports=(incident(on="gateway"),), incident_answers=(answer("cra", on="gateway"),)
    )
    clocks.decide(facts, T0 + HOUR)
    final = clocks.of("cra.si.final").clock
    assert (final.state, final.due_operational) == (ClockState.AWAITING_ANCHOR, None)
    stage = clocks.of("cra.si.notification").clock
    at = datetime(2027, 1, 31, 10, tzinfo=UTC)
    filed = Filing("f", stage.clock, stage.rule, ("gateway",), "ra", at, at)
    clocks.decide(replace(facts, filings=(filed,)), at)
    final = clocks.of("cra.si.final").clock
    assert final.state is ClockState.RUNNING
    assert final.due_operational == datetime(2027, 2, 28, 10, tzinfo=UTC)


def test_a_merged_cases_filing_still_anchors_the_stage_after_it() -> None:
    clocks = Clockwork(around(GATEWAY))
    facts = replace(
        CASE, reports=(incident(on="gateway"),), incident_answers=(answer("cra", on="gateway"),)
    )
    clocks.decide(facts, T0 + HOUR)
    stage = clocks.of("cra.si.notification").clock
    filed = Filing("f", stage.clock, stage.rule, ("gateway",), "ra", T0 + DAY, T0 + DAY)
    survivor = merged(CaseFacts("PV-2026-0000"), replace(facts, filings=(filed,)))
    other = Clockwork(around(GATEWAY))
    other.decide(survivor, T0 + DAY)
    assert other.of("cra.si.final").clock.state is ClockState.RUNNING


def test_an_incident_of_a_device_is_shadow_under_the_cra() -> None:
    clocks = Clockwork(around(PUMP))
    clocks.decide(replace(CASE, reports=(incident(),)))
    held = clocks.of(WARNING).clock
    assert held.mode is ClockMode.SHADOW
    assert held.mode_reason.startswith("not a legal duty")


def test_an_ivd_is_asked_under_ivdr_and_not_under_mdr() -> None:
    analyser = product(QualificationKind.DEVICE, EuRegime.IVDR, name="pump")
    clocks = Clockwork(around(analyser))
    clocks.decide(replace(CASE, reports=(incident(),)))
    assert "ivdr.serious_incident" in running(clocks)
    assert not any(rule.startswith("mdr.") for rule in running(clocks))


def test_vigilance_is_counted_where_the_incident_happened() -> None:
    clocks = Clockwork(around(PUMP))
    clocks.decide(replace(CASE, reports=(incident(country="GR"),)))
    assert clocks.of(FIFTEEN).clock.zone == "Europe/Athens"


def entity_in(**nis2: Nis2Status) -> Surroundings:
    maker = MAKER.model_copy(update={"nis2": nis2})
    return Surroundings({"pump": PUMP, "gateway": GATEWAY}, {"maker": maker})


def test_nis2_belongs_to_the_entity_once_a_member_state() -> None:
    clocks = Clockwork(entity_in(FR=Nis2Status.IMPORTANT, PL=Nis2Status.ESSENTIAL))
    facts = replace(CASE, reports=(incident(), incident("R-1", on="gateway")))
    clocks.decide(facts)
    mine = [each for each in clocks.held.values() if each.clock.rule == "nis2.early_warning"]
    assert sorted(each.clock.member_state or "" for each in mine) == ["FR", "PL"]
    assert {each.clock.product for each in mine} == {None}
    assert all("directive default" in each.clock.mode_reason for each in mine)


def test_national_law_stands_in_the_place_of_the_directive() -> None:
    clocks = Clockwork(entity_in(DE=Nis2Status.IMPORTANT))
    clocks.decide(replace(CASE, reports=(incident(),)))
    assert "nis2.de.early_warning" in running(clocks)
    assert "nis2.early_warning" not in running(clocks)


def test_an_unstated_nis2_status_is_assumed_and_named() -> None:
    clocks = Clockwork(around(PUMP))
    clocks.decide(replace(CASE, reports=(incident(),)))
    held = next(
        each for each in clocks.held.values() if each.clock.rule.startswith("nis2.be.early")
    )
    assert any("NIS2 status in BE is unknown" in each for each in held.clock.assumed)


def test_an_entity_out_of_scope_has_no_nis2_clock() -> None:
    clocks = Clockwork(entity_in(DE=Nis2Status.OUT_OF_SCOPE))
    clocks.decide(replace(CASE, reports=(incident(),)))
    assert not any(rule.startswith("nis2.") for rule in running(clocks))


def early_warnings(clocks: Clockwork) -> list[tuple[str | None, str | None, ClockState]]:
    """Entity, Member State and state of each NIS2 early warning."""
    return sorted(
        (
            (each.clock.entity, each.clock.member_state, each.clock.state)
            for each in clocks.held.values()
            if each.clock.rule.startswith("nis2.") and each.clock.stage == "early_warning"
        ),
        key=str,
    )


def test_an_entity_stated_out_of_scope_later_ends_its_nis2_clock_with_the_article() -> None:
    clocks = Clockwork(entity_in(FR=Nis2Status.IMPORTANT))
    facts = replace(CASE, reports=(incident(),), incident_answers=(answer("nis2"),))
    clocks.decide(facts)
    clocks.around = entity_in(FR=Nis2Status.OUT_OF_SCOPE)
    clocks.decide(facts)
    ended = clocks.of("nis2.early_warning")
    assert (ended.clock.mode, ended.clock.state) == (ClockMode.OFF, ClockState.NOT_APPLICABLE)
    assert ended.because == "NIS2 Article 2: out of scope in FR"


def test_a_status_stated_elsewhere_moves_the_assumed_nis2_clock_there_and_back() -> None:
    clocks = Clockwork(around(PUMP))
    facts = replace(CASE, reports=(incident(),), incident_answers=(answer("nis2"),))
    clocks.decide(facts)
    assert early_warnings(clocks) == [("maker", "BE", ClockState.RUNNING)]
    clocks.around = entity_in(FR=Nis2Status.IMPORTANT)
    clocks.decide(facts)
    assert early_warnings(clocks) == [
        ("maker", "BE", ClockState.SUPERSEDED), ("maker", "FR", ClockState.RUNNING),
    ]  # fmt: skip
    clocks.around = around(PUMP)
    clocks.decide(facts)
    assert early_warnings(clocks) == [
        ("maker", "BE", ClockState.RUNNING), ("maker", "FR", ClockState.SUPERSEDED),
    ]  # fmt: skip


def test_an_entity_that_the_catalogue_does_not_hold_yet_is_bound_and_said_to_be_assumed() -> None:
    clocks = Clockwork(Surroundings({"pump": PUMP}))
    facts = replace(CASE, reports=(incident(),), incident_answers=(answer("nis2"),))
    clocks.decide(facts)
    assert early_warnings(clocks) == [("maker", None, ClockState.RUNNING)]
    assert any("NIS2 status" in each for each in clocks.of("nis2.early_warning").clock.assumed)
    clocks.around = entity_in(FR=Nis2Status.IMPORTANT)
    clocks.decide(facts)
    assert early_warnings(clocks) == [
        ("maker", "FR", ClockState.RUNNING), ("maker", None, ClockState.SUPERSEDED),
    ]  # fmt: skip


def test_a_product_that_the_catalogue_does_not_hold_yet_has_a_nis2_clock_of_an_unknown_maker() -> (
    None
):
    clocks = Clockwork(Surroundings())
    facts = replace(CASE, reports=(incident(),), incident_answers=(answer("nis2"),))
    clocks.decide(facts)
    assert early_warnings(clocks) == [(None, None, ClockState.RUNNING)]
    clocks.around = entity_in(FR=Nis2Status.IMPORTANT)
    clocks.decide(facts)
    assert early_warnings(clocks) == [
        ("maker", "FR", ClockState.RUNNING), (None, None, ClockState.SUPERSEDED),
    ]  # fmt: skip


def test_two_makers_in_one_member_state_have_a_nis2_clock_each() -> None:
    other = GATEWAY.model_copy(update={"entity": "other"})
    makers = {"maker": MAKER, "other": MAKER.model_copy(update={"entity": "other"})}
    clocks = Clockwork(Surroundings({"pump": PUMP, "gateway": other}, makers))
    facts = replace(
        CASE,
        scope=(Scope("pump", bears=True), Scope("gateway", bears=True)),
        incident_answers=(answer("nis2"), answer("nis2", on="gateway")),
    )
    clocks.decide(facts)
    both = [("maker", "BE", ClockState.RUNNING), ("other", "BE", ClockState.RUNNING)]
    assert early_warnings(clocks) == both
    assert clocks.decide(facts) == ()
    assert early_warnings(clocks) == both


def test_an_incident_that_goes_on_asks_for_progress_and_a_final_report_after_its_handling() -> None:
    clocks = Clockwork(entity_in(FR=Nis2Status.IMPORTANT))
    facts = replace(CASE, reports=(incident(),), incident_answers=(answer("nis2"),))
    clocks.decide(facts, T0 + HOUR)
    stage = clocks.of("nis2.notification").clock
    filed = Filing("f", stage.clock, stage.rule, ("pump",), "ra", T0 + DAY, T0 + DAY)
    facts = replace(facts, filings=(filed,))
    clocks.decide(facts, T0 + DAY)
    assert clocks.of("nis2.final").clock.state is ClockState.RUNNING
    goes_on = Decision("d-1", "nis2.ongoing", None, "ongoing", "still there", "ra", T0 + 20 * DAY)
    facts = replace(facts, decisions=(goes_on,))
    clocks.decide(facts, T0 + 20 * DAY)
    assert clocks.of("nis2.final").clock.state is ClockState.SUPERSEDED
    assert clocks.of("nis2.progress").clock.state is ClockState.RUNNING
    assert clocks.of("nis2.final_after_handling").clock.state is ClockState.AWAITING_ANCHOR
    over = Decision("d-2", "nis2.ongoing", None, "handled", "done", "ra", T0 + 40 * DAY)
    clocks.decide(replace(facts, decisions=(goes_on, over)), T0 + 40 * DAY)
    after = clocks.of("nis2.final_after_handling").clock
    assert after.state is ClockState.RUNNING
    assert after.due_operational == datetime(2027, 1, 30, 15, 42, 10, tzinfo=UTC)


def test_a_progress_report_runs_from_the_notification_that_national_law_asked_for() -> None:
    clocks = Clockwork(entity_in(DE=Nis2Status.IMPORTANT))
    facts = replace(CASE, reports=(incident(),), incident_answers=(answer("nis2"),))
    clocks.decide(facts, T0 + HOUR)
    assert "waits for nis2.de.notification" in clocks.of("nis2.de.final").because
    stage = clocks.of("nis2.de.notification").clock
    filed = Filing("f", stage.clock, stage.rule, ("pump",), "ra", T0 + DAY, T0 + DAY)
    goes_on = Decision("d-1", "nis2.ongoing", None, "ongoing", "still there", "ra", T0 + 20 * DAY)
    facts = replace(facts, filings=(filed,), decisions=(goes_on,))
    clocks.decide(facts, T0 + 20 * DAY)
    progress = clocks.of("nis2.progress").clock
    assert progress.state is ClockState.RUNNING
    assert progress.anchor is not None
    assert progress.anchor.evidence == "filing f of nis2.de.notification"


def test_what_a_person_finds_reportable_without_any_report_has_its_clocks() -> None:
    clocks = Clockwork(entity_in(FR=Nis2Status.IMPORTANT))
    significant = Decision("d", "nis2.significance", "pump", "significant", "as read", "ra", T0)
    facts = replace(CASE, scope=(Scope("pump", True, T0),), decisions=(significant,))
    clocks.decide(facts)
    warning = clocks.of("nis2.early_warning").clock
    assert (warning.state, warning.due_operational) == (ClockState.RUNNING, T0 + DAY)
    taken_back = replace(
        significant, decision="d-2", outcome="not_significant", decided_at=T0 + HOUR
    )
    clocks.decide(replace(facts, decisions=(significant, taken_back)), T0 + HOUR)
    assert clocks.of("nis2.early_warning").clock.state is ClockState.NOT_APPLICABLE


def test_a_negative_answer_alone_starts_nothing() -> None:
    clocks = Clockwork(around(PUMP))
    no = Decision("d", "mdr.vigilance", "pump", "not_reportable", "no harm", "ra", T0, "harm")
    clocks.decide(replace(CASE, scope=(Scope("pump", True, T0),), decisions=(no,)))
    assert not any(rule.startswith("mdr.") for rule in running(clocks))
