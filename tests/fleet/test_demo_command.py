"""`make demo` as a newcomer runs it: its last line and status, left running, broken off."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.stack import running

pytestmark = [pytest.mark.stack, pytest.mark.slow]

DEMO = (sys.executable, "-m", "deploy.demo")
COMMAND = (sys.executable, "-m", "services.cli")


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """An environment whose fleets live in a folder of the test."""
    return os.environ | {"PATCHVIGIL_HOME": str(tmp_path), "PATCHVIGIL_STACK": "embedded"}


def _of(folder: Path) -> dict[int, str]:
    """Find the processes that work in this folder, or were told of it."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            told = str(folder).encode() in (entry / "environ").read_bytes()
            if told or (entry / "cwd").readlink().is_relative_to(folder):
                found[int(entry.name)] = (entry / "comm").read_text().strip()
        except OSError:
            continue
    return found


def _await_none(folder: Path) -> None:
    deadline = time.monotonic() + 60
    while left := _of(folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def _say(place: Mapping[str, str], *words: str) -> str:
    done = subprocess.run([*COMMAND, *words], env=place, check=True, capture_output=True, text=True)
    return done.stdout


def test_a_demonstration_left_running_is_found_by_the_command_line_until_it_is_stopped(
    place: dict[str, str], tmp_path: Path
) -> None:
    played = subprocess.run([*DEMO, "--keep"], env=place, check=False, stdout=-1, text=True)
    try:
        last = played.stdout.splitlines()[-1]
        assert last.startswith("demo: ")
        assert last.endswith(" checks passed, 0 failed"), played.stdout
        assert played.returncode == 0
        assert running(tmp_path / "demo") is not None
        assert "PV-2026-0001" in _say(place, "case", "ls")
    finally:
        stopped = _say(place, "down")
    assert "stopped" in stopped
    _await_none(tmp_path)
    assert "nothing runs in" in _say(place, "down")


@pytest.mark.parametrize(
    ("sign", "keep"),
    [(signal.SIGINT, ()), (signal.SIGINT, ("--keep",)), (signal.SIGKILL, ())],
)
def test_a_demonstration_broken_off_leaves_nothing_running(
    place: dict[str, str], tmp_path: Path, sign: signal.Signals, keep: tuple[str, ...]
) -> None:
    with subprocess.Popen([*DEMO, *keep], env=place, stdout=subprocess.PIPE, text=True) as played:
        assert played.stdout is not None
        assert any(line.startswith("(2)") for line in played.stdout)
        played.send_signal(sign)
        said = played.stdout.read()
        status = played.wait(60)
    _await_none(tmp_path)
    if sign is not signal.SIGKILL:
        assert status == 130
        assert said.splitlines()[-1] == "the demonstration was stopped before its end"
        assert running(tmp_path / "demo") is None
