"""Runs the servers alone, for tests and experiments: `python -m deploy.embedded --home FOLDER`."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from deploy.errors import StackError
from deploy.stack import provide


def _leave(_sign: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Start the servers, say where they are, and keep them until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m deploy.embedded", description=__doc__)
    parser.add_argument("--home", type=Path, help="data folder (PATCHVIGIL_HOME, .patchvigil)")
    home = parser.parse_args().home
    signal.signal(signal.SIGTERM, _leave)
    try:
        with provide("embedded", home):
            signal.pause()
    except StackError as error:
        print(error, file=sys.stderr)  # noqa: T201 - to a person at a terminal
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
