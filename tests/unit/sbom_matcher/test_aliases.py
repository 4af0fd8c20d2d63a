"""Aliases: which identifiers are one vulnerability, who survives, and what leaves."""

from hypothesis import given
from hypothesis import strategies as st

from services.sbom_matcher.domain.aliases import Edge, Held, regroup


def held(*identifiers: str, **groups: str) -> dict[str, Held]:
    return {each: Held(groups.get(each, each), n) for n, each in enumerate(identifiers)}


def test_a_cve_a_ghsa_and_a_go_id_are_one_vulnerability_named_after_the_first_held() -> None:
    found = regroup(
        held("go", "cve", "ghsa"), [Edge("osv/1", "go", "cve"), Edge("cve/1", "cve", "ghsa")]
    )
    assert set(found.groups.values()) == {"go"}
    assert {each.absorbed for each in found.merges} == {"cve", "ghsa"}
    assert "osv/1 says that go is cve" in {each.because for each in found.merges}


def test_identifiers_without_an_alias_stay_apart() -> None:
    found = regroup(held("a", "b"), [])
    assert found.groups == {"a": "a", "b": "b"}
    assert found.merges == ()
    assert found.splits == ()


def test_a_merge_that_holds_already_is_not_told_again() -> None:
    found = regroup(held("a", "b", b="a"), [Edge("x", "b", "a")])
    assert found.merges == ()
    assert found.splits == ()


def test_an_alias_that_no_longer_holds_splits_the_group() -> None:
    found = regroup(held("a", "b", "c", b="a", c="a"), [Edge("x", "b", "c")])
    assert found.groups == {"a": "a", "b": "b", "c": "b"}
    [split] = found.splits
    assert (split.origin, split.separated, split.identifiers) == ("a", "b", ("b", "c"))


def test_a_part_that_leaves_may_join_another_group_at_once() -> None:
    found = regroup(held("a", "b", "z", b="a"), [Edge("x", "b", "z")])
    assert found.groups == {"a": "a", "b": "z", "z": "z"}


NAMES = tuple("abcdef")
EDGES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=8)


@given(st.lists(EDGES, min_size=1, max_size=4))
def test_groups_are_exactly_the_connected_sets_however_they_came_about(
    history: list[list[tuple[str, str]]],
) -> None:
    now = held(*NAMES)
    for pairs in history:
        edges = [Edge("x", one, other) for one, other in pairs]
        found = regroup(now, edges)
        now = {each: Held(found.groups[each], now[each].number) for each in NAMES}
        for one in NAMES:
            assert now[one].group in _reachable(one, pairs)
            for other in NAMES:
                same = found.groups[one] == found.groups[other]
                assert same == (other in _reachable(one, pairs))


def _reachable(start: str, pairs: list[tuple[str, str]]) -> set[str]:
    seen = {start}
    while True:
        more = {b for a, b in pairs if a in seen} | {a for a, b in pairs if b in seen}
        if more <= seen:
            return seen
        seen |= more
