"""How many subjects a match takes: as many as hold the lock for the time it may."""

from services.sbom_matcher.matcher import Pace


def test_a_pace_settles_where_a_match_takes_the_time_it_may() -> None:
    pace = Pace()
    for _ in range(40):
        pace.learn(0.005 + 0.001 * pace.size, pace.size)
    assert 0.025 <= 0.005 + 0.001 * pace.size <= 0.045


def test_one_slow_match_does_not_end_large_ones() -> None:
    pace = Pace(0.001)
    pace.learn(0.2, 30)
    assert pace.size >= 10


def test_after_an_error_subjects_go_singly_and_then_together_again() -> None:
    pace = Pace(0.001)
    pace.go_singly()
    assert pace.size == 1
    for _ in range(20):
        pace.learn(0.001 * pace.size, pace.size)
    assert pace.size > 10
