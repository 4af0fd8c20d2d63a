"""The grammar of version ranges written for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.advisories import Range
from services.intake.formats.version_text import named_ranges, ranges


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2.3", Range(exact=("1.2.3",))),
        ("8.2\\(7\\)", Range(exact=("8.2(7)",))),
        ("*", Range()),
        ("All versions", Range()),
        ("vers:all/*", Range()),
        ("< 10.6.2", Range(fixed="10.6.2")),
        ("<=V3.1", Range(last_affected="V3.1")),
        (">= 4.0.0, <= 4.1.0", Range(introduced="4.0.0", last_affected="4.1.0")),
        ("> 1.0, < 2.0", Range(introduced="1.0", introduced_exclusive=True, fixed="2.0")),
        (">=1.220|<=1.281", Range(introduced="1.220", last_affected="1.281")),
        ("vers:all/<V3.1.4", Range(fixed="V3.1.4")),
        ("All versions < V8.1", Range(fixed="V8.1")),
        ("before 8.5.0", Range(fixed="8.5.0")),
        ("versions prior to 2.1", Range(fixed="2.1")),
        ("5.7.23 and prior", Range(last_affected="5.7.23")),
        ("v03.09 and earlier", Range(last_affected="v03.09")),
        ("7.1 and later", Range(introduced="7.1")),
        ("5.0.0 to 5.15.2", Range(introduced="5.0.0", last_affected="5.15.2")),
        ("12.1.1-12.1.3", Range(introduced="12.1.1", last_affected="12.1.3")),
        ("from 1.0 before 2.0", Range(introduced="1.0", fixed="2.0")),
        ("1.20.x", Range(introduced="1.20", fixed="1.21")),
        ("1.20.x and prior", Range(fixed="1.21")),
        ("12.2.8.400 and earlier", Range(last_affected="12.2.8.400")),
        ("up to (including) 3.4", Range(last_affected="3.4")),
        ("from (including) 3.0 up to (excluding) 3.4", Range(introduced="3.0", fixed="3.4")),
        ("< V4.8 HF4", Range(fixed="V4.8 HF4")),
        ("All versions < V1.0 SP2 Update 1", Range(fixed="V1.0 SP2 Update 1")),
        ("<= 3.4.4 Build 16102416", Range(last_affected="3.4.4 Build 16102416")),
        ("<=Ver.2.60", Range(last_affected="Ver.2.60")),
        ("<=(R4.10)", Range(last_affected="R4.10")),
        ("vers:all/>=2.3<V3.0", Range(introduced="2.3", fixed="V3.0")),
        (">=R6.01.01 -| <=R8.03.01", Range(introduced="R6.01.01", last_affected="R8.03.01")),
        ("10.4.x.x", Range(introduced="10.4", fixed="10.5")),
        ("<= 9.2.*", Range(fixed="9.3")),
        ("8.10.0.0: 8.10.0.12 and below",
         Range(introduced="8.10.0.0", last_affected="8.10.0.12")),
        ("9.3.x.x: 9.3.3.0 and below", Range(introduced="9.3", last_affected="9.3.3.0")),
        ("fixed in Examplelib 1.1.1d (affected 1.1.1-1.1.1c)",
         Range(introduced="1.1.1", fixed="1.1.1d")),
    ],
)  # fmt: skip
def test_a_known_form_becomes_its_range(text: str, expected: Range) -> None:
    assert ranges(text) == (expected,)


def test_a_list_becomes_its_parts_and_a_vers_its_pairs() -> None:
    assert ranges("9.5 - 9.5.24, 11.0.1") == (
        Range(exact=("11.0.1",)), Range(introduced="9.5", last_affected="9.5.24"),
    )  # fmt: skip
    assert ranges("vers:npm/>=1|<2|>=3|<4") == (
        Range(introduced="1", fixed="2"), Range(introduced="3", fixed="4"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["n/a", "-", "", "unspecified", "0", "distributed < april 1, 2018", "< 1/2/2018", "QCN9070",
     "a28b2bfc099c", "only with the web option", ">= 1, >= 2", "!= 3", "1" * 600],
)  # fmt: skip
def test_what_is_not_understood_is_kept_with_a_reason_and_never_guessed(text: str) -> None:
    (found,) = ranges(text)
    assert found.unparsed is not None
    assert found.reason
    assert (found.introduced, found.fixed, found.last_affected, found.exact) == (
        None,
        None,
        None,
        (),
    )


@given(st.text(max_size=60))
def test_any_text_gives_at_least_one_range(text: str) -> None:
    assert ranges(text)


@given(
    st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){1,3}", fullmatch=True),
    st.sampled_from(["<", "<=", ">", ">=", "="]),
)
def test_an_operator_keeps_its_bound_and_its_side(version: str, operator: str) -> None:
    (found,) = ranges(f"{operator} {version}")
    bounds = {
        "<": found.fixed, "<=": found.last_affected, ">": found.introduced,
        ">=": found.introduced, "=": found.exact[0] if found.exact else None,
    }  # fmt: skip
    assert bounds[operator] == version
    assert found.introduced_exclusive == (operator == ">")


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("FortiClientLinux 7.0.2 and below", ("Fortinet", "FortiClientLinux"),
         Range(last_affected="7.0.2")),
        ("android_12.0", ("Google", "Android"), Range(exact=("12.0",))),
        ("Java SE:8u361", ("Oracle Corporation", "Java SE JDK and JRE"), Range(exact=("8u361",))),
        ("Control Card 2 (NMC2) 6.9.6", ("Acme", "Control Card 2 (NMC2)"),
         Range(exact=("6.9.6",))),
    ],
)  # fmt: skip
def test_the_products_own_name_before_a_version_is_passed_over(
    text: str, names: tuple[str, ...], expected: Range
) -> None:
    assert named_ranges(text, *names) == (expected,)


def test_another_products_name_before_a_version_is_not() -> None:
    (found,) = named_ranges("Other Thing 7.0", "Acme", "Thing")
    assert found.reason == "the name of a model or product, not a version"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a28b2bfc099c", "git commits have no order"),
        ("february_2023", "a date is no version"),
        ("< july 1 2017", "a date is no version"),
        (">= 20.8 (only with the option)", "a condition stands beside the version"),
        ("WCD9380", "the name of a model or product, not a version"),
        ("some builds", "words without a version"),
    ],
)
def test_the_reason_says_what_kind_of_text_it_is(text: str, reason: str) -> None:
    (found,) = ranges(text)
    assert found.reason == reason


PIECES = st.lists(
    st.sampled_from(
        ["1.0", "2.x", "V3", "<", "<=", ">=", "=", "|", ",", "and", "prior to", "to", "SP2",
         "Update", "4", "(", ")", ":", "vers:all/", "*", "Pump", "earlier", "-", "²", "\\"]
    ),
    max_size=12,
)  # fmt: skip


@given(PIECES, st.sampled_from(["", " "]))
def test_any_mixture_of_known_pieces_gives_ranges_that_hold(
    pieces: list[str], between: str
) -> None:
    for found in named_ranges(between.join(pieces), "Pump"):
        assert (found.unparsed is None) == (found.reason is None)


def test_a_text_of_a_million_characters_is_kept_short_and_unread() -> None:
    for text in ("1." * 500_000, "< " * 500_000, "a" * 1_000_000):
        (found,) = named_ranges(text, text, "Pump")
        assert found.unparsed is not None
        assert len(found.unparsed) == 500


def test_alternatives_of_comparisons_are_ranges_each_by_itself() -> None:
    assert ranges("<2.0 || >=3.0 <3.1") == (
        Range(fixed="2.0"), Range(introduced="3.0", fixed="3.1"),
    )  # fmt: skip
    assert ranges(">=3.0 || <2.0") == (Range(introduced="3.0"), Range(fixed="2.0"))
    for text in ("1.0 <= 2.0 || 3", "|| <2", "<2 ||"):
        assert ranges(text)[0].unparsed == text
