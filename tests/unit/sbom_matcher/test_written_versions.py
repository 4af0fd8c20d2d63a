"""Versions as people write them: packs and updates behind a blank have their order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sbom_matcher.domain import versions, written
from services.sbom_matcher.domain.versions import NoKey


def key(text: str) -> bytes:
    found = written.key("generic", text)
    assert isinstance(found, bytes), text
    return found


@pytest.mark.parametrize(
    "ordered",
    [
        ("V16", "V16 Update 3", "V16 Update 4", "V16 Update 10", "V16.1"),
        ("V1.0", "V1.0 SP2", "V1.0 SP2 Update 1", "V1.0 SP3", "V1.1"),
        ("3.4.3", "3.4.4", "3.4.4 Build 16102416", "3.4.4 build 16102417"),
        ("2018", "2018 R2", "2018 R2 SP1", "2019"),
    ],
)
def test_packs_order_behind_their_release(ordered: tuple[str, ...]) -> None:
    keys = [key(each) for each in ordered]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_a_blank_is_as_good_as_a_dash() -> None:
    assert key("V15.1 Upd 3") == key("15.1-update3") == key("V15.1 (Update 3)")


@pytest.mark.parametrize("text", ["1.0 or so", "SP2", "4.71 AFBT48C", "1.0 only with SP2"])
def test_what_has_no_plain_reading_still_has_no_key(text: str) -> None:
    assert isinstance(written.key("generic", text), NoKey)


@given(st.sampled_from(["generic", "npm", "pypi"]), st.text(max_size=60))
def test_a_text_that_has_a_key_keeps_it(scheme: str, text: str) -> None:
    found = versions.key(scheme, text)
    assert isinstance(found, NoKey) or written.key(scheme, text) == found
