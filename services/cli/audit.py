"""Commands for the audit record: check the chain of every service."""

import typer

from schemas.topics import SERVICES
from services.cli.door import Exit, door
from services.cli.printing import As, AsJson, as_json, table

app = typer.Typer(help="Who did what, chained by hash.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Who did what, chained by hash."""


@app.command()
def verify(json: AsJson = False, who: As = None) -> None:
    """Check every service's chain; exits 1 where a row was edited, deleted or put in."""
    opened = door(who)
    rows = [{"service": name, **opened.get(name, "/v1/audit/verify")} for name in SERVICES]
    if json:
        as_json(rows)
    else:
        table(rows, ["service", "intact", "sealed", "edited", "deleted", "unsealed", "head"])
    if not all(row["intact"] for row in rows):
        raise typer.Exit(Exit.REFUSED)
