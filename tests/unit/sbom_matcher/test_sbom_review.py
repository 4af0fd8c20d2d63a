"""When an SBOM is due for review, and what is said of its graph."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.sboms import Component, ReviewReason, SbomRegistered
from services.sbom_matcher.domain.sboms import review
from services.sbom_matcher.domain.sboms.review import Graded

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def sbom(*edges: tuple[str, str], **more: object) -> SbomRegistered:
    components = tuple(Component(ref=each, name=each, version="1") for each in "abc")
    return SbomRegistered.model_validate(
        {
            "sbom": "s", "product": "pump", "version": "1", "format": "cyclonedx-json",
            "format_version": "1.6", "original": "0", "digest": "0", "components": components,
            "dependencies": edges, "registered_at": NOON, "revision": 1, "root": "pump", **more,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ((2026, 1, 15), (2026, 4, 15)), ((2026, 11, 30), (2027, 2, 28)),
        ((2027, 11, 30), (2028, 2, 29)), ((2026, 12, 31), (2027, 3, 31)),
        ((2026, 8, 31), (2026, 11, 30)), ((2026, 9, 1), (2026, 12, 1)),
    ],
)  # fmt: skip
def test_a_quarter_is_three_calendar_months_and_ends_with_a_shorter_month(
    since: tuple[int, int, int], until: tuple[int, int, int]
) -> None:
    start = datetime(*since, 12, tzinfo=UTC)
    assert review.next_quarter(start) == datetime(*until, 12, tzinfo=UTC)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_quarter_has_89_to_92_days_and_keeps_the_time_of_day(since: datetime) -> None:
    until = review.next_quarter(since)
    assert 89 <= (until - since).days <= 92
    assert until.time() == since.time()


@pytest.mark.parametrize(
    ("edges", "depth", "flat", "unresolved"),
    [
        ((), 0, True, 0),
        ((("pump", "a"), ("pump", "b")), 1, True, 0),
        ((("pump", "a"), ("a", "b"), ("b", "c")), 3, False, 0),
        ((("pump", "a"), ("a", "gone")), 2, False, 1),
    ],
)
def test_a_graph_without_transitive_dependencies_is_flat_and_lost_ends_are_counted(
    edges: tuple[tuple[str, str], ...], depth: int, flat: bool, unresolved: int
) -> None:
    found = review.judged(sbom(*edges)).graph
    assert (found.depth, found.flat, len(found.unresolved)) == (depth, flat, unresolved)


@pytest.mark.parametrize(("stated", "have"), [(True, 1), (False, 0), (None, 0)])
def test_whether_an_author_is_stated_counts_and_not_who(stated: bool | None, have: int) -> None:
    found = {each.element: each for each in review.judged(sbom(author_stated=stated)).elements}
    assert found["author_of_sbom_data"].have == have
    assert "matchable" not in found


def test_what_is_due_carries_the_graph_and_the_last_review() -> None:
    graded = Graded("pump", "1", "rev-b", "s", 4, 12, 1, 2, True, NOON)
    fact = review.due(graded, ReviewReason.QUARTER, "duty", NOON)
    assert (fact.key, fact.hardware, fact.revision) == ("pump", "rev-b", 4)
    assert (fact.depth, fact.unresolved, fact.flat) == (1, 2, True)
    assert (fact.reason, fact.last_reviewed_at) == (ReviewReason.QUARTER, NOON)
