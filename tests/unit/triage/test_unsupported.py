"""What a component whose support is over asks for beyond what a supported one does."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from schemas.cases import ScopeStatus
from schemas.findings import FindingKind, SupportStage, Verdict
from services.triage import rulebook
from services.triage.domain import scope
from services.triage.domain.casefile import CaseFile, work_on
from services.triage.domain.packs import Fact
from services.triage.domain.record import CaseRecord, Decided
from services.triage.domain.scope import HeldFinding
from services.triage.domain.waiting import instants_of, waiting
from tests.unit.triage.made import HOUR, NOW, finding

END = NOW.date() - timedelta(days=30)
DAY_AFTER = datetime(END.year, END.month, END.day, tzinfo=UTC) + timedelta(days=1)


def ended(verdict: Verdict = Verdict.UNKNOWN, ends_on: date | None = END) -> HeldFinding:
    return replace(
        finding(verdict=verdict), support_stage=SupportStage.OVER, support_ends_on=ends_on
    )


def opens(*findings: HeldFinding, published_at: datetime | None = None) -> str | None:
    file = CaseFile("CVE-2026-0001", findings=findings, published_at=published_at)
    work = work_on(file, rulebook.clinical_bands())
    return work.opened_because if work else None


def test_an_unknown_verdict_opens_a_case_where_support_is_over() -> None:
    assert opens(ended()) == (
        "support of libexample@1 in pump 1.0 is over, and no source says whether it is affected"
    )


def test_an_unknown_verdict_on_a_supported_component_waits_in_the_review_list() -> None:
    assert opens(finding(verdict=Verdict.UNKNOWN)) is None
    nears = replace(ended(), support_stage=SupportStage.ENDING)
    assert opens(nears) is None


@pytest.mark.parametrize(
    ("published_at", "is_opened"),
    [(DAY_AFTER - HOUR, False), (DAY_AFTER, True), (None, True)],
)
def test_what_was_published_while_it_was_supported_opens_none(
    published_at: datetime | None, *, is_opened: bool
) -> None:
    assert bool(opens(ended(), published_at=published_at)) is is_opened


def test_without_a_last_day_every_unknown_verdict_opens_a_case() -> None:
    assert opens(ended(ends_on=None), published_at=datetime(2001, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("verdict", [Verdict.FIXED, Verdict.NOT_AFFECTED])
def test_a_verdict_that_clears_opens_none(verdict: Verdict) -> None:
    assert opens(ended(verdict)) is None


def test_a_cleared_finding_opens_none() -> None:
    assert opens(replace(ended(), cleared=True)) is None


def test_the_finding_on_support_itself_opens_none() -> None:
    assert opens(replace(ended(), kind=FindingKind.SUPPORT)) is None


def test_the_scope_names_the_component_and_since_when() -> None:
    [item] = scope.items([ended(Verdict.AFFECTED), finding(component="other")], [])
    assert item.unsupported == ("libexample@1",)
    assert item.unsupported_since == NOW
    [item] = scope.items([replace(ended(), held_at=NOW - 1000 * HOUR)], [])
    assert item.unsupported_since == DAY_AFTER


def test_a_component_that_is_fixed_is_not_named() -> None:
    [item] = scope.items([ended(Verdict.FIXED)], [])
    assert (item.status, item.unsupported) == (ScopeStatus.FIXED, ())


@pytest.mark.parametrize("verdict", [Verdict.AFFECTED, Verdict.UNKNOWN])
def test_what_replaces_it_is_asked_until_a_person_says(verdict: Verdict) -> None:
    record = CaseRecord("PV-2026-0001", NOW, scope.items([ended(verdict)], []), {})
    pack = rulebook.decision_questions()
    assert instants_of(record, "pump")[Fact.UNSUPPORTED] == (NOW,)
    asked = {each.question: each for each in waiting(record, pack)}
    assert asked["support.replacement"].outcomes == ("replace", "maintain_ourselves", "compensate")
    done = Decided("d", "support.replacement", "pump", "replace", NOW + HOUR)
    still = {each.question for each in waiting(replace(record, decided=(done,)), pack)}
    assert "support.replacement" not in still


def test_nothing_of_it_is_asked_where_the_component_is_supported() -> None:
    record = CaseRecord("PV-2026-0001", NOW, scope.items([finding()], []), {})
    asked = {each.question for each in waiting(record, rulebook.decision_questions())}
    assert "support.replacement" not in asked
