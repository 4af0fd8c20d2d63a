"""Lets a fleet outlive the command that started it, once that command has told its result."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.embedded.child import die_with_parent, live_without_parent
from deploy.signals import until_told

Settle = Callable[[int, Path], None]
"""Give the command's exit status, and the file that takes what is said from then on."""

INTERRUPTED = 130
"""The exit status of a command that Ctrl-C ended."""


def behind(work: Callable[[Settle], int]) -> int:
    """Do `work` in a process of its own; return when it settles or ends, with its status.

    Until it settles the two are one: Ctrl-C, SIGTERM or the death of either ends both. Afterwards
    the work goes on by itself. Call it before any thread, connection or event loop exists.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    caller = os.getpid()
    reading, writing = os.pipe()
    worker = os.fork()
    if not worker:
        os.close(reading)
        os.setsid()  # Ctrl-C reaches the caller alone, which passes it on once
        die_with_parent(caller, signal.SIGTERM)
        os._exit(_work(work, writing))
    os.close(writing)
    with os.fdopen(reading, "rb") as told, until_told():
        try:
            if status := told.read(1):
                return status[0]
            return os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
        except KeyboardInterrupt:
            os.kill(worker, signal.SIGTERM)
            os.waitpid(worker, 0)
    return INTERRUPTED


def _work(work: Callable[[Settle], int], writing: int) -> int:
    def settle(status: int, log: Path) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        live_without_parent()
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(descriptor, stream.fileno())
        os.close(descriptor)
        os.write(writing, bytes([status]))
        os.close(writing)

    try:
        return work(settle)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
