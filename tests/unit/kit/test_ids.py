"""Ids are ordered by time or derived from their cause, and are what RFC 9562 says."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit import clock, ids


def test_ids_of_one_moment_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "milliseconds", lambda: 1_790_000_000_000)
    made = [ids.uuid7() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {(each.version, each.variant) for each in made} == {(7, uuid.RFC_4122)}


def test_ids_keep_their_order_when_the_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([2_000_000_000_000, 1_000_000_000_000, 2_000_000_000_001])
    monkeypatch.setattr(clock, "milliseconds", lambda: next(moments))
    first, second, third = ids.uuid7(), ids.uuid7(), ids.uuid7()
    assert first < second < third


@given(st.lists(st.text()))
def test_a_derived_id_is_the_uuid5_of_its_parts(parts: list[str]) -> None:
    assert ids.derived(*parts) == uuid.uuid5(ids.NAMESPACE, "\x1f".join(parts))


def test_different_parts_give_different_ids() -> None:
    assert ids.derived("ab", "c") != ids.derived("a", "bc")


@given(st.uuids())
def test_a_parsed_id_is_the_same_id(made: uuid.UUID) -> None:
    parsed = ids.parse(str(made))
    assert parsed == made
    assert hash(parsed) == hash(made)
    assert isinstance(parsed, uuid.UUID)
    with pytest.raises(ValueError, match="invalid UUID"):
        ids.parse(f"{made}0")
