"""Lets a process that owns servers leave cleanly when it is told to, by Ctrl-C or by SIGTERM."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def _leave(_sign: int, _frame: FrameType | None) -> None:
    for sign in _SIGNALS:  # a second one would break off the clean end, which is bounded anyway
        signal.signal(sign, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def until_told() -> Iterator[None]:
    """Turn SIGTERM and Ctrl-C inside the context into its clean end; for the main thread only.

    Ctrl-C too where it was ignored: a script's shell starts what it puts into the background so.
    """
    before = {sign: signal.signal(sign, _leave) for sign in _SIGNALS}
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
