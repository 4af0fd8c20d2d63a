"""Finds a Docker engine, or starts the one that PATCHVIGIL_CONTAINERS_SETUP knows how to start.

The variable names a program that is given a working folder, starts an engine, and prints `export
NAME=value` lines with which a client finds it; with `down` as second argument it stops it.
"""

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.containers import engine_answers

_PATIENCE = 900.0


class NoEngineError(Exception):
    """There is no Docker engine here and none could be started; the message says why."""


@contextmanager
def engine(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Have an engine answer for as long as the context lasts; one that we started is stopped.

    Raises:
        NoEngineError: none answers and none could be started.
    """
    if engine_answers():
        say("a Docker engine answers")
        yield
        return
    program = os.environ.get("PATCHVIGIL_CONTAINERS_SETUP", "")
    if not program or not Path(program).is_file():
        raise NoEngineError("none answers, and PATCHVIGIL_CONTAINERS_SETUP names no program")
    say(f"starting an engine with {Path(program).name}")
    before = dict(os.environ)
    os.environ.update(_start(program, folder))
    try:
        if not engine_answers():
            raise NoEngineError("it was started, but does not answer")
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        subprocess.run([program, str(folder), "down"], check=False, timeout=120)


def _start(program: str, folder: Path) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "setup.log").open("wb") as log:
        try:
            done = subprocess.run(
                [program, str(folder)],
                stdout=subprocess.PIPE, stderr=log, check=True, timeout=_PATIENCE,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            tail = (folder / "setup.log").read_text(errors="replace")[-500:]
            raise NoEngineError(f"it did not start: {error}\n{tail}") from error
    words = (shlex.split(line) for line in done.stdout.decode().splitlines())
    pairs = (word.partition("=") for line in words if line[:1] == ["export"] for word in line[1:])
    return {name: value for name, _, value in pairs}
