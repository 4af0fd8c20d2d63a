"""Runs the servers alone, for tests and experiments: `python -m deploy.embedded --home FOLDER`."""

import argparse
import signal
import sys
from pathlib import Path

from deploy.embedded.home import default_home, open_home
from deploy.errors import StackError
from deploy.principals import ensure as ensure_principals
from deploy.signals import until_told
from deploy.stack import provide


def main() -> int:
    """Start the servers, say where they are, and keep them until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m deploy.embedded", description=__doc__)
    parser.add_argument("--home", type=Path, help="data folder (PATCHVIGIL_HOME, .patchvigil)")
    home = parser.parse_args().home or default_home()
    try:
        with until_told(), provide("embedded", home):
            ensure_principals(open_home(home))  # for services that start beside them
            signal.pause()
    except StackError as error:
        print(error, file=sys.stderr)  # noqa: T201 - to a person at a terminal
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
