"""Commands for clocks: list, show, and the calculator behind them."""

from typing import Annotated

import typer

from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.printing import as_json, document, listing, out, table
from services.cli.words import As, AsJson, ClockMode, ClockState, OfCase, OfProduct

app = group("Obligations and their deadlines.")

COLUMNS = [
    "clock", "label", "state", "due_operational", "product", "mode", "late", "case",
    "due_legal_outer", "next_step_at",
]  # fmt: skip


@app.command()
def ls(
    case: OfCase = None,
    state: Annotated[ClockState | None, typer.Option(help="Where it stands.")] = None,
    mode: Annotated[ClockMode | None, typer.Option(help="Whether it binds.")] = None,
    product: OfProduct = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List clocks, the nearest deadline first."""
    rows = door(who).items(
        "deadline-clock", "/v1/clocks", case=case, state=state, mode=mode, product=product
    )
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def show(
    clock: Annotated[str, typer.Argument(metavar="CLOCK", help="Id, from `clock ls`.")],
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show a clock with its rule, its anchor, its history and its alarms."""
    found = door(who).get("deadline-clock", f"/v1/clocks/{part(clock)}")
    if json:
        as_json(found)
        return
    document({name: held for name, held in found.items() if name not in {"history", "alarms"}})
    out.print()
    history = ["at", "clock.state", "clock.mode", "clock.due_operational", "because", "decided_by"]
    table(found["history"], history, title="history")
    out.print()
    table(found["alarms"], ["step", "due_at", "severity", "state", "fired_at"], title="alarms")


@app.command()
def due(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Id, from `pack show`.")],
    anchor: Annotated[str, typer.Option(help="Instant with its zone, from which it is counted.")],
    country: Annotated[
        str | None, typer.Option(help="Member State of main establishment, for its holidays.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Count a rule's deadline from an instant, without any case, and say how."""
    found = door(who).get("deadline-clock", "/v1/due", rule=rule, anchor=anchor, country=country)
    document(found, json_wanted=json)
