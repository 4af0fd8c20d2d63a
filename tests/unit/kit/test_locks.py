"""Locks are few, sorted, and the same in every process."""

from hypothesis import given
from hypothesis import strategies as st

from services.kit import locks


@given(st.lists(st.text()))
def test_buckets_are_sorted_distinct_and_within_bounds(keys: list[str]) -> None:
    found = locks.buckets(keys)
    assert found == sorted(set(found))
    assert all(0 <= bucket < locks.BUCKETS for bucket in found)
    assert found == locks.buckets(reversed(keys))


@given(st.text())
def test_the_class_of_a_lock_fits_into_postgresql(kind: str) -> None:
    assert -(1 << 31) <= locks.signed(kind) < 1 << 31


def test_the_buckets_of_a_key_never_change_between_releases() -> None:
    assert locks.buckets(["CVE-2026-0001", "CVE-2026-0002"]) == [105, 211]
