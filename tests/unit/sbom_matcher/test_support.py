"""The support of components: when a finding is raised, what it says, and what it marks."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.findings import Support, SupportStage, Verdict
from services.sbom_matcher.domain import support, transitions
from services.sbom_matcher.domain.matching import Place
from services.sbom_matcher.domain.support import Stated
from services.sbom_matcher.domain.transitions import Changed, Standing
from services.sbom_matcher.domain.verdict import Decision
from services.sbom_matcher.rulebook import PackError, parse, support_notice

NOTICE = support_notice()
END = date(2027, 6, 30)
PLACE = Place("CVE-2026-1", "pump", "1.0", "", "c1")


def stated(ends_on: date | None = END, level: str | None = None) -> Stated:
    return Stated("pump", "1.0", "", "c1", level, ends_on)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def before(days: int) -> datetime:
    return at(END - timedelta(days=days))


def found(one: Stated, now: datetime) -> tuple[str | None, int | None] | None:
    decided = support.endings([one], now, NOTICE)
    if not decided:
        return None
    [(place, decision)] = decided.items()
    assert (place.vulnerability, place.component) == ("support/pump", "c1")
    assert decision.verdict is Verdict.UNKNOWN
    assert decision.support is not None
    return decision.reason, decision.support.notice_days


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (181, None),
        (180, ("support_ending", 180)),
        (91, ("support_ending", 180)),
        (90, ("support_ending", 90)),
        (30, ("support_ending", 30)),
        (0, ("support_ending", 30)),
        (-1, ("support_over", None)),
    ],
)
def test_a_finding_is_raised_at_each_notice_and_when_support_is_over(
    days: int, said: tuple[str, int | None] | None
) -> None:
    assert found(stated(), before(days)) == said


def test_a_level_that_says_so_is_over_whatever_the_day() -> None:
    assert found(stated(None, "abandoned"), before(0)) == ("support_over", None)
    assert found(stated(END, "no longer maintained"), before(900)) == ("support_over", None)


def test_a_supported_component_without_a_day_raises_nothing() -> None:
    assert found(stated(None, "actively maintained"), before(0)) is None
    assert found(stated(None, "Unknown"), before(0)) is None


def test_days_left_are_counted_as_of_a_day() -> None:
    assert support.days_left(END, END - timedelta(days=12)) == 12
    assert support.days_left(END, END + timedelta(days=3)) == -3
    assert support.days_left(None, END) is None


def test_what_is_next_are_the_notices_the_end_and_then_nothing() -> None:
    now, seen = before(400), []
    while (due := support.next_change([stated()], now, NOTICE)) is not None:
        seen.append((END - due.date()).days)
        now = due
    assert seen == [180, 90, 30, -1]


@given(st.integers(-400, 400))
def test_nothing_changes_before_the_instant_that_is_armed(days: int) -> None:
    now = before(days)
    due = support.next_change([stated()], now, NOTICE)
    last = due - timedelta(minutes=2) if due else now + timedelta(days=4000)
    assert found(stated(), last) == found(stated(), now)
    if due:
        assert found(stated(), due) != found(stated(), now)


def test_other_findings_are_marked_once_support_is_over_and_say_so() -> None:
    decided = {PLACE: Decision(Verdict.AFFECTED, None)}
    assert support.marked(decided, [stated()], before(10), NOTICE) == decided
    marked = support.marked(decided, [stated()], before(-1), NOTICE)
    assert marked[PLACE].support == Support(stage=SupportStage.OVER, ends_on=END)
    held = Standing(
        "f", live=True, verdict=Verdict.AFFECTED, reason=None, fixed_in=(),
        digest=transitions.digest(PLACE, decided[PLACE]), told_as="CVE-2026-1",
    )  # fmt: skip
    [change] = transitions.compare(marked, {PLACE: held})
    assert isinstance(change, Changed)
    assert change.why == "support of the component is over since 2027-06-30"


def test_another_components_end_marks_nothing() -> None:
    elsewhere = {Place("CVE-2026-1", "pump", "1.0", "", "c2"): Decision(Verdict.AFFECTED, None)}
    assert support.marked(elsewhere, [stated()], before(-1), NOTICE) == elsewhere


def test_a_finding_without_support_is_digested_as_before_support_was_read() -> None:
    plain = Decision(Verdict.AFFECTED, None)
    said = support.marked({PLACE: plain}, [stated(None, "abandoned")], before(0), NOTICE)[PLACE]
    assert transitions.digest(PLACE, said) != transitions.digest(PLACE, plain)


def test_the_policy_names_its_source_and_its_periods() -> None:
    assert NOTICE.notice_days == (180, 90, 30)
    assert "V.A.4.b" in NOTICE.source


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("notice_days: [30, 90]", "notice_days"),
        ("notice_days: []", "notice_days"),
        ("notice_days: [0]", "notice_days.0"),
        ("notice: [30]", "notice"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_field(line: str, field: str) -> None:
    text = NOTICE.model_dump_json(exclude={"notice_days"}).rstrip("}")
    name, _, value = line.partition(": ")
    with pytest.raises(PackError, match=rf"support.yaml: {field}: "):
        parse("support.yaml", f'{text}, "{name}": {value}}}')


def test_a_policy_that_is_not_yaml_is_refused() -> None:
    with pytest.raises(PackError, match="not YAML"):
        parse("support.yaml", "{")
