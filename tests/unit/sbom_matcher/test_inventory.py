"""Inventory: what is not known of a product version, so that no finding looks like safety."""

from schemas.findings import Verdict
from services.sbom_matcher.domain.inventory import Contents, Released, gaps


def where(released: Released, *contents: Contents) -> set[tuple[str, str, str | None]]:
    return {
        (place.hardware, place.component, decision.reason)
        for place, decision in gaps([released], contents).items()
    }


def test_a_version_without_an_sbom_is_one_finding() -> None:
    assert where(Released("p", "1", ("A", "B"))) == {("", "", "no_inventory")}


def test_an_sbom_in_which_nothing_can_be_met_is_no_inventory() -> None:
    assert where(Released("p", "1", ()), Contents("p", "1", "", 0)) == {("", "", "no_inventory")}


def test_an_sbom_for_any_hardware_covers_all() -> None:
    assert where(Released("p", "1", ("A", "B")), Contents("p", "1", "", 3)) == set()


def test_an_sbom_for_one_hardware_leaves_the_other_unknown() -> None:
    assert where(Released("p", "1", ("A", "B")), Contents("p", "1", "A", 3)) == {
        ("B", "", "no_inventory")
    }


def test_another_versions_sbom_does_not_count() -> None:
    assert where(Released("p", "2", ()), Contents("p", "1", "", 3)) == {("", "", "no_inventory")}


def test_a_component_whose_identifiers_cannot_be_read_is_shown() -> None:
    found = gaps([Released("p", "1", ())], [Contents("p", "1", "", 3, ("c1",))])
    [(place, decision)] = found.items()
    assert (place.vulnerability, place.component) == ("inventory/p", "c1")
    assert decision.verdict is Verdict.UNKNOWN
    assert decision.reason == "unreadable_identifier"
