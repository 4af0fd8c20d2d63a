"""Commands that run the fleet on this machine: up, down."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from deploy.embedded import fleet as embedded
from deploy.embedded.home import Home, default_home, is_held
from deploy.errors import StackError
from deploy.signals import until_told
from deploy.stack import stop
from services.cli.door import home
from services.cli.printing import as_json, as_json_line, err, out, table
from services.cli.refusal import Exit, RefusedError
from services.cli.words import AsJson

HomeFolder = Annotated[
    Path | None,
    typer.Option("--home", help="The fleet's folder; default: PATCHVIGIL_HOME, else .patchvigil."),
]


def up(
    home_folder: HomeFolder = None,
    sandbox: Annotated[
        bool,
        typer.Option("--sandbox", help="Allow compressed time: for demonstrations, never else."),
    ] = False,
    json: AsJson = False,
) -> None:
    """Start Kafka, PostgreSQL, Redis and the six services, and keep them until Ctrl-C.

    PATCHVIGIL_STACK says where the servers come from: auto, external, containers or embedded.
    Times, restarts and deaths are told on stderr; the services' addresses on stdout.
    """
    environment = {"PATCHVIGIL_SANDBOX": "true"} if sandbox else {}
    place = (home_folder or default_home()).resolve()
    if is_held(Home(place)):  # said at once: to set a fleet up takes seconds
        raise RefusedError(
            Exit.REFUSED, f"a fleet already runs in {place}", "",
            "use it, stop it with `patchvigil down`, or choose another folder with --home",
        )  # fmt: skip
    try:
        with until_told(), embedded.run(place, environment=environment) as running:
            urls = running.base_urls
            if json:
                as_json_line({"home": str(place), "services": urls})
            else:
                rows = [{"service": name, "url": url} for name, url in urls.items()]
                table(rows, ["service", "url"])
                out.file.flush()
                err.print(f"the fleet's folder is {place}; Ctrl-C stops the fleet")
            signal.pause()
    except StackError as error:
        raise RefusedError(Exit.UNREACHABLE, "the fleet did not start", str(error)) from error


def down(home_folder: HomeFolder = None, json: AsJson = False) -> None:
    """Stop the fleet that runs on this machine, and wait until it has."""
    place = (home_folder or home()).resolve()
    try:
        stopped = stop(place)
    except StackError as error:
        raise RefusedError(Exit.FAULT, "the fleet did not stop", str(error)) from error
    if json:
        as_json({"home": str(place), "stopped": stopped})
    else:
        out.print("stopped" if stopped else f"nothing runs in {place}")
