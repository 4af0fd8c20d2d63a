"""A fleet on this machine, and the command line as people type it: in process, or as a process."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from typer.testing import CliRunner

from deploy.demo.cast import Cast
from deploy.stack import Running, running
from services.cli.main import commands

T = TypeVar("T")

PROGRAM = Path(sys.executable).with_name("patchvigil")
PATIENCE = 60.0

_RUNNER = CliRunner()


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document: it must hold nothing else."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Standard output as a JSON document a line."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with a fleet in `home`, and the people whose tokens the home holds."""

    home: Path
    cast: Cast
    environment: Mapping[str, str]

    def __call__(self, *arguments: object, status: int | None = 0, **variables: str) -> Said:
        """Run a command in this process, and check its exit status; None takes any."""
        result = _RUNNER.invoke(
            commands, [str(each) for each in arguments], env={**self.environment, **variables}
        )
        wanted = result.exit_code if status is None else status
        assert result.exit_code == wanted, f"{arguments}\n{result.output}\n{result.exception!r}"
        return Said(result.exit_code, result.stdout, result.stderr)

    def json(self, *arguments: object) -> Any:
        """Run a command with --json, and give the document."""
        return self(*arguments, "--json").json

    def program(self, *arguments: object, status: int = 0, **variables: str) -> Said:
        """Run `patchvigil` as a process of its own, and check its exit status."""
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False,
            env={**os.environ, **self.environment, **variables}, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == status, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return Said(done.returncode, done.stdout, done.stderr)

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start `patchvigil` as a process whose output is read while it runs."""
        return subprocess.Popen(
            [PROGRAM, *arguments], stdout=subprocess.PIPE, text=True,
            env={**os.environ, **self.environment},
        )  # fmt: skip

    @property
    def running(self) -> Running:
        """What runs in the home."""
        found = running(self.home)
        assert found is not None
        return found


def until(find: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
    """Ask until something is there."""
    deadline = time.monotonic() + patience
    while not (found := find()):
        assert time.monotonic() < deadline, f"{what} did not happen within {patience:.0f} s"
        time.sleep(0.1)
    return found
