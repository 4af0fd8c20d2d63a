"""The one place that reads the time; everything else is given an instant."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Read the present instant, aware, in UTC."""
    return datetime.now(UTC)


def milliseconds() -> int:
    """Read the present instant as whole milliseconds since 1970, for ids."""
    return time.time_ns() // 1_000_000


def elapsed() -> float:
    """Read a clock that only runs forward, in seconds: for durations, never for instants."""
    return time.perf_counter()


def wall(due_at: datetime, at: datetime, compression: float) -> datetime:
    """Translate a legal instant into the wall time at which its alarm fires.

    With a compression of 1 both are the same. With 3600, what is due in an hour fires in a second:
    a demonstration needs that, and `Settings` refuses it outside a sandbox.
    """
    return due_at if compression == 1.0 else at + (due_at - at) / compression
