"""What facts make of a case does not depend on the order in which they come."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from schemas.cases import CaseKind, ScopeStatus
from schemas.findings import Verdict
from schemas.signals import Harm
from services.triage import rulebook
from services.triage.domain.casefile import (
    Case,
    CaseFile,
    CaseStatus,
    Casework,
    work_on,
)
from services.triage.domain.scope import UNSTATED, HeldFinding, HeldReport, items
from services.triage.domain.signals import Signal
from services.triage.domain.tracking import order, tracking_id
from tests.unit.triage.made import HOUR, NOW, finding, report, signal

PACK = rulebook.clinical_bands()


def work(file: CaseFile) -> Casework:
    found = work_on(file, PACK)
    assert found is not None
    return found


def applied(file: CaseFile, done: Casework, name: str = "PV-2026-0001") -> CaseFile:
    """The file as it is stored once the work is saved."""
    header = done.header or (done.case and done.case.header)
    assert header
    status = done.case.status if done.case else CaseStatus.OPEN
    if done.reopened_because:
        status = CaseStatus.OPEN
    case = Case(done.case.case if done.case else name, status, done.report, header)
    met = {(m.signal.held.signal, p.product) for m in done.meetings for p in m.products}
    return replace(
        file,
        cases=(case,),
        met=file.met | met,
        proposals={**file.proposals, **done.proposals},
    )


def test_an_affected_finding_opens_a_case() -> None:
    done = work(CaseFile("CVE-2026-0001", findings=(finding(),)))
    assert done.opened_because == "pump 1.0 is affected by libexample@1"


def test_an_unknown_verdict_alone_opens_none() -> None:
    file = CaseFile("CVE-2026-0001", findings=(finding(verdict=Verdict.UNKNOWN),))
    assert work_on(file, PACK) is None
    assert work(replace(file, signals=(signal(),))).opened_because
    assert work(replace(file, by_hand="a person wants it")).opened_because == "a person wants it"


def test_evidence_from_elsewhere_meets_no_product_that_is_not_affected() -> None:
    file = CaseFile(
        "CVE-2026-0001",
        findings=(finding(verdict=Verdict.NOT_AFFECTED), finding("gateway")),
        signals=(signal(),),
    )
    assert [p.product for m in work(file).meetings for p in m.products] == ["gateway"]


def test_evidence_seen_in_a_product_meets_it_whatever_a_finding_says_and_the_affected_others() -> (
    None
):
    file = CaseFile(
        "CVE-2026-0001",
        findings=(finding(verdict=Verdict.NOT_AFFECTED), finding("gateway")),
        signals=(signal(product="pump"),),
    )
    assert [p.product for m in work(file).meetings for p in m.products] == ["gateway", "pump"]


def test_both_are_held_from_the_later_of_the_two_instants() -> None:
    file = CaseFile("CVE-2026-0001", findings=(finding(held_at=NOW),))
    late = work(replace(file, signals=(signal(received_at=NOW + HOUR),)))
    early = work(replace(file, signals=(signal(received_at=NOW - HOUR),)))
    assert late.meetings[0].products[0].held_at == NOW + HOUR
    assert early.meetings[0].products[0].held_at == NOW


def test_a_product_that_turns_out_to_be_affected_later_bears_from_then_on() -> None:
    turned = finding(held_at=NOW - 100 * HOUR, bearing_at=NOW)
    file = CaseFile(
        "CVE-2026-0001", findings=(turned,), signals=(signal(received_at=NOW - 50 * HOUR),)
    )
    assert work(file).meetings[0].products[0].held_at == NOW


def test_what_was_taken_back_before_it_met_anything_meets_nothing() -> None:
    file = CaseFile("CVE-2026-0001", findings=(finding(),), signals=(signal(withdrawn_at=NOW),))
    assert not work(file).meetings


def test_of_two_cases_the_one_with_the_vulnerability_survives_and_then_the_oldest() -> None:
    first = applied(CaseFile(None, reports=(report(),)), work(CaseFile(None, reports=(report(),))))
    vulnerable = CaseFile("CVE-2026-0001", findings=(finding(),))
    named = applied(vulnerable, work(vulnerable), "PV-2026-0002")
    both = replace(vulnerable, reports=(report(),), cases=(*first.cases, *named.cases))
    done = work(both)
    assert done.case is not None
    assert done.case.case == "PV-2026-0002"
    assert [each.case for each in done.absorbed] == ["PV-2026-0001"]


def test_a_report_becomes_the_vulnerabilitys_case_where_that_has_none() -> None:
    file = CaseFile(None, reports=(report(),))
    stored = applied(file, work(file))
    done = work(replace(stored, vulnerability="CVE-2026-0001", findings=(finding(),)))
    assert not done.absorbed
    assert done.opened_because is None
    assert done.header is not None
    assert (done.header.kind, done.header.vulnerability) == (
        CaseKind.VULNERABILITY,
        "CVE-2026-0001",
    )


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ((Verdict.NOT_AFFECTED, Verdict.AFFECTED), ScopeStatus.AFFECTED),
        ((Verdict.FIXED, Verdict.UNKNOWN), ScopeStatus.UNKNOWN),
        ((Verdict.NOT_AFFECTED, Verdict.FIXED), ScopeStatus.FIXED),
        ((Verdict.NOT_AFFECTED,), ScopeStatus.NOT_AFFECTED),
    ],
)
def test_the_strongest_verdict_of_a_version_counts(
    verdicts: tuple[Verdict, ...], status: ScopeStatus
) -> None:
    held = [finding(verdict=v, component=f"c{n}") for n, v in enumerate(verdicts)]
    assert items(held, [])[0].status is status


def test_a_version_whose_findings_are_all_cleared_is_shown_as_not_affected() -> None:
    assert items([finding(cleared=True)], [])[0].status is ScopeStatus.NOT_AFFECTED


def test_a_report_that_joins_is_told_with_its_receipt_even_where_it_adds_no_version() -> None:
    file = CaseFile("CVE-2026-0001", title="A flaw", description="Why", findings=(finding(),))
    first = work(file)
    assert first.rescoped == first.header
    known = replace(applied(file, first), reports=(report(version=None),), signals=(signal(),))
    again = work(known)
    assert again.rescoped is not None
    assert [each.report for each in again.rescoped.reports] == ["R-1"]
    assert work(applied(known, again)).is_nothing


def test_a_graver_harm_of_a_known_report_is_told_again() -> None:
    incident = replace(report(incident=True), harm=Harm.MALFUNCTION)
    file = applied(CaseFile(None, reports=(incident,)), work(CaseFile(None, reports=(incident,))))
    graver = work(replace(file, reports=(replace(incident, harm=Harm.DEATH),)))
    assert graver.rescoped is not None
    assert graver.rescoped.reports[0].harm is Harm.DEATH


def test_a_report_that_names_no_version_adds_one_only_for_a_product_nobody_spoke_of() -> None:
    vague = report(version=None)
    assert [each.version for each in items([], [vague])] == [UNSTATED]
    assert [each.version for each in items([finding()], [vague])] == ["1.0"]


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_tracking_ids_are_ordered_as_their_numbers(a: int, b: int) -> None:
    assert (order(tracking_id(2026, a)) < order(tracking_id(2026, b))) == (a < b)


class CaseMachine(RuleBasedStateMachine):
    """Facts come in any order and twice, and people close the case in between."""

    def __init__(self) -> None:
        super().__init__()
        self.findings: dict[str, HeldFinding] = {}
        self.reports: dict[str, HeldReport] = {}
        self.signals: dict[str, Signal] = {}
        self.file = CaseFile("CVE-2026-0001")
        self.told: list[tuple[str, str]] = []

    @rule(
        product=st.sampled_from(["pump", "gateway"]),
        verdict=st.sampled_from(list(Verdict)),
        cleared=st.booleans(),
    )
    def a_finding_comes(self, product: str, verdict: Verdict, cleared: bool) -> None:
        found = finding(product, verdict, cleared=cleared)
        self.findings[found.finding] = found
        self._settle()

    @rule(name=st.sampled_from(["kev/1", "vendor/2"]), product=st.sampled_from([None, "pump"]))
    def a_signal_comes(self, name: str, product: str | None) -> None:
        self.signals.setdefault(name, signal(name, product=product))
        self._settle()

    @rule(name=st.sampled_from(["R-1", "R-2"]))
    def a_report_comes(self, name: str) -> None:
        self.reports[name] = report(name)
        self._settle()

    @rule()
    def a_person_closes_the_case(self) -> None:
        closed = tuple(replace(each, status=CaseStatus.CLOSED) for each in self.file.cases)
        self.file = replace(self.file, cases=closed)

    def _settle(self) -> None:
        self.file = replace(
            self.file,
            findings=tuple(self.findings.values()),
            reports=tuple(self.reports.values()),
            signals=tuple(self.signals.values()),
        )
        done = work_on(self.file, PACK)
        if done is not None and not done.is_nothing:
            self.told += [
                (m.signal.held.signal, p.product) for m in done.meetings for p in m.products
            ]
            self.file = applied(self.file, done)

    @invariant()
    def an_up_to_date_case_needs_no_work(self) -> None:
        done = work_on(self.file, PACK)
        assert done is None or done.is_nothing, done

    @invariant()
    def nothing_is_told_twice(self) -> None:
        assert len(self.told) == len(set(self.told))

    @invariant()
    def every_affected_product_has_met_every_live_signal(self) -> None:
        affected = {
            each.product
            for each in self.findings.values()
            if not each.cleared and each.verdict is Verdict.AFFECTED
        }
        for held in self.signals.values():
            assert {(held.held.signal, product) for product in affected} <= self.file.met

    @invariant()
    def a_case_is_never_closed_on_news(self) -> None:
        if any(each.status is CaseStatus.CLOSED for each in self.file.cases):
            assert work_on(self.file, PACK) is not None


TestCaseMachine = CaseMachine.TestCase
