"""The brake stops a consumer only when most of many records fail."""

from hypothesis import given
from hypothesis import strategies as st

from services.kit.brake import Brake


def test_it_does_not_hold_before_its_window_is_full() -> None:
    assert not Brake(10, 0.5).holds([True] * 9)
    assert Brake(10, 0.5).holds([True] * 10)


def test_it_remembers_earlier_records() -> None:
    brake = Brake(10, 0.5)
    brake.note([False] * 4)
    brake.note([True] * 5)
    assert brake.holds([True])
    brake.note([False])
    assert not brake.holds([False])


def test_half_of_the_records_is_not_most_of_them() -> None:
    assert not Brake(10, 0.5).holds([True, False] * 5)


@given(st.lists(st.lists(st.booleans(), max_size=30), max_size=10), st.integers(1, 20))
def test_it_looks_at_the_last_window_however_records_were_batched(
    batches: list[list[bool]], window: int
) -> None:
    brake = Brake(window, 0.5)
    for batch in batches:
        brake.note(batch)
    everything = [each for batch in batches for each in batch]
    last = everything[-window:]
    assert brake.holds([]) == (len(last) == window and sum(last) > 0.5 * window)
