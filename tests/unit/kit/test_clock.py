"""Legal time becomes wall time only when an alarm is armed."""

from datetime import UTC, datetime, timedelta

from services.kit import clock

NOON = datetime(2026, 9, 11, 12, tzinfo=UTC)


def test_the_present_is_aware_and_in_utc() -> None:
    assert clock.now().tzinfo is UTC


def test_without_compression_an_alarm_fires_when_it_is_due() -> None:
    assert clock.wall(NOON, NOON - timedelta(days=1), 1.0) == NOON


def test_compressed_time_passes_faster_from_the_moment_of_arming() -> None:
    armed = NOON - timedelta(hours=24)
    assert clock.wall(NOON, armed, 3600) == armed + timedelta(seconds=24)
