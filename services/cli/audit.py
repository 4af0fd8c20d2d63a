"""Commands for the audit record: check the chain of every service."""

from typing import Annotated

import typer

from schemas.topics import SERVICES
from services.cli.door import door
from services.cli.lazy import group
from services.cli.printing import as_json, table
from services.cli.refusal import Exit
from services.cli.words import As, AsJson, Service

app = group("Who did what, chained by hash.")

COLUMNS = ["service", "intact", "sealed", "edited", "deleted", "unsealed", "gaps", "head"]


@app.callback()
def group_() -> None:
    """Who did what, chained by hash."""


@app.command()
def verify(
    service: Annotated[Service | None, typer.Option(help="Limit to one service.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Check every service's chain; exits 1 where a row was edited, deleted or put in.

    Keep the heads: they prove later that no end of a chain was cut off.
    """
    opened = door(who)
    names = [service] if service else SERVICES
    rows = [{"service": name, **opened.get(name, "/v1/audit/verify")} for name in names]
    if json:
        as_json(rows)
    else:
        table(rows, COLUMNS)
    if not all(row["intact"] for row in rows):
        raise typer.Exit(Exit.REFUSED)
