"""Commands for alerts and the roster: list, show, acknowledge, who is on call."""

from typing import Annotated

import typer

from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.printing import as_json, document, listing, table
from services.cli.refusal import Fault
from services.cli.words import AlertState, As, AsJson, OfCase

app = group("Who was told what, and who answered.")
oncall = group("Who is on call.")

COLUMNS = [
    "alert", "state", "kind", "step", "case", "turn_of", "acknowledged_by", "undelivered",
    "content.summary",
]  # fmt: skip

Alert = Annotated[str, typer.Argument(metavar="ALERT", help="Id, from `alert ls`.")]


@app.command()
def ls(
    case: OfCase = None,
    state: Annotated[AlertState | None, typer.Option(help="Only this state.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List alerts, in the order in which they were raised."""
    rows = door(who).items("notification", "/v1/alerts", case=case, state=state)
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def show(alert: Alert, json: AsJson = False, who: As = None) -> None:
    """Show an alert with every message and what became of it."""
    document(door(who).get("notification", f"/v1/alerts/{part(alert)}"), json_wanted=json)


@app.command()
def ack(alert: Alert, json: AsJson = False, who: As = None) -> None:
    """Acknowledge an alert. It silences this alert; the clock runs on."""
    found = door(who).post("notification", f"/v1/alerts/{part(alert)}/ack")
    document(found, json_wanted=json)


@oncall.callback()
def group_() -> None:
    """Who is on call."""


@oncall.command("who")
def who_is(
    at: Annotated[str | None, typer.Option(help="An instant with its zone; default: now.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show who is on call, target by target, in the order in which they are tried."""
    found = door(who).get("notification", "/v1/oncall", at=at)
    if found["fault"]:
        mend = "mend the roster file; what was in force before still is"
        typer.echo("\n".join(Fault("roster", found["fault"], mend).lines()), err=True)
    if json:
        as_json(found)
        return
    document({"at": found["at"]})
    rows = [
        {**target, "people": [person["name"] for person in target["people"]]}
        for target in found["targets"]
    ]
    table(rows, ["target", "people", "need_ack_in_seconds", "local_time"])
