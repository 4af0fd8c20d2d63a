"""Commands for clocks: list, show."""

from typing import Annotated

import typer

from services.cli.door import door
from services.cli.printing import As, AsJson, document, listing

app = typer.Typer(help="Obligations and their deadlines.", no_args_is_help=True)

COLUMNS = [
    "case", "label", "product", "mode", "state", "late", "due_operational", "due_legal_outer",
    "clock",
]  # fmt: skip


@app.command()
def ls(
    case: Annotated[str | None, typer.Option(help="Limit to one case.")] = None,
    state: Annotated[str | None, typer.Option(help="Such as running, provisional, late.")] = None,
    mode: Annotated[str | None, typer.Option(help="mandatory, shadow or off.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List clocks."""
    rows = door(who).items(
        "deadline-clock", "/v1/clocks", case=case, state=state, mode=mode, limit=500
    )
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def show(clock: str, json: AsJson = False, who: As = None) -> None:
    """Show a clock with its anchor, history and alarms."""
    document(door(who).get("deadline-clock", f"/v1/clocks/{clock}"), json_wanted=json)
