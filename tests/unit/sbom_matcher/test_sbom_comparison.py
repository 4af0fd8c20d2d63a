"""Two inventories against each other: what changed, and how much of a build an SBOM covers."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.sboms import Component
from services.sbom_matcher.domain.sboms.accuracy import measure
from services.sbom_matcher.domain.sboms.comparison import compare


def of(purl: str, **more: Any) -> Component:
    """A component with this purl, named by it."""
    name, _, version = purl.rpartition("/")[2].partition("@")
    return Component(ref=purl, name=name, version=version or None, purl=purl, **more)


def named(name: str, version: str | None = "1.0", **more: Any) -> Component:
    return Component(ref=f"{name}-{version}", name=name, version=version, **more)


def test_added_removed_and_changed_components_are_told_apart() -> None:
    found = compare(
        [of("pkg:npm/a@1"), of("pkg:npm/b@1"), of("pkg:npm/c@1")],
        [of("pkg:npm/c@2"), of("pkg:npm/d@1"), of("pkg:npm/a@1")],
    )
    assert [each.name for each in found.added] == ["d"]
    assert [each.name for each in found.removed] == ["b"]
    assert [(a.version, b.version) for a, b in found.versions] == [("1", "2")]
    assert (found.identifiers, found.unchanged, found.same) == ((), 1, False)


def test_another_version_in_a_purl_is_no_other_identifier() -> None:
    before = of("pkg:npm/a@1.0", cpe="cpe:2.3:a:x:a:1.0:*:*:*:*:*:*:*")
    after = of("pkg:npm/a@1.1", cpe="cpe:2.3:a:x:a:1.1:*:*:*:*:*:*:*")
    found = compare([before], [after])
    assert (len(found.versions), len(found.identifiers)) == (1, 0)


def test_a_component_that_gains_an_identifier_is_the_same_component() -> None:
    found = compare([named("tinytls", supplier="X")], [of("pkg:conan/tinytls@1.0")])
    assert [(a.purl, b.purl) for a, b in found.identifiers] == [(None, "pkg:conan/tinytls@1.0")]
    assert (found.added, found.removed, found.versions) == ((), (), ())


def test_packages_of_two_ecosystems_are_never_one_component() -> None:
    found = compare([of("pkg:npm/debug@1")], [of("pkg:pypi/debug@1")])
    assert (len(found.added), len(found.removed)) == (1, 1)


def test_two_versions_of_one_package_keep_their_counterparts() -> None:
    found = compare([of("pkg:npm/a@1"), of("pkg:npm/a@2")], [of("pkg:npm/a@2"), of("pkg:npm/a@3")])
    assert [(a.version, b.version) for a, b in found.versions] == [("1", "3")]
    assert found.unchanged == 1


def test_an_sbom_covers_what_it_has_in_the_same_version() -> None:
    found = measure(
        [of("pkg:npm/a@1"), of("pkg:npm/b@1"), of("pkg:npm/x@1")],
        [of("pkg:npm/a@1"), of("pkg:npm/b@2"), of("pkg:npm/c@1"), of("pkg:npm/d@1")],
    )
    assert (found.rate, found.covered, found.actual) == (25.0, 1, 4)
    assert [each.name for each in found.missing] == ["c", "d"]
    assert [each.name for each in found.extra] == ["x"]
    assert [(a.version, b.version) for a, b in found.other_version] == [("1", "2")]


def test_versions_count_as_their_ecosystem_compares_them() -> None:
    assert measure([of("pkg:pypi/a@1.0")], [of("pkg:pypi/A@1.0.0")]).rate == 100
    assert measure([of("pkg:golang/x/y@1.2.3")], [of("pkg:golang/x/y@v1.2.3")]).rate == 100


def test_versions_that_have_no_order_count_as_written() -> None:
    same, other = "pkg:github/x/y@deadbeef", "pkg:github/x/y@cafe0000"
    assert measure([of(same)], [of(same)]).rate == 100
    assert measure([of(same)], [of(other)]).rate == 0
    assert measure([of("pkg:github/x/y")], [of("pkg:github/x/y")]).rate == 100


def test_a_list_of_names_and_versions_meets_packages_of_a_distribution() -> None:
    sbom = [of("pkg:deb/debian/zlib1g@1:1.2.13?arch=amd64").model_copy(
        update={"name": "zlib1g", "version": "1:1.2.13"})]  # fmt: skip
    assert measure(sbom, [named("zlib1g", "1:1.2.13")]).rate == 100
    assert measure(sbom, [named("zlib1g", "1.2.13")]).rate == 100
    assert measure(sbom, [named("zlib1g", "1.2.12")]).rate == 0


def test_a_package_listed_for_two_places_counts_once() -> None:
    found = measure([of("pkg:npm/a@1")], [of("pkg:npm/a@1"), of("pkg:npm/a@1"), of("pkg:npm/b@1")])
    assert (found.actual, found.rate) == (2, 50.0)


def test_a_build_without_packages_is_covered_by_nothing() -> None:
    assert measure([of("pkg:npm/a@1")], []).rate == 0


PACKAGES = st.lists(
    st.builds(
        "pkg:{}/{}@{}".format,
        st.sampled_from(["npm", "pypi", "generic"]), st.sampled_from("abc"), st.sampled_from("12"),
    ).map(of) | st.builds(named, st.sampled_from("abc"), st.sampled_from("12") | st.none()),
    max_size=8,
)  # fmt: skip


@given(PACKAGES, PACKAGES)
def test_every_component_is_paired_once_or_named(before: Any, after: Any) -> None:
    found = compare(before, after)
    changed = {id(each) for each in (*found.versions, *found.identifiers)}
    assert found.unchanged + len(changed) + len(found.removed) == len(before)
    assert found.unchanged + len(changed) + len(found.added) == len(after)


@given(PACKAGES)
def test_an_inventory_covers_itself_and_has_not_changed(components: Any) -> None:
    assert compare(components, list(reversed(components))).added == ()
    if components:
        assert measure(components, components).rate == 100
