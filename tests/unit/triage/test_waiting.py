"""Questions open on facts, close on a person's answer, and are asked again on news."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from schemas.cases import Category, ExploitationVerdict, Measure, MeasureKind, ScopeStatus
from schemas.catalogue import EuRegime, ProductVersion, QualificationKind
from schemas.clocks import ClockMode, ClockState, RuleKind
from services.triage import rulebook
from services.triage.domain.assessments import (
    check_existed,
    check_exploitation,
    check_incident,
    check_report,
)
from services.triage.domain.closing import OpenKind, Outcome, open_for
from services.triage.domain.decisions import (
    check_approval,
    check_available,
    check_happened,
    question_of,
)
from services.triage.domain.packs import Question
from services.triage.domain.products import ProductState
from services.triage.domain.record import (
    Assessed,
    CaseRecord,
    Decided,
    HeldCampaign,
    HeldClock,
    IncidentAnswer,
    Met,
    ProductCoverage,
    SafetyEvent,
)
from services.triage.domain.refusal import RefusalError
from services.triage.domain.waiting import waiting
from tests.unit.triage.made import HOUR, NOW, item, product, report

QUESTIONS = rulebook.decision_questions()
SIGNALLED = Met("kev/1", "pump", NOW, NOW)
PUMP = CaseRecord("PV-2026-0001", NOW, (item(),), {"pump": product()}, banded=frozenset({"pump"}))
GATEWAY = replace(
    PUMP,
    items=(item("gateway"),),
    products={
        "gateway": product("gateway", kind=QualificationKind.NOT_A_DEVICE, regime=EuRegime.NONE)
    },
    banded=frozenset({"gateway"}),
)
MEASURE = Measure(
    measure="M-1",
    kind=MeasureKind.PATCH,
    category=Category.A,
    title="Update",
    products=("pump",),
    target_version="1.1",
    planned_by="psirt",
    planned_at=NOW,
)
APPROVED = MEASURE.model_copy(update={"approved_by": "quality", "approved_at": NOW})


def asked(record: CaseRecord) -> set[str]:
    return {each.question for each in waiting(record, QUESTIONS)}


def test_a_signal_on_a_device_asks_for_assessment_vigilance_field_action_and_806() -> None:
    assert asked(replace(PUMP, met=(SIGNALLED,))) == {
        "exploitation.assess",
        "mdr.vigilance",
        "mdr.fsca",
        "us806.report",
    }


def test_a_signal_on_what_is_no_device_asks_for_assessment_alone() -> None:
    met = (replace(SIGNALLED, product="gateway"),)
    assert asked(replace(GATEWAY, met=met)) == {"exploitation.assess"}


def test_an_approved_measure_for_a_us_device_asks_whether_it_is_reported() -> None:
    record = replace(PUMP, measures=(APPROVED,))
    assert {"us806.report", "pathway.sign"} <= asked(record)
    assert "us806.report" not in asked(replace(PUMP, measures=(MEASURE,)))


def test_an_answer_on_reporting_given_before_a_measure_is_approved_is_asked_for_again() -> None:
    early = Decided("d", "us806.report", "pump", "not_reportable", NOW - HOUR)
    record = replace(PUMP, met=(SIGNALLED,), decided=(early,))
    assert "us806.report" not in asked(record)
    assert "us806.report" in asked(replace(record, measures=(APPROVED,)))


def test_a_product_nobody_qualified_is_asked_everything() -> None:
    unknown = replace(PUMP, products={}, reports=(report(incident=True),))
    assert {"mdr.vigilance", "us803.report", "cra.severe_incident"} <= asked(unknown)


def test_an_answer_closes_its_question_until_news_asks_again() -> None:
    record = replace(PUMP, met=(SIGNALLED,))
    answer = Decided("d", "mdr.vigilance", "pump", "not_reportable", NOW + HOUR)
    assert "mdr.vigilance" not in asked(replace(record, decided=(answer,)))
    news = replace(record, decided=(answer,), safety_events=(SafetyEvent("pump", NOW + 2 * HOUR),))
    again = next(each for each in waiting(news, QUESTIONS) if each.question == "mdr.vigilance")
    assert again.since == NOW + 2 * HOUR


def test_an_incidents_assessment_answers_the_question_of_its_regime() -> None:
    record = replace(PUMP, reports=(report(incident=True),))
    assert "us803.report" in asked(record)
    done = IncidentAnswer("us_803", "pump", NOW + HOUR)
    assert "us803.report" not in asked(replace(record, incidents=(done,)))


def test_an_assessment_counts_until_a_later_signal() -> None:
    done = Assessed("pump", ExploitationVerdict.NOT_EXPLOITED, NOW + HOUR)
    record = replace(PUMP, met=(SIGNALLED,), assessed=(done,))
    assert "exploitation.assess" not in asked(record)
    later = Met("kev/2", "pump", NOW, NOW + 2 * HOUR)
    assert "exploitation.assess" in asked(replace(record, met=(SIGNALLED, later)))


def test_what_is_unknown_waits_for_a_person_to_settle_it() -> None:
    record = replace(PUMP, items=(item(status=ScopeStatus.UNKNOWN),))
    assert "scope.unknown" in asked(record)
    settled = Decided("d", "scope.unknown", "pump", "not_affected", NOW + HOUR)
    assert open_for(replace(record, decided=(settled,)), (), Outcome.NOT_AFFECTED, 95) == ()


def clock(state: ClockState, mode: ClockMode = ClockMode.MANDATORY) -> HeldClock:
    return HeldClock("c", "CRA 24 h early warning", RuleKind.LAW, "pump", mode, state, NOW)


@pytest.mark.parametrize("state", list(ClockState))
def test_a_binding_clock_keeps_a_case_open_until_it_is_met_or_ended(state: ClockState) -> None:
    found = open_for(replace(PUMP, clocks=(clock(state),)), (), Outcome.RESOLVED, 95)
    ended = state in {ClockState.MET, ClockState.SUPERSEDED, ClockState.NOT_APPLICABLE}
    assert (OpenKind.CLOCK in {each.kind for each in found}) is not ended


def test_shadow_clocks_and_policy_keep_no_case_open() -> None:
    shadow = clock(ClockState.LATE, ClockMode.SHADOW)
    policy = replace(clock(ClockState.LATE), kind=RuleKind.POLICY)
    found = open_for(replace(PUMP, clocks=(shadow, policy)), (), Outcome.RESOLVED, 95)
    assert OpenKind.CLOCK not in {each.kind for each in found}


@pytest.mark.parametrize(("covered", "done"), [(0, False), (94, False), (95, True), (100, True)])
def test_the_field_counts_as_verified_from_the_policys_share_on(covered: int, done: bool) -> None:
    record = replace(PUMP, coverage=(ProductCoverage("pump", covered, 100),))
    assert (open_for(record, (), Outcome.RESOLVED, 95) == ()) is done


def test_no_device_counted_is_not_verified_unless_none_is_fielded_or_the_risk_is_accepted() -> None:
    assert open_for(PUMP, (), Outcome.RESOLVED, 95)[0].kind is OpenKind.FIELD_VERIFICATION
    recalled = replace(PUMP, products={"pump": product(fielded=False)})
    assert open_for(recalled, (), Outcome.RESOLVED, 95) == ()
    accepted = Decided("d", "field.residual_risk", "pump", "accepted", NOW)
    assert open_for(replace(PUMP, decided=(accepted,)), (), Outcome.RESOLVED, 95) == ()


def test_a_running_campaign_and_a_waiting_decision_are_named() -> None:
    record = replace(PUMP, campaigns=(HeldCampaign("C-1", "pump", "running"),), met=(SIGNALLED,))
    found = open_for(record, waiting(record, QUESTIONS), Outcome.RESOLVED, 95)
    assert {"C-1", "mdr.vigilance for pump"} <= {each.name for each in found}


def test_a_planned_measure_waits_for_approval_and_keeps_no_case_open() -> None:
    record = replace(PUMP, measures=(MEASURE,))
    waits = waiting(record, QUESTIONS)
    assert [each.question for each in waits] == ["measure.approve"]
    kinds = {each.kind for each in open_for(record, waits, Outcome.RESOLVED, 95)}
    assert OpenKind.DECISION not in kinds


def refused(call: object, *values: object) -> str | None:
    with pytest.raises(RefusalError) as error:
        call(*values)  # type: ignore[operator]
    return error.value.pointer


def test_awareness_is_never_before_the_evidence_nor_in_the_future() -> None:
    yes = ExploitationVerdict.EXPLOITED
    held = (SIGNALLED,)
    assert refused(check_exploitation, "pump", yes, NOW - HOUR, None, held, NOW) == "/aware_at"
    assert refused(check_exploitation, "pump", yes, NOW + HOUR, None, held, NOW) == "/aware_at"
    assert refused(check_exploitation, "pump", yes, None, None, held, NOW) == "/aware_at"
    check_exploitation("pump", yes, NOW, None, held, NOW)


def test_a_negative_answer_says_what_reopens_it_and_names_no_awareness() -> None:
    no = ExploitationVerdict.NOT_EXPLOITED
    assert refused(check_exploitation, "pump", no, None, " ", (), NOW) == "/reopen_trigger"
    assert refused(check_exploitation, "pump", no, NOW, "a log", (), NOW) == "/aware_at"
    check_exploitation("pump", no, None, "a log", (), NOW)


def test_an_incident_is_never_known_before_its_first_receipt() -> None:
    assert refused(check_incident, True, NOW - HOUR, None, [NOW], NOW) == "/aware_at"
    assert refused(check_incident, False, NOW, None, [NOW], NOW) == "/reopen_trigger"
    check_incident(True, NOW, None, [NOW], NOW)


def test_a_decision_names_a_known_question_one_of_its_answers_and_a_trigger() -> None:
    assert refused(question_of, "mdr.luck", "yes", None, QUESTIONS) == "/question"
    assert refused(question_of, "mdr.fsca", "perhaps", None, QUESTIONS) == "/outcome"
    assert refused(question_of, "mdr.fsca", "not_fsca", None, QUESTIONS) == "/reopen_trigger"
    assert question_of("mdr.fsca", "fsca", None, QUESTIONS).roles == ("regulatory",)


def test_when_it_happened_is_stated_only_where_a_period_runs_from_that() -> None:
    def of(name: str) -> Question:
        question = QUESTIONS.question(name)
        assert question is not None
        return question

    extension, fsca = of("us806.extension"), of("mdr.fsca")
    pointer = "/happened_at"
    assert refused(check_happened, fsca, "pump", NOW, PUMP, NOW) == pointer
    assert refused(check_happened, extension, "pump", NOW + HOUR, PUMP, NOW) == pointer
    check_happened(extension, "pump", NOW - HOUR, PUMP, NOW)
    check_happened(fsca, "pump", None, PUMP, NOW)


def test_nothing_happened_in_a_product_before_its_first_release() -> None:
    extension = QUESTIONS.question("us806.extension")
    released = product()
    version = ProductVersion(version="1.0", released_on=date(2026, 1, 1))
    state = replace(released, product=released.product.model_copy(update={"versions": (version,)}))
    record = replace(PUMP, products={"pump": state})
    early = datetime(2025, 1, 1, tzinfo=UTC)
    for limited in ("pump", None):
        assert refused(check_happened, extension, limited, early, record, NOW) == "/happened_at"


def test_the_planner_never_approves_and_nobody_approves_twice() -> None:
    refused(check_approval, MEASURE, "psirt")
    refused(check_approval, APPROVED, "quality-2")
    refused(check_available, MEASURE)
    check_approval(MEASURE, "quality")
    check_available(APPROVED)


def test_nobody_was_aware_of_anything_in_a_product_before_it_existed() -> None:
    released = ProductVersion(version="1.0", released_on=date(2026, 1, 10))
    state = ProductState(
        PUMP.products["pump"].product.model_copy(update={"versions": (released,)}), None, False
    )
    before = datetime(2026, 1, 5, tzinfo=UTC)
    assert refused(check_existed, state, before) == "/aware_at"
    check_existed(state, datetime(2026, 1, 10, tzinfo=UTC))
    check_existed(None, before)


def test_an_answer_speaks_of_an_incident_that_the_case_holds() -> None:
    assert refused(check_report, "R-9", ["R-1"]) == "/report"
    check_report("R-1", ["R-1"])
    check_report(None, [])
