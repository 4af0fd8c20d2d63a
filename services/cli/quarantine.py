"""Commands for records that could not be handled: list, show, replay, drop."""

from typing import Annotated, Any

import typer

from schemas.topics import SERVICES
from services.cli.door import Door, Exit, RefusedError, door
from services.cli.printing import As, AsJson, document, listing

app = typer.Typer(help="Records that a service could not handle.", no_args_is_help=True)

Reason = Annotated[str, typer.Option("--reason", help="Why; it goes into the audit record.")]
COLUMNS = ["service", "id", "state", "topic", "partition", "offset", "key", "reason", "mend"]


@app.command()
def ls(
    service: Annotated[str | None, typer.Option(help="Limit to one service.")] = None,
    settled: Annotated[bool, typer.Option(help="Also what was replayed or dropped.")] = False,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List quarantined records of all services."""
    opened = door(who)
    rows = [
        {"service": name, **entry}
        for name in ([service] if service else SERVICES)
        for entry in opened.items(name, "/v1/quarantine", settled=settled)
    ]
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def show(entry: str, json: AsJson = False, who: As = None) -> None:
    """Show one record with its headers, reason and mend."""
    opened = door(who)
    service, _ = _find(opened, entry)
    document(opened.get(service, f"/v1/quarantine/{entry}"), json_wanted=json)


@app.command()
def replay(entry: str, reason: Reason, json: AsJson = False, who: As = None) -> None:
    """Handle a record again, and those that wait behind it, in order."""
    _settle(entry, "replay", reason, who, json_wanted=json)


@app.command()
def drop(entry: str, reason: Reason, json: AsJson = False, who: As = None) -> None:
    """Give a record up; those that wait behind it are handled."""
    _settle(entry, "drop", reason, who, json_wanted=json)


def _settle(entry: str, act: str, reason: str, who: str | None, *, json_wanted: bool) -> None:
    opened = door(who)
    service, _ = _find(opened, entry)
    found = opened.post(service, f"/v1/quarantine/{entry}/{act}", {"reason": reason})
    document(found, json_wanted=json_wanted)


def _find(opened: Door, entry: str) -> tuple[str, Any]:
    """Find which service holds a record."""
    for service in SERVICES:
        for held in opened.items(service, "/v1/quarantine", settled=True):
            if held["id"] == entry:
                return service, held
    raise RefusedError(
        Exit.REFUSED, f"no service holds {entry}", "", "list them: patchvigil quarantine ls"
    )
