"""What an SBOM has and lacks of what NTIA and FDA ask for, and what its graph leaves open."""

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest

from schemas.sboms import Component
from services.sbom_matcher.domain.sboms import graph, support
from services.sbom_matcher.domain.sboms.inventory import Inventory
from services.sbom_matcher.domain.sboms.quality import Element, Quality, judge, unmatchable

MADE = datetime(2026, 1, 1, tzinfo=UTC)
TODAY = date(2026, 1, 31)


def component(ref: str, **more: Any) -> Component:
    """A component that lacks nothing."""
    whole = {
        "name": ref, "version": "1.0", "supplier": "Example", "purl": f"pkg:npm/{ref}@1.0",
        "support_level": "Actively maintained", "support_ends_on": date(2030, 1, 1),
    }  # fmt: skip
    return Component.model_validate({"ref": ref, **whole, **more})


def inventory(*components: Component, **more: Any) -> Inventory:
    """An SBOM that lacks nothing, if its components do not: each needs the next."""
    refs = ["product", *(each.ref for each in components)]
    whole: dict[str, Any] = {
        "edges": tuple(pairwise(refs)), "authors": ("Example",),
        "made_at": MADE, "product": "product",
    }  # fmt: skip
    return Inventory(components, **{**whole, **more})


def element(found: Quality, name: str) -> Element:
    return next(each for each in found.elements if each.element == name)


def test_an_sbom_that_lacks_nothing_is_good() -> None:
    found = judge(inventory(component("a"), component("b")))
    assert found.good
    assert {each.share for each in found.elements} == {1.0}
    assert (found.graph.depth, found.graph.flat) == (2, False)


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("supplier", {"supplier": None}),
        ("component_name", {"name": "unnamed"}),
        ("version", {"version": " "}),
        ("version", {"version": "NOASSERTION"}),
        ("other_unique_identifiers", {"purl": None}),
        ("support_level", {"support_level": None}),
        ("end_of_support", {"support_ends_on": None}),
        ("matchable", {"purl": "pkg:npm/a", "version": None, "supplier": None}),
    ],
)
def test_a_component_that_lacks_an_element_is_named_with_the_share(
    name: str, lacks: dict[str, Any]
) -> None:
    found = judge(inventory(component("a", **lacks), component("b")))
    judged = element(found, name)
    assert [each.ref for each in judged.lacking] == ["a"]
    assert (judged.share, judged.met, found.good) == (0.5, False, False)


@pytest.mark.parametrize(
    ("name", "lacks"),
    [("author_of_sbom_data", {"authors": ()}), ("timestamp", {"made_at": None})],
)
def test_the_document_itself_has_an_author_and_a_date(name: str, lacks: dict[str, Any]) -> None:
    found = judge(inventory(component("a"), component("b"), **lacks))
    assert [each.element for each in found.elements if not each.met] == [name]
    assert not found.good


def test_every_element_names_the_rule_it_comes_from() -> None:
    sources = {each.element: each.source.split(",")[0] for each in judge(Inventory(())).elements}
    assert [name for name, source in sources.items() if source == "FDA"] == [
        "support_level", "end_of_support",
    ]  # fmt: skip
    assert sum(source == "NTIA" for source in sources.values()) == 7


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, None),
        ({"purl": None, "supplier": None}, "no_identifier"),
        ({"purl": "npm/a", "supplier": None}, "unreadable_identifier"),
        ({"purl": "pkg:npm/a", "version": None}, "no_version"),
        ({"purl": "pkg:npm/a", "version": "the newest one"}, "unparsed_version"),
    ],
)
def test_why_no_advisory_can_meet_a_component_is_said(
    more: dict[str, Any], reason: str | None
) -> None:
    assert unmatchable(component("a", **more)) == reason


def test_edges_to_what_is_not_in_the_sbom_are_unresolved() -> None:
    found = judge(inventory(component("a"), component("b"), edges=(
        ("product", "a"), ("a", "b"), ("a", "gone"), ("ghost", "b"),
    )))  # fmt: skip
    assert found.graph.unresolved == ("gone", "ghost")
    assert not found.good


def test_components_that_no_edge_reaches_from_the_product_are_named() -> None:
    found = judge(inventory(*map(component, "abcd"), edges=(
        ("product", "a"), ("a", "b"), ("c", "d"),
    )))  # fmt: skip
    assert found.graph.unreached == ("c", "d")
    assert [each.ref for each in element(found, "dependency_relationship").lacking] == ["c", "d"]


@pytest.mark.parametrize(
    ("edges", "depth"),
    [
        ((), 0),
        ((("product", "a"), ("product", "b")), 1),
        ((("product", "a"), ("a", "b")), 2),
        ((("product", "a"), ("a", "b"), ("b", "a")), 2),
        ((("a", "b"),), 2),
        ((("a", "b"), ("b", "a")), 2),
    ],
)
def test_depth_counts_levels_whatever_cycles_there_are(
    edges: tuple[tuple[str, str], ...], depth: int
) -> None:
    walked = graph.walk(inventory(component("a"), component("b"), edges=edges))
    assert (walked.depth, walked.flat) == (depth, depth < 2)


def test_a_graph_that_does_not_know_the_product_reaches_what_something_needs() -> None:
    walked = graph.walk(inventory(*map(component, "abc"), edges=(("a", "b"),)))
    assert walked.unreached == ("a", "c")


def test_references_given_twice_are_no_good_sbom() -> None:
    found = judge(inventory(component("a"), component("b"), repeated=("a",)))
    assert (found.repeated, found.good) == (("a",), False)


def test_ends_of_support_are_counted_in_days_the_first_first() -> None:
    found = support.endings(
        [
            component("later", support_ends_on=date(2026, 3, 2)),
            component("today", support_ends_on=TODAY),
            component("gone", support_ends_on=date(2026, 1, 30)),
            component("undated", support_ends_on=None),
        ],
        TODAY,
    )
    assert [(each.ref, each.days_left, each.ended) for each in found] == [
        ("gone", -1, True), ("today", 0, False), ("later", 30, False),
    ]  # fmt: skip


@pytest.mark.parametrize("level", [
    "No longer maintained", "abandoned", "noSupport", "EOL", "endOfSupport", "Inactive",
    "Deprecated", "not actively maintained", "discontinued",
])  # fmt: skip
def test_a_level_that_says_so_is_an_end_without_a_date(level: str) -> None:
    [found] = support.endings([component("a", support_level=level, support_ends_on=None)], TODAY)
    assert (found.days_left, found.ended) == (None, True)
