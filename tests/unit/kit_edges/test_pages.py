"""Cursors: whatever a list is sorted by comes back as it was, and a forged one is a problem."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.pages import Key, decode, encode, moment, page
from services.kit.problems import Problem

PARTS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.uuids(),
    st.datetimes(timezones=st.just(UTC)),
)


@given(st.lists(PARTS, max_size=5).map(tuple))
def test_a_cursor_brings_its_key_back_with_types_and_is_fit_for_a_query(key: Key) -> None:
    cursor = encode(key)
    assert decode(cursor) == key
    assert [type(part) for part in decode(cursor)] == [type(part) for part in key]
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_an_instant_of_another_zone_comes_back_as_the_same_instant() -> None:
    paris = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert decode(encode((paris,))) == (paris,)


@given(st.text(min_size=1))
def test_any_text_is_a_key_or_a_problem_and_never_another_error(text: str) -> None:
    problem = None
    try:
        decode(text)
    except Problem as refused:
        problem = refused
    assert problem is None or (problem.status, problem.parameter) == (422, "cursor")


@pytest.mark.parametrize(
    "parts", ["[[1]]", "[{}]", '[{"at":"soon"}]', '[{"id":"x"}]', "5", "null", '[{"at":5}]', "{"]
)
def test_a_forged_cursor_is_a_problem(parts: str) -> None:
    import base64  # noqa: PLC0415  (only here)

    with pytest.raises(Problem):
        decode(base64.urlsafe_b64encode(parts.encode()).decode())


@given(st.sets(st.integers(min_value=0, max_value=500), max_size=60), st.integers(1, 20))
async def test_following_the_cursors_shows_every_item_once(numbers: set[int], limit: int) -> None:
    ordered = sorted(numbers)

    async def query(after: Key | None, most: int) -> list[int]:
        start = -1 if after is None else after[0]
        assert isinstance(start, int)
        return [number for number in ordered if number > start][:most]

    seen: list[int] = []
    cursor: str | None = None
    while True:
        got = await page(query, cursor, limit, lambda number: (number,))
        assert len(got.items) <= limit
        seen += got.items
        cursor = got.next
        if cursor is None:
            break
        assert len(got.items) == limit
    assert seen == ordered


def test_a_cursor_of_another_list_is_refused_with_what_to_give() -> None:
    with pytest.raises(Problem) as refused:
        moment(("a name",))
    assert "of another list" in str(refused.value.detail)
    assert moment(None) is None
