"""Commands for alerts and the roster: list, acknowledge, who is on call."""

from typing import Annotated

import typer

from services.cli.door import door
from services.cli.printing import As, AsJson, as_json, document, listing, out

app = typer.Typer(help="Who was told what, and who answered.", no_args_is_help=True)
oncall = typer.Typer(help="Who is on call.", no_args_is_help=True)

COLUMNS = [
    "alert", "case", "step", "kind", "state", "turn_of", "undelivered", "acknowledged_by",
    "content.summary",
]  # fmt: skip


@app.command()
def ls(
    case: Annotated[str | None, typer.Option(help="Limit to one case.")] = None,
    state: Annotated[str | None, typer.Option(help="Such as open or exhausted.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List alerts."""
    rows = door(who).items("notification", "/v1/alerts", case=case, state=state)
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def ack(alert: str, json: AsJson = False, who: As = None) -> None:
    """Acknowledge an alert. It silences this alert; the clock runs on."""
    document(door(who).post("notification", f"/v1/alerts/{alert}/ack"), json_wanted=json)


@oncall.callback()
def group() -> None:
    """Who is on call."""


@oncall.command("who")
def who_is(
    at: Annotated[str | None, typer.Option(help="An instant with its zone; default: now.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show who is on call, target by target, in the order they are tried."""
    found = door(who).get("notification", "/v1/oncall", at=at)
    if json:
        as_json(found)
        return
    if found["fault"]:
        out.print(f"roster: {found['fault']}", style="red")
    rows = [
        {**target, "people": [p["name"] for p in target["people"]]} for target in found["targets"]
    ]
    listing(rows, ["target", "people", "need_ack_in_seconds"], json_wanted=False)
