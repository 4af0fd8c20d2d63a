"""Version keys: bytes compare as versions do, and what has no order says why."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.version import Version

from services.sbom_matcher.domain import versions
from services.sbom_matcher.domain.versions import NoKey, generic
from services.sbom_matcher.domain.versions.encoding import FIRST


def keyed(scheme: str, version: str) -> bytes:
    found = versions.key(scheme, version)
    assert isinstance(found, bytes), f"{version}: {found}"
    return found


@pytest.mark.parametrize(
    "ordered",
    [
        "1.0-dev 1.0-alpha 1.0a1 1.0-beta2 1.0-rc1 1.0 1.0a 1.0b 1.0-p1 1.0.1 1.0.10 1.1",
        "1.0.2 1.0.2a 1.0.2z 1.0.2za 1.0.2zh 1.0.3",
        "0.13 0.13c 0.14",
        "12.2.8.400 12.2.8.410 12.3",
        "2.8.123 2.8.123e 2.8.124",
        "10.1.3-h1 10.1.3-h4 10.1.4",
        "9.8(2)13 9.8(2)14 9.9(1)",
    ],
)
def test_generic_versions_follow_the_order_written_down(ordered: str) -> None:
    keys = [keyed("generic", each) for each in ordered.split()]
    assert keys[1:] == sorted(keys)[1:]
    assert sorted(keys) == keys


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.0", "1"),
        ("1.0.0", "v1.0"),
        ("r0.13", "0.13"),
        ("2.9.0.Final", "2.9"),
        ("7 SP1", "7-sp1"),
    ],
)
def test_generic_spellings_of_one_version_are_equal(one: str, other: str) -> None:
    assert keyed("generic", one) == keyed("generic", other)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("b42dd4badf803bb9fb71ac34cd9cb0c249262f2c", "hash"),
        ("sha256:" + "751d73ff" * 8, "hash"),
        ("distributed before april 1, 2018", "name"),
        ("Kestrel", "name"),
        ("1.2.0 - 1.4.0", "two_versions"),
        ("1.2.0-1.4.0", "two_versions"),
        ("2013-01-21T20:33:09", "date"),
        ("12.2(33)SXI4", "train"),
        ("1:1.2.3-1.el7", "sign"),
        ("1.2-whatever", "word"),
        ("x" * 65, "prose"),
        ("1." + "9" * 600, "too_long"),
    ],
)
def test_generic_refuses_what_has_no_plain_order(text: str, reason: str) -> None:
    assert versions.key("generic", text) == NoKey(reason)


def test_a_wildcard_covers_its_series_and_nothing_else() -> None:
    low, high = generic.wildcard("5.10.*") or (b"", b"")
    inside = ("5.10", "5.10-rc1", "5.10.1", "5.10.999", "5.10.1-rc2")
    assert all(low <= keyed("generic", each) < high for each in inside)
    assert not any(low <= keyed("generic", each) < high for each in ("5.9.9", "5.11", "5.100"))


def test_semver_build_metadata_does_not_count_and_prereleases_sort_by_identifier() -> None:
    assert keyed("npm", "1.2.3+one") == keyed("npm", "1.2.3+other")
    ordered = (
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-rc.2",
        "1.0.0-rc.10",
        "1.0.0",
    )
    keys = [keyed("npm", each) for each in ordered]
    assert sorted(keys) == keys


def test_a_go_pseudo_version_is_above_nothing_that_zero_introduces() -> None:
    assert keyed("golang", "v0.0.0-20190101000000-abcdefabcdef") > FIRST


def test_legacy_python_versions_sort_below_every_valid_one() -> None:
    assert keyed("pypi", "2.0.1rc2-git") < keyed("pypi", "0.dev0")
    assert keyed("pypi", "0.3m2") < keyed("pypi", "0.3m3")


RELEASES = st.lists(st.integers(0, 10**20), min_size=1, max_size=4).map(
    lambda numbers: ".".join(map(str, numbers))
)
SHORT = RELEASES.filter(lambda text: len(text) <= 64)  # longer ones are no version of a product
PEP_440 = st.builds(
    lambda epoch, release, pre, post, dev, local: epoch + release + pre + post + dev + local,
    st.sampled_from(["", "1!"]),
    RELEASES,
    st.sampled_from(["", "a1", "b2", "rc1", "rc10"]),
    st.sampled_from(["", ".post1", ".post20"]),
    st.sampled_from(["", ".dev1", ".dev30"]),
    st.sampled_from(["", "+abc", "+abc.1", "+1", "+1.2"]),
)


@given(PEP_440, PEP_440)
@example("1.0", "1.0.0")
@example("1.0a1.dev1", "1.0.dev1")
def test_python_keys_order_as_pep_440_does(one: str, other: str) -> None:
    a, b = Version(one), Version(other)
    x, y = keyed("pypi", one), keyed("pypi", other)
    assert ((x > y) - (x < y)) == ((a > b) - (a < b))


@given(SHORT, SHORT)
def test_plain_generic_releases_order_as_their_numbers_do(one: str, other: str) -> None:
    def plain(text: str) -> list[int]:
        numbers = [int(each) for each in text.split(".")]
        while numbers and numbers[-1] == 0:
            numbers.pop()
        return numbers

    x, y = keyed("generic", one), keyed("generic", other)
    a, b = plain(one), plain(other)
    assert ((x > y) - (x < y)) == ((a > b) - (a < b))
