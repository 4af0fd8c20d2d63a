"""One server process of the embedded stack: how it starts, how we know it is up, how it stops."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.errors import StackError

_CHILD = Path(__file__).with_name("child.py")
_TAIL = 1500
_SCRAPS = 1024 * 1024
"""Bytes; a disk with less left is full."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a server needs to run: made by one module a server, followed by `child.py`."""

    name: str
    folder: Path
    """The server's own folder and its working directory."""
    command: Sequence[str]
    ready: Callable[[], bool] = field(repr=False)
    """Whether the server answers; called again and again, never raises."""
    preparation: Sequence[Sequence[str]] = ()
    """Commands that make the data folder the first time, run before the server."""
    stop_signal: signal.Signals = signal.SIGTERM
    user: str = ""
    """The account to run as when the caller is root; empty: the caller's own."""
    owned: Sequence[Path] = ()
    """Folders that are given to `user`."""
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Server:
    """A started server process and the file that holds what it says."""

    plan: Plan
    process: subprocess.Popen[bytes]
    log: Path
    log_start: int

    def is_up(self) -> bool:
        """Tell whether it answers.

        Raises:
            StackError: it ended instead of coming up; the message quotes its log.
        """
        if self.process.poll() is not None:
            raise explain(self.plan.name, self.process.returncode, self.said(), self.log)
        return self.plan.ready()

    def ended(self) -> StackError | None:
        """Say why it ended while it was needed; None while it runs."""
        status = self.process.poll()
        if status is None:
            return None
        return explain(self.plan.name, status, self.said(), self.log, did="ended while it ran")

    def said(self) -> str:
        """Give the end of what it wrote to its log since this start."""
        with self.log.open("rb") as file:
            file.seek(max(self.log_start, self.log.stat().st_size - _TAIL))
            return file.read().decode(errors="replace")

    def ask_to_stop(self) -> None:
        """Send the server's own signal for a clean stop; nothing happens if it has ended."""
        if self.process.poll() is None:
            self.process.send_signal(self.plan.stop_signal)

    def finish(self, patience: float) -> bool:
        """Wait until it has ended; kill it after `patience` seconds. True if it ended cleanly."""
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
        return True


def start(plan: Plan, logs: Path) -> Server:
    """Start a server in a session of its own, so that Ctrl-C reaches us and not it.

    The kernel ties the server to the *thread* that starts it, so call this from one that lasts.
    """
    log = logs / f"{plan.name}.log"
    specification = {
        "parent": os.getpid(),
        "death_signal": int(plan.stop_signal),
        "user": plan.user,
        "owned": [str(folder) for folder in plan.owned],
        "folder": str(plan.folder),
        "preparation": [list(command) for command in plan.preparation],
        "command": list(plan.command),
    }
    with log.open("ab") as file:
        begin = file.tell()
        process = subprocess.Popen(  # noqa: S603 - our own launcher with our own plan
            [sys.executable, "-I", "-S", str(_CHILD), json.dumps(specification)],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**_plain_environment(), **plan.environment},
        )
    return Server(plan, process, log, begin)


def _plain_environment() -> dict[str, str]:
    """Keep what a program needs of the caller's environment; no setting of ours or of Java's."""
    kept = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER")
    return {"LC_ALL": "C.UTF-8"} | {name: os.environ[name] for name in kept if name in os.environ}


_KNOWN = (
    (
        ("No space left on device",),
        "the disk is full",
        "free some space, or put the data on another disk with PATCHVIGIL_HOME",
    ),
    (
        ("Address already in use", "Address in use"),
        "its port was taken by another program in the last moment",
        "start again: a free port is chosen each time",
    ),
    (
        ("Permission denied", "Operation not permitted", "has wrong ownership"),
        "it may not read or write its folder",
        "give the folder to the user who runs this, or choose another with PATCHVIGIL_HOME",
    ),
    (
        ("insufficient memory", "Cannot allocate memory", "OutOfMemoryError"),
        "there is not enough memory",
        "the stack needs about 700 MB; end other programs or give the machine more",
    ),
)


def explain(
    name: str, status: int, said: str, log: Path, *, did: str = "did not start"
) -> StackError:
    """Say why a server ended, in words for what is commonly the cause."""
    if shutil.disk_usage(log.parent).free < _SCRAPS:  # then its log could not take its last words
        said += _KNOWN[0][0][0]
    for marks, reason, mend in _KNOWN:
        if any(mark in said for mark in marks):
            return StackError(f"{name} {did}: {reason}. Its log is {log}", mend)
    return StackError(
        f"{name} {did}, it ended with status {status}. It said last:\n{said.strip()}",
        f"read the whole log: {log}",
    )
