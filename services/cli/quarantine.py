"""Commands for records that could not be handled: list, show, replay, drop."""

from typing import Annotated, Any

import typer

from schemas.topics import SERVICES
from services.cli.door import Door, door, part
from services.cli.lazy import group
from services.cli.printing import document, listing
from services.cli.refusal import Exit, RefusedError
from services.cli.words import As, AsJson, Reason, Service

app = group("Records that a service could not handle.")

COLUMNS = [
    "id", "state", "reason", "service", "topic", "key", "field", "mend", "partition", "offset",
    "since",
]  # fmt: skip

_ABSENT = "Not Found"

Record = Annotated[str, typer.Argument(metavar="RECORD", help="Id, from `quarantine ls`.")]
At = Annotated[
    Service | None, typer.Option("--service", help="Where it is; default: wherever it is found.")
]


@app.command()
def ls(
    service: Annotated[Service | None, typer.Option(help="Limit to one service.")] = None,
    settled: Annotated[
        bool, typer.Option("--settled", help="Also what was replayed or dropped.")
    ] = False,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List quarantined records, and those that wait behind them, of all services."""
    opened = door(who)
    rows = [
        {"service": name, **entry}
        for name in ([service] if service else SERVICES)
        for entry in opened.items(name, "/v1/quarantine", settled=settled)
    ]
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def show(record: Record, service: At = None, json: AsJson = False, who: As = None) -> None:
    """Show one record: where it is, why it could not be handled, and what to do."""
    document(_find(door(who), record, service), json_wanted=json)


@app.command()
def replay(
    record: Record, reason: Reason, service: At = None, json: AsJson = False, who: As = None
) -> None:
    """Handle a record again, and those that wait behind it, in order."""
    _settle(record, "replay", reason, service, who, json_wanted=json)


@app.command()
def drop(
    record: Record, reason: Reason, service: At = None, json: AsJson = False, who: As = None
) -> None:
    """Give a record up; those that wait behind it are handled."""
    _settle(record, "drop", reason, service, who, json_wanted=json)


def _settle(
    record: str, act: str, reason: str, service: str | None, who: str | None, *, json_wanted: bool
) -> None:
    opened = door(who)
    name = _find(opened, record, service)["service"]
    found = opened.post(name, f"/v1/quarantine/{part(record)}/{act}", {"reason": reason})
    document({"service": name, **found}, json_wanted=json_wanted)


def _find(opened: Door, record: str, service: str | None) -> dict[str, Any]:
    """Find a record at a service, or at whichever holds it."""
    for name in [service] if service else SERVICES:
        try:
            return {"service": name, **opened.get(name, f"/v1/quarantine/{part(record)}")}
        except RefusedError as error:
            if error.title != _ABSENT:
                raise
    raise RefusedError(
        Exit.REFUSED, _ABSENT, f"no service holds the record {record}", "patchvigil quarantine ls"
    )
