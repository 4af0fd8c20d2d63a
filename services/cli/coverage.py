"""Commands for coverage: show it once, or watch it grow."""

import time
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from services.cli.campaigns import TRACKER, Campaign
from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.printing import as_json, as_json_line, cell, out
from services.cli.words import As, AsJson, Split

app = group("How far a measure verifiably is.")

By = Annotated[Split, typer.Option(help="What it is split by.")]


@app.command()
def show(campaign: Campaign, by: By = "method", json: AsJson = False, who: As = None) -> None:
    """Show verified coverage, with its definition."""
    found = door(who).get(TRACKER, f"/v1/campaigns/{part(campaign)}/coverage", by=by)
    if json:
        as_json(found)
    else:
        out.print(_shown(found))


@app.command()
def watch(
    campaign: Campaign,
    by: By = "method",
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between looks.")] = 1.0,
    until: Annotated[
        float | None, typer.Option(min=0, max=1, help="Stop when this share (0 to 1) is verified.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show verified coverage live, until Ctrl-C or a share is reached.

    With --json, and in a pipe, each change is printed: JSON as one line.
    """
    opened = door(who)
    path = f"/v1/campaigns/{part(campaign)}/coverage"
    live = Live(console=out, auto_refresh=False) if out.is_terminal and not json else None
    before: Any = None
    try:
        if live is not None:
            live.start()
        while True:
            found = opened.get(TRACKER, path, by=by)
            if live is not None:
                live.update(_shown(found), refresh=True)
            elif found != before:
                _print(found, json_wanted=json)
            before = found
            if until is not None and (found["overall"]["verified"] or 0) >= until:
                return
            time.sleep(every)
    except KeyboardInterrupt:
        return
    finally:
        if live is not None:
            live.stop()


def _print(found: dict[str, Any], *, json_wanted: bool) -> None:
    if json_wanted:
        as_json_line(found)
    else:
        out.print(_shown(found))


def _shown(found: dict[str, Any]) -> RenderableType:
    title = f"{found['campaign']} by {found['by']}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in (found["by"], "devices", "covered", "verified", "the others"):
        right = column in {"devices", "covered", "verified"}
        table.add_column(column, justify="right" if right else "left")
    for line in [*found["parts"], {**found["overall"], "part": "all"}]:
        share = line["verified"]
        rest = {name: n for name, n in line["buckets"].items() if n and name != "protected"}
        table.add_row(
            cell(line["part"]),
            str(line["total"]),
            str(line["covered"]),
            "" if share is None else f"{share:.1%}",
            ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in rest.items()),
        )
    return Group(table, Text(found["definition"], style="dim"))
