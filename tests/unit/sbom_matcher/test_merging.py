"""Merging: where vulnerabilities become one, one finding goes on in each place."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.sbom_matcher.domain.matching import Place
from services.sbom_matcher.domain.merging import Lying, unite

NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)
INTO = {"b": "a", "c": "a", "z": "y"}


def lying(
    finding: str, vulnerability: str, component: str = "x", *, live: bool = True, minutes: int = 0
) -> Lying:
    place = Place(vulnerability, "pump", "1", "", component)
    return Lying(finding, place, live, NOON + timedelta(minutes=minutes))


def test_the_survivors_finding_takes_the_others_over_with_the_earliest_instant() -> None:
    [one] = unite([lying("1", "a", minutes=5), lying("2", "b"), lying("3", "c", minutes=9)], INTO)
    assert (one.finding, one.ended, one.held_at) == ("1", ("2", "3"), NOON)


def test_where_the_survivor_has_none_the_oldest_live_one_moves() -> None:
    [one] = unite(
        [lying("1", "b", minutes=5), lying("2", "c"), lying("3", "b", live=False, minutes=-9)], INTO
    )
    assert (one.finding, one.place.vulnerability, one.ended) == ("2", "a", ("1",))
    assert one.held_at == NOON


def test_a_survivors_ended_finding_holds_again_since_the_one_that_ends_in_it() -> None:
    [one] = unite([lying("1", "a", live=False, minutes=-9), lying("2", "b")], INTO)
    assert (one.finding, one.live, one.held_at, one.ended) == ("1", True, NOON, ("2",))


def test_findings_in_different_places_do_not_meet() -> None:
    found = list(unite([lying("1", "b", "x"), lying("2", "c", "y")], INTO))
    assert [(each.finding, each.ended) for each in found] == [("1", ()), ("2", ())]


def test_what_lies_where_it_belongs_is_left_alone() -> None:
    assert not list(unite([lying("1", "a"), lying("2", "y", live=False)], INTO))


LYING = st.lists(
    st.tuples(st.sampled_from("abcyz"), st.sampled_from("xw"), st.booleans(), st.integers(-9, 9)),
    unique_by=lambda each: each[:2],
)


@given(LYING)
def test_at_most_one_finding_is_live_in_a_place_and_no_live_one_is_lost(
    rows: list[tuple[str, str, bool, int]],
) -> None:
    before = {
        str(n): lying(str(n), v, c, live=live, minutes=m) for n, (v, c, live, m) in enumerate(rows)
    }
    after = {each.finding: (each.place, each.live) for each in before.values()}
    for each in unite(before.values(), INTO):
        after |= {ended: (before[ended].place, False) for ended in each.ended}
        after[each.finding] = each.place, each.live
        there = [
            one for one in before.values()
            if one.live and INTO.get(one.place.vulnerability, one.place.vulnerability)
            == each.place.vulnerability and one.place.component == each.place.component
        ]  # fmt: skip
        assert not there or each.held_at == min(one.held_at for one in there)
    assert len({place for place, _ in after.values()}) == len(after), "one finding a place"
    live_before = {
        (INTO.get(each.place.vulnerability, each.place.vulnerability), each.place.component)
        for each in before.values() if each.live
    }  # fmt: skip
    live_after = [(place.vulnerability, place.component) for place, live in after.values() if live]
    assert sorted(live_after) == sorted(live_before)
