"""Runs the servers from a process of their own, and finds what works in a home."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.stack import running


def processes(home: Path) -> dict[int, str]:
    """Find the processes that work in this home: every server's working directory is there."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                folder, name = (entry / "cwd").readlink(), (entry / "comm").read_text().strip()
            except OSError:
                continue
            if folder.is_relative_to(home):
                found[int(entry.name)] = name
    return found


def await_none(home: Path, patience: float = 25) -> None:
    """Wait until no process works in this home any more."""
    deadline = time.monotonic() + patience
    while left := processes(home):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


@contextmanager
def alone(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the servers from a process of their own, as a person would."""
    command = [sys.executable, "-m", "deploy.embedded", "--home", str(home)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as started:
        deadline = time.monotonic() + 90
        while running(home) is None:
            assert started.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        try:
            yield started
        finally:
            started.kill()
