"""What holds of every scheme's keys, whatever is written: a total order inside fixed bounds."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from univers.versions import DebianVersion, RpmVersion, RubygemsVersion, SemverVersion

from services.sbom_matcher.domain import versions
from services.sbom_matcher.domain.versions import LONGEST_KEY, NoKey
from services.sbom_matcher.domain.versions.encoding import FIRST, HIGHEST, above

SCHEMES = sorted(versions.SCHEMES)
PACKAGES = [each for each in SCHEMES if each != versions.GENERIC]

WORDS = st.sampled_from(
    ["alpha", "a", "b", "beta", "rc", "RC1", "pre", "dev", "p", "pl", "SNAPSHOT", "final", "sp",
     "el9", "deb12u1", "git", "r", "v", "x", "foo", "post", "cr", "m", "M3"]
)  # fmt: skip
SIGNS = st.sampled_from([".", "-", "_", "+", "~", "^", ":", "-r", "_p", "", "", "."])
DIGITS = st.one_of(
    st.integers(0, 12).map(str),
    st.integers(0, 10**18).map(str),
    st.sampled_from(["00", "01", "007"]),
)
PIECES = st.tuples(SIGNS, st.one_of(DIGITS, DIGITS, WORDS)).map("".join)
VERSIONS = st.builds(
    lambda first, rest: first + "".join(rest), DIGITS, st.lists(PIECES, max_size=6)
)
"""Texts that are near enough to versions that most schemes key many of them."""


def key(scheme: str, version: str) -> bytes | None:
    found = versions.key(scheme, version)
    return found if isinstance(found, bytes) else None


@given(st.sampled_from(SCHEMES), st.one_of(st.text(max_size=90), VERSIONS))
@example("generic", "1.2.3(\n")
@example("pypi", "1.0+\ud800")
@example("rpm", "1.1.\ud800")
@example("maven", "1.\u0130")
@example("pypi", "1.\u0661")
@example("semver", "\u0661.0")
@example("debian", "1" * 97)
@example("composer", "v")
@example("alpine", "-r1")
def test_no_text_makes_a_key_fail_and_keys_stay_inside_their_bounds(scheme: str, text: str) -> None:
    found = versions.key(scheme, text)
    if isinstance(found, NoKey):
        assert found.reason
    else:
        assert FIRST < found < HIGHEST
        assert len(found) <= LONGEST_KEY


@given(st.sampled_from(SCHEMES), VERSIONS, VERSIONS)
def test_no_key_is_the_beginning_of_another(scheme: str, one: str, other: str) -> None:
    a, b = key(scheme, one), key(scheme, other)
    if a is not None and b is not None and a != b:
        assert not a.startswith(b)
        assert (above(a) <= b) == (a < b)


@given(st.sampled_from(PACKAGES), VERSIONS)
def test_a_key_does_not_depend_on_blanks_around_the_version(scheme: str, version: str) -> None:
    assert versions.key(scheme, f" {version}\n") == versions.key(scheme, version)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_million_characters_are_refused(scheme: str) -> None:
    for text in ("1" * 1_000_000, "1." * 500_000, "~" * 1_000_000, "a-" * 500_000):
        assert versions.key(scheme, text) == NoKey("too_long")
        assert versions.stored_key(scheme, text) == NoKey("too_long")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "unit",
    ["1", "0", "1.", ".", "-", "1-", "a", "a.", "1a", "a1", "~", "^", "_p", "p1", "-r1", "+"],
)
def test_the_longest_text_of_every_kind_is_answered(scheme: str, unit: str) -> None:
    for end in ("", "!", "\u00e4", "1"):
        text = (f"1{unit * versions.LONGEST}")[: versions.LONGEST - len(end)] + end
        found = versions.stored_key(scheme, text)
        assert isinstance(found, NoKey) or len(found) <= LONGEST_KEY


def _integers(version: str) -> list[int]:
    return [int(each) for each in version.replace("-", ".").split(".")]


SHORT = st.integers(0, 30).map(str)
DOTTED = st.lists(st.one_of(SHORT, DIGITS), min_size=1, max_size=5).map(".".join)
DEBIAN = st.from_regex(
    r"([0-3]:)?[0-9]{1,2}([.+~]?[a-c0-2]){0,6}(-[a-c0-2+~.]{1,4})?", fullmatch=True
)
RPM = st.from_regex(
    r"([0-3]:)?[0-9]{1,2}([.~^_]?[a-cA-C0-2]){0,6}-[a-c0-2~^.]{0,4}[0-9a-c]", fullmatch=True
)
GEMS = st.from_regex(r"[0-9]{1,2}(\.([a-b]{1,2}|[0-2]{1,2}|[a-b][0-2])){0,5}", fullmatch=True)
SEMVER = st.from_regex(
    r"(0|[1-9][0-9]?)(\.(0|[1-3])){2}(-(0|[1-9]|[a-c-]{1,2})(\.(0|[1-9]|[a-c-]{1,2})){0,3})?",
    fullmatch=True,
)
NUMBERED = st.lists(SHORT, min_size=1, max_size=5).flatmap(
    lambda parts: st.sampled_from([".".join(parts), "-".join(parts)])
)


@pytest.mark.parametrize(
    ("scheme", "written", "model"),
    [
        ("debian", DEBIAN, DebianVersion),
        ("rpm", RPM, RpmVersion),
        ("rubygems", GEMS, RubygemsVersion),
        ("npm", SEMVER, SemverVersion),
        ("cran", NUMBERED, _integers),
        ("hackage", DOTTED, _integers),
    ],
)
def test_keys_order_versions_as_an_independent_model_does(
    scheme: str, written: st.SearchStrategy[str], model: Callable[[str], Any]
) -> None:
    @given(written, written)
    def agrees(one: str, other: str) -> None:
        a, b = key(scheme, one), key(scheme, other)
        assert a is not None
        assert b is not None
        x, y = model(one), model(other)
        assert ((a > b) - (a < b)) == ((x > y) - (x < y))

    agrees()


@given(DOTTED, st.sampled_from(["", ".RC1", "-rc-1", ".Final", "-SNAPSHOT", "-jre", ".jre", "-1"]))
def test_maven_qualifiers_stand_around_their_release(release: str, qualifier: str) -> None:
    """Maven's own order is not total, so no model can be asked; this much holds in both."""
    plain, other = key("maven", release), key("maven", release + qualifier)
    assert plain is not None
    assert other is not None
    expected = {"": 0, ".Final": 0, ".RC1": 1, "-rc-1": 1, "-SNAPSHOT": 1}.get(qualifier, -1)
    assert (plain > other) - (plain < other) == expected


@given(DOTTED, DOTTED)
def test_numbers_order_releases_wherever_trailing_zeros_do_not_count(one: str, other: str) -> None:
    def plain(text: str) -> list[int]:
        numbers = _integers(text)
        while numbers and numbers[-1] == 0:
            numbers.pop()
        return numbers

    x, y = plain(one), plain(other)
    for scheme in ("npm", "pub", "nuget", "pypi", "maven", "rubygems"):
        a, b = key(scheme, one), key(scheme, other)
        assert a is not None
        assert b is not None
        assert ((a > b) - (a < b)) == ((x > y) - (x < y)), scheme
