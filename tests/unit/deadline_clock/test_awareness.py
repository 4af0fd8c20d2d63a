"""The awareness ledger: who could have known what, per regime, with every correction kept."""

from dataclasses import replace

from schemas.cases import ExploitationAssessed, ExploitationVerdict
from schemas.catalogue import QualificationKind
from schemas.signals import Harm
from services.deadline_clock.domain.awareness import Aware, Ledger, ledger
from services.deadline_clock.domain.facts import CaseFacts
from services.deadline_clock.domain.folding import fold
from services.deadline_clock.domain.happenings import Report
from services.deadline_clock.domain.merging import merged
from tests.unit.deadline_clock.facts import (
    BOOK,
    HOUR,
    T0,
    Clockwork,
    around,
    confirmed,
    product,
    rejected,
    signal,
)


def told(facts: CaseFacts) -> Ledger:
    """The ledger of a case whose clocks are decided."""
    work = Clockwork()
    work.decide(facts)
    return ledger(facts, work.around, list(work.held.values()), BOOK)


def of(found: Ledger, regime: str) -> Aware:
    """Awareness under a regime."""
    return next(each for each in found.aware if each.regime == regime)


def statement(aware_at_hours: int, assessed_at_hours: int) -> ExploitationAssessed:
    """A person's yes, as it comes over the wire."""
    return ExploitationAssessed(
        case="C", product="gateway", verdict=ExploitationVerdict.EXPLOITED,
        aware_at=T0 + aware_at_hours * HOUR, assessed_at=T0 + assessed_at_hours * HOUR,
        assessed_by="psirt", ground="logs", evidence=("e-1",),
    )  # fmt: skip


def test_evidence_alone_makes_nobody_aware_but_is_in_the_ledger_from_when_it_was_held() -> None:
    found = told(CaseFacts("C", signals=(signal(reported_at=T0 - HOUR),)))
    assert [each.at for each in found.known] == [T0 - HOUR, T0]
    assert all(each.anchor is None for each in found.aware)
    assert "nobody has set awareness" in of(found, "cra").words


def test_awareness_set_for_the_cra_says_nothing_of_any_other_regime() -> None:
    found = told(CaseFacts("C", signals=(signal(),), assessments=(confirmed(T0 + HOUR),)))
    anchor = of(found, "cra").anchor
    assert anchor is not None
    assert (anchor.at, anchor.set_by, anchor.evidence) == (T0 + HOUR, "psirt", "logs")
    assert {each.regime for each in found.aware if each.anchor is None} == {
        "nis2", "eu_mdr", "eu_ivdr", "us_803",
    }  # fmt: skip


def test_each_regime_names_its_own_test_of_awareness() -> None:
    found = told(CaseFacts("C", signals=(signal(),)))
    assert of(found, "nis2").test.startswith("reasonable certainty")
    assert of(found, "us_803").test.startswith("first receipt by any employee")


def test_a_correction_keeps_both_values() -> None:
    facts = CaseFacts("C", signals=(signal(),))
    facts = fold(fold(facts, statement(2, 3)), statement(1, 4))
    found = told(facts)
    assert [(each.corrected, each.at) for each in found.known if each.who == "psirt"] == [
        (True, T0 + 3 * HOUR), (False, T0 + 4 * HOUR),
    ]  # fmt: skip
    cra = of(found, "cra")
    assert cra.anchor is not None
    assert cra.anchor.at == T0 + HOUR
    assert cra.former == (
        f"{(T0 + 2 * HOUR).isoformat()}, by psirt on {(T0 + 3 * HOUR).isoformat()}",
    )


def test_the_same_assessment_again_corrects_nothing() -> None:
    facts = fold(CaseFacts("C"), statement(2, 3))
    assert fold(facts, statement(2, 3)).corrected == ()


def test_merged_cases_keep_the_assessment_that_does_not_stand() -> None:
    survivor = CaseFacts("C", assessments=(rejected(),))
    absorbed = CaseFacts("D", assessments=(confirmed(),))
    facts = merged(survivor, absorbed)
    assert facts.assessments == (confirmed(),)
    assert facts.corrected == (rejected(),)
    assert merged(facts, replace(absorbed, case="E")).corrected == (rejected(),)


def test_a_report_makes_aware_from_its_first_receipt_under_vigilance_law_alone() -> None:
    report = Report(
        "r-1", True, "Pump stopped", "gateway", None, Harm.SERIOUS, T0 - HOUR, T0 - HOUR
    )
    work = Clockwork(around(product(QualificationKind.DEVICE)))
    facts = CaseFacts("C", reports=(report,))
    work.decide(facts)
    found = ledger(facts, work.around, list(work.held.values()), BOOK)
    assert [(each.at, each.evidence) for each in found.known] == [
        (T0 - HOUR, "report r-1: Pump stopped")
    ]
    mdr = of(found, "eu_mdr").anchor
    assert mdr is not None
    assert mdr.at == T0 - HOUR
    assert of(found, "cra").anchor is None
