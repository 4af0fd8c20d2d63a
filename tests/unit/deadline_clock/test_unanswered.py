"""A request of an authority that starts no clock does not go unnoticed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.deadline_clock.domain.acts import Request
from services.deadline_clock.domain.facts import CaseFacts
from services.deadline_clock.domain.unanswered import Unanswered, unanswered
from tests.unit.deadline_clock.facts import BOOK, T0


def asked(rule: str | None, name: str = "q-1") -> Request:
    return Request(name, "BSI", rule, T0 + timedelta(days=5), T0, "ra")


def told(*requests: Request) -> list[Unanswered]:
    return list(unanswered(CaseFacts("C", requests=requests), BOOK))


@pytest.mark.parametrize("rule", ["cra.intermediate", "mdr.followup", "us803.5day"])
def test_a_request_that_starts_a_clock_is_not_told(rule: str) -> None:
    assert told(asked(rule)) == []


@pytest.mark.parametrize(
    ("rule", "because"),
    [
        (None, "it names no rule"),
        ("cra.intermediat", "no pack in force has a rule cra.intermediat"),
        ("cra.aev.early_warning", "no request starts a clock of cra.aev.early_warning"),
    ],
)
def test_one_that_starts_none_is_told_with_its_reason_and_the_mend(
    rule: str | None, because: str
) -> None:
    (found,) = told(asked(rule))
    assert (found.request, found.because) == ("q-1", because)
    assert found.due_at == T0 + timedelta(days=5)
    assert "cra.intermediate" in found.mend


def test_recorded_again_with_a_rule_it_is_answered() -> None:
    assert told(asked("cra.intermediat"), asked("cra.intermediate", "q-2")) == []


def test_another_request_of_the_authority_does_not_answer_it() -> None:
    later = replace(asked("cra.intermediate", "q-2"), received_at=T0 + timedelta(hours=1))
    assert [each.request for each in told(asked(None), later)] == ["q-1"]
