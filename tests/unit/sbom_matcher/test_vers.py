"""Version range specifiers: what they hold, how they are written, and ranges as assertions say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.advisories import Range
from services.sbom_matcher.domain import versions
from services.sbom_matcher.domain.intervals import of_range
from services.sbom_matcher.domain.versions.vers import Constraint, Vers, VersError, made, parse
from services.sbom_matcher.domain.versions.vers_ranges import ranges_of, vers_of


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("vers:npm/>=1.0.0|<1.4.2", "1.0.0 1.4.1 1.4.2-rc.1", "1.0.0-rc.1 0.9.0 1.4.2"),
        ("vers:npm/1.2.3|>=2.0.0|<=5.0.0", "1.2.3 2.0.0 5.0.0", "1.2.4 1.9.9 5.0.1"),
        ("vers:deb/<1:2.0-1|!=1.5-1", "0.1 1:1.9-7", "1.5-1 1:2.0-1"),
        ("vers:pypi/!=2.0", "1.0 3.0", "2.0 2.0.0"),
        ("vers:pypi/1.0|!=2.0", "1.0.0", "2.0 3.0"),
        ("vers:gem/<1.0|>=1.2|!=1.5|<2.0|>3.0", "0.9 1.2 1.4 3.1", "1.0 1.5 2.0 3.0"),
        ("vers:npm/*", "0.0.1 99.0.0", ""),
        ("vers:composer/>=1.0.0|<2.0", "1.0 1.0.0-p1", "1.0-RC1 2.0.0 2"),
    ],
)
def test_a_specifier_holds_what_lies_between_its_bounds(
    text: str, inside: str, outside: str
) -> None:
    found = parse(text)
    assert [each for each in inside.split() if not found.holds(each)] == []
    assert [each for each in outside.split() if found.holds(each)] == []


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (" vers:NPM/ <1.4.2 | >=1.0.0 ", "vers:npm/>=1.0.0|<1.4.2"),
        ("vers:debian/=1%3A2.0-1", "vers:deb/1:2.0-1"),
        ("vers:npm/=3|=1|=2", "vers:npm/1|2|3"),
        ("vers:pypi/*", "vers:pypi/*"),
        ("vers:pypi/>1.0%2Babc", "vers:pypi/>1.0+abc"),
    ],
)
def test_a_specifier_is_written_in_its_canonical_form(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical
    assert str(parse(canonical)) == canonical


def test_a_sign_that_means_something_is_escaped() -> None:
    written = str(Vers("generic", (Constraint("=", "1.0|2.0%"),)))
    assert written == "vers:generic/1.0%7C2.0%25"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("npm/>=1", "does not begin"),
        ("vers:npm", "does not begin"),
        ("vers:npm/", "does not begin"),
        ("vers:none/*", "names no version"),
        ("vers:npm/>=", "is no constraint"),
        ("vers:npm/1||2", "is no constraint"),
        ("vers:npm/><1", "is no constraint"),
        ("vers:npm/>=latest", "'latest' has no order in npm: not_semver"),
        ("vers:npm/>=1|<1.0.0", "named twice"),
        ("vers:npm/>=1|>=2", "says nothing"),
        ("vers:npm/" + "1|" * 500_000, "more than"),
    ],
)
def test_what_is_no_specifier_says_why(text: str, reason: str) -> None:
    with pytest.raises(VersError, match=reason):
        parse(text)


@pytest.mark.parametrize(
    ("ranges", "written"),
    [
        ([], "vers:npm/*"),
        ([Range()], "vers:npm/*"),
        ([Range(introduced="0")], "vers:npm/*"),
        ([Range(introduced="0", fixed="1.2")], "vers:npm/<1.2"),
        ([Range(introduced="1.0", last_affected="1.2")], "vers:npm/>=1.0|<=1.2"),
        ([Range(introduced="1.0", introduced_exclusive=True)], "vers:npm/>1.0"),
        ([Range(exact=("1.2", "1.0"))], "vers:npm/1.0|1.2"),
        ([Range(introduced="2", fixed="3"), Range(fixed="1")], "vers:npm/<1|>=2|<3"),
        ([Range(introduced="1", fixed="2"), Range(introduced="2.0", fixed="3")], "vers:npm/>=1|<3"),
        ([Range(introduced="1", fixed="4"), Range(exact=("2", "4"))], "vers:npm/>=1|<=4"),
        ([Range(fixed="1"), Range(introduced="1.0", introduced_exclusive=True)], "vers:npm/!=1.0"),
        ([Range(introduced="1.5", fixed="1.5")], "vers:npm/<1.5"),
    ],
)
def test_an_assertions_ranges_are_written_as_one_specifier(
    ranges: list[Range], written: str
) -> None:
    assert str(vers_of("npm", ranges)) == written


@pytest.mark.parametrize(
    "stated",
    [
        Range(unparsed="all of them, mostly", reason="not a range"),
        Range(introduced="2.0", fixed="1.0"),
        Range(fixed="latest"),
    ],
)
def test_a_range_that_cannot_be_read_is_not_written(stated: Range) -> None:
    with pytest.raises(VersError):
        vers_of("npm", [stated])


NUMBERS = st.integers(0, 9)
COMPARATORS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
DRAWN = st.dictionaries(NUMBERS, COMPARATORS, min_size=1, max_size=6)


@given(DRAWN)
def test_a_specifier_says_the_same_as_its_ranges_and_as_what_they_are_written_as(
    drawn: dict[int, str],
) -> None:
    try:
        found = made("npm", [Constraint(sign, f"{n}.0.0") for n, sign in drawn.items()])
    except VersError:
        return  # two bounds of one direction follow each other
    ranges = ranges_of(found)
    again = vers_of("npm", ranges)
    for number in range(10):
        for version in (f"{number}.0.0", f"{number}.5.0"):
            key = versions.key("npm", version)
            assert isinstance(key, bytes)
            spans = [span for each in ranges for span in of_range("npm", each).intervals]
            held = any(span.low <= key < span.high for span in spans)
            assert held == found.holds(version)
            assert held == again.holds(version)
    assert parse(str(found)) == found


@given(st.one_of(st.text(), st.text(alphabet="vers:npm/<>=!*|%.0123- ").map("vers:npm/".__add__)))
def test_no_text_makes_a_specifier_fail_otherwise_than_declared(text: str) -> None:
    try:
        found = parse(text)
    except VersError:
        return
    assert parse(str(found)) == found
