"""The rows of the articles' tables: what each kind of change and each scenario asks."""

from dataclasses import replace

import pytest

from schemas.cases import Category, ExploitationVerdict
from schemas.catalogue import (
    CertificateType,
    EntityRegistered,
    EuRegime,
    Nis2Status,
    QualificationKind,
)
from services.triage import rulebook
from services.triage.domain.pathways import Pathway, pathway
from services.triage.domain.record import Assessed, CaseRecord
from services.triage.domain.waiting import waiting
from tests.unit.triage.made import HOUR, NOW, item, product, report

PUMP = product(certificate=CertificateType.TECHNICAL_DOCUMENTATION)
GATEWAY = product("gateway", kind=QualificationKind.NOT_A_DEVICE, regime=EuRegime.NONE)

CHANGE_CONTROL = "QMS change control"
NO_NEW_510K = "why no new 510(k) follows"
NEW_510K = "questions 2 to 5"
CORRECTION = "correction to be reported within 10 working days"
RISK_ANALYSIS = "cybersecurity risk analysis"
TELL_THE_BODY = "telling the Notified Body"
SIGNIFICANCE = "significance of the change"
FIELD_ACTION = "field safety corrective action"


def of(category: Category, band: str = "high") -> Pathway:
    return pathway(category, band, PUMP, None, rulebook.change_pathways())


def says(texts: tuple[str, ...], words: str) -> bool:
    return any(words in text for text in texts)


@pytest.mark.parametrize("band", ["low", "medium"])
def test_a_like_for_like_fix_of_little_risk_is_change_control_and_a_documented_510k_question(
    band: str,
) -> None:
    found = of(Category.A, band)
    assert says(found.us, CHANGE_CONTROL)
    assert says(found.us, NO_NEW_510K)
    assert says(found.eu, CHANGE_CONTROL)
    assert not says(found.us, CORRECTION)
    assert not says(found.us, NEW_510K)
    assert not says(found.eu, TELL_THE_BODY)
    assert not says(found.eu, FIELD_ACTION)


@pytest.mark.parametrize("band", ["high", "critical"])
def test_a_like_for_like_fix_of_high_risk_asks_about_806_the_notified_body_and_a_field_action(
    band: str,
) -> None:
    found = of(Category.A, band)
    assert says(found.us, CORRECTION)
    assert says(found.us, NO_NEW_510K)
    assert says(found.eu, TELL_THE_BODY)
    assert says(found.eu, FIELD_ACTION)


@pytest.mark.parametrize("band", ["low", "medium", "high", "critical"])
def test_a_control_asks_for_its_rationale_and_the_risk_file(band: str) -> None:
    found = of(Category.B, band)
    assert says(found.us, RISK_ANALYSIS)
    assert says(found.us, "rationale of the compensating control")
    assert says(found.eu, "risk management file")
    assert says(found.eu, TELL_THE_BODY) is (band in {"high", "critical"})


@pytest.mark.parametrize("category", [Category.C, Category.D])
@pytest.mark.parametrize("band", ["low", "medium", "high", "critical"])
def test_architecture_and_function_ask_about_a_new_510k_and_significance_in_every_band(
    category: Category, band: str
) -> None:
    found = of(category, band)
    assert says(found.us, NEW_510K)
    assert says(found.us, RISK_ANALYSIS)
    assert says(found.eu, SIGNIFICANCE)
    assert says(found.eu, FIELD_ACTION)
    assert found.notified_body_route == "approval"


def test_a_disabled_function_asks_about_a_correction_whatever_the_band() -> None:
    assert says(of(Category.D, "low").us, CORRECTION)
    assert not says(of(Category.C, "low").us, CORRECTION)


def test_a_critical_fix_of_a_cyber_device_documents_why_it_is_in_or_out_of_cycle() -> None:
    assert says(of(Category.A, "critical").us, "out of cycle")
    assert not says(of(Category.A, "medium").us, "out of cycle")


def test_security_updates_of_a_cra_product_are_documented_as_free_of_charge() -> None:
    found = pathway(Category.A, "medium", GATEWAY, None, rulebook.change_pathways())
    assert says(found.eu, "free of charge")
    assert not says(of(Category.A, "medium").eu, "free of charge")


def asked(record: CaseRecord) -> set[str]:
    return {each.question for each in waiting(record, rulebook.decision_questions())}


def exploited(status: Nis2Status) -> CaseRecord:
    entity = EntityRegistered(
        entity="example", name="Example", nis2={"DE": status}, registered_at=NOW
    )
    return CaseRecord(
        "PV-2026-0001",
        NOW,
        (item("gateway"),),
        {"gateway": replace(GATEWAY, entity=entity)},
        assessed=(Assessed("gateway", ExploitationVerdict.EXPLOITED, NOW + HOUR),),
    )


@pytest.mark.parametrize("status", list(Nis2Status))
def test_exploitation_asks_an_essential_or_important_entity_about_significance(
    status: Nis2Status,
) -> None:
    bound = status is not Nis2Status.OUT_OF_SCOPE
    assert ("nis2.significance" in asked(exploited(status))) is bound


def test_an_incident_in_a_cra_product_asks_whether_it_is_severe() -> None:
    incident = report(product="gateway", incident=True)
    quiet = CaseRecord("PV-2026-0001", NOW, (item("gateway"),), {"gateway": GATEWAY})
    assert "cra.severe_incident" not in asked(quiet)
    assert "cra.severe_incident" in asked(replace(quiet, reports=(incident,)))
