"""Lets a process that owns servers leave cleanly when it is told to, by Ctrl-C or by SIGTERM."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType


def _leave(_sign: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def until_told() -> Iterator[None]:
    """Turn SIGTERM and Ctrl-C inside the context into its clean end; for the main thread only."""
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)
