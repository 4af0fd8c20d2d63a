"""Commands for what a restored database had forgotten: list it, and settle it."""

from typing import Annotated

import typer

from schemas.topics import SERVICES
from services.cli.door import door
from services.cli.lazy import group
from services.cli.printing import listing
from services.cli.words import As, AsJson, Reason, Service

app = group("What a database forgot that was restored from a backup.")

COLUMNS = ["service", "consumer", "topic", "records", "noticed_at"]


@app.command()
def ls(
    service: Annotated[Service | None, typer.Option(help="Limit to one service.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List what was read again from Kafka since a restore, and is not settled."""
    opened = door(who)
    rows = [
        {"service": name, **each}
        for name in ([service] if service else SERVICES)
        for each in opened.get(name, "/v1/setbacks")
    ]
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def settle(
    service: Annotated[Service, typer.Option(help="Whose database was restored.")],
    reason: Reason,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Say that what people did over HTTP since the backup is entered again."""
    found = door(who).post(service, "/v1/setbacks/settle", {"reason": reason})
    listing([{"service": service, **each} for each in found], COLUMNS, json_wanted=json)
