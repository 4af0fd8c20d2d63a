"""Commands for clocks: list, show, and the calculator behind them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from services.cli.clock_questions import awareness, explain, what_if
from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.one_shot.packs import instant, shipped
from services.cli.printing import as_json, clean, document, listing, out, table
from services.cli.refusal import Exit, Fault, RefusedError
from services.cli.words import As, AsJson, AsOf, ClockMode, ClockState, Here, OfCase, OfProduct

app = group("Obligations and their deadlines.")

COLUMNS = [
    "clock", "label", "state", "due_operational", "product", "member_state", "mode", "kind", "late",
    "case", "due_legal_outer", "next_step_at", "confidence",
]  # fmt: skip


@app.command()
def ls(
    case: OfCase = None,
    state: Annotated[ClockState | None, typer.Option(help="Where it stands.")] = None,
    mode: Annotated[ClockMode | None, typer.Option(help="Whether it binds.")] = None,
    product: OfProduct = None,
    as_of: AsOf = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List clocks, the nearest deadline first."""
    rows = door(who).items(
        "deadline-clock", "/v1/clocks",
        case=case, state=state, mode=mode, product=product, as_of=as_of,
    )  # fmt: skip
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def show(
    clock: Annotated[str, typer.Argument(metavar="CLOCK", help="Id, from `clock ls`.")],
    as_of: AsOf = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show a clock with its rule, its anchor, its history and its alarms."""
    found = door(who).get("deadline-clock", f"/v1/clocks/{part(clock)}", as_of=as_of)
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
    anchor: Annotated[
        str | None, typer.Option(help="The instant it runs from, with its zone.")
    ] = None,
    fact: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=INSTANT",
            help="What is known, such as aware_at=…: the rule chooses its anchor; repeatable.",
        ),
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="IANA zone whose local date counts; else the country's.")
    ] = None,
    country: Annotated[
        str | None, typer.Option(help="Member State whose holidays and national rules count.")
    ] = None,
    here: Here = False,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Count a rule's deadline, without any case, and say how, step by step.

    By the fleet's packs; without a fleet, or with --local, by those of this installation.
    """
    start = instant(anchor, "--anchor") if anchor is not None else None
    reached = None if here else door(who)
    if reached is not None and reached.knows("deadline-clock"):
        found = reached.get(
            "deadline-clock", "/v1/due", rule=rule, anchor=start.isoformat() if start else None,
            country=country, zone=zone, fact=fact or None,
        )  # fmt: skip
    else:
        found = _counted(rule, start, fact or [], country, zone)
    if json:
        as_json(found)
        return
    told = ("kind", "reasoning", "beside", "open_points")  # `basis` says the kind in full
    document({name: held for name, held in found.items() if name not in told})
    _tell("how", found["reasoning"])
    _tell("beside it", [each["words"] for each in found["beside"]])
    _tell("open", [f"{each['point']} {each['reading']}" for each in found["open_points"]])


def _counted(
    rule: str, anchor: datetime | None, given: list[str], country: str | None, zone: str | None
) -> dict[str, Any]:
    """Count on this machine."""
    packs = shipped()
    from services.deadline_clock import calculator  # noqa: PLC0415  (after its needs are known)
    from services.deadline_clock.domain.counting import Asked, CountingError  # noqa: PLC0415

    try:
        asked = Asked(anchor, country, zone, calculator.facts(given))
        found = calculator.due(rule, asked, packs)
    except CountingError as error:
        fault = Fault(error.field, error.reason, error.mend)
        raise RefusedError(Exit.REFUSED, "this cannot be counted", faults=[fault]) from error
    return found.model_dump(mode="json")


def _tell(title: str, lines: Sequence[str]) -> None:
    """Print sentences below a title, numbered: their order is the argument's."""
    if lines:
        out.print()
        out.print(title)
    for number, line in enumerate(lines, 1):
        out.print(f"  {number}. {clean(line)}")


app.command()(explain)
app.command()(awareness)
app.command("what-if")(what_if)
