"""Runs one service alone: `python -m deploy.embedded.serve triage [--home FOLDER]`."""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import uvicorn

from deploy.embedded.home import default_home, open_home
from deploy.errors import StackError
from deploy.principals import ensure as ensure_principals
from deploy.stack import running
from schemas.topics import SERVICES

GRACE = 25
"""Seconds that open requests have when a service stops."""


PROGRAMS = {"deadline-clock-auditor": "services.deadline_clock.auditor:main"}
"""Processes beside the services that answer no HTTP, and what each of them runs."""

OWNERS = {"deadline-clock-auditor": "deadline-clock"}
"""Whose settings, role and tables such a process has."""


def factory(service: str) -> str:
    """Name the function that makes a service's application, as uvicorn imports it."""
    return f"services.{service.replace('-', '_')}.app:app"


def serve(application: str) -> int:
    """Serve an application until SIGTERM; its address comes from the environment.

    Returns:
        The process's exit status: 0 after a clean stop, 3 if the application did not start.
    """
    config = uvicorn.Config(
        application,
        factory=True,
        host=os.environ.get("PATCHVIGIL_HTTP_HOST", "127.0.0.1"),
        port=int(os.environ.get("PATCHVIGIL_HTTP_PORT", "8000")),
        access_log=False,
        timeout_graceful_shutdown=GRACE,
    )
    server = uvicorn.Server(config)
    for sign in (signal.SIGTERM, signal.SIGINT):
        # After its clean stop uvicorn raises the signal again, for whoever had it before.
        signal.signal(sign, _stopped_already)
    server.run()
    return 0 if server.started else 3


def _stopped_already(_sign: int, _frame: FrameType | None) -> None:
    """Do nothing more."""


def environment(service: str, home: Path | None) -> dict[str, str]:
    """Find a service's settings: those of the stack that runs in the home, else the caller's own.

    Whoever may act is in the home's principals file, unless the stack or the caller names another.

    Raises:
        StackError: no stack runs there and the environment names no database.
    """
    place = home or default_home()
    if found := running(place):
        settings = found.stack.environment(service)
        named = found.stack.principals_file or os.environ.get("PATCHVIGIL_PRINCIPALS_FILE")
        people = named or str(ensure_principals(open_home(place)))
        return settings | {"PATCHVIGIL_PRINCIPALS_FILE": people}
    if "PATCHVIGIL_POSTGRES_DSN" in os.environ:
        return {}
    raise StackError(
        f"{service} does not know where its servers are",
        "start them (`patchvigil up`, or `python -m deploy.embedded`), or set"
        " PATCHVIGIL_POSTGRES_DSN, PATCHVIGIL_KAFKA_BOOTSTRAP and PATCHVIGIL_REDIS_URL",
    )


def main() -> int:
    """Read the arguments, find the servers and serve."""
    parser = argparse.ArgumentParser(prog="python -m deploy.embedded.serve", description=__doc__)
    parser.add_argument("service", choices=SERVICES)
    parser.add_argument("--home", type=Path, help="where the stack runs (PATCHVIGIL_HOME)")
    arguments = parser.parse_args()
    try:
        os.environ.update(environment(arguments.service, arguments.home))
    except StackError as error:
        print(error, file=sys.stderr)  # noqa: T201 - to a person at a terminal
        return 1
    return serve(factory(arguments.service))


if __name__ == "__main__":
    sys.exit(main())
