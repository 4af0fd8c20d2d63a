"""Commands for campaigns and coverage: create, start, halt, resume, abort, show, watch."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.live import Live
from rich.table import Table

from services.cli.door import Exit, RefusedError, door
from services.cli.printing import As, AsJson, document, listing, out

app = typer.Typer(help="Rollouts of measures.", no_args_is_help=True)
coverage = typer.Typer(help="How far a measure verifiably is.", no_args_is_help=True)

TRACKER = "deployment-tracker"
Reason = Annotated[str, typer.Option("--reason", help="Why; it goes into the record.")]
By = Annotated[str, typer.Option(help="method, wave, market, version or hardware.")]
PARTS = ["part", "total", "covered", "verified", "buckets"]


@app.command()
def ls(
    case: Annotated[str | None, typer.Option(help="Limit to one case.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List campaigns."""
    rows = door(who).items(TRACKER, "/v1/campaigns", case=case)
    columns = ["campaign", "state", "case", "product", "from_versions", "target_version"]
    listing(rows, columns, json_wanted=json)


@app.command()
def create(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML or JSON.")],
    json: AsJson = False,
    who: As = None,
) -> None:
    """Plan a campaign from a file (docs/coverage.md shows one)."""
    try:
        body = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RefusedError(Exit.USAGE, f"{file} is not YAML", str(error)) from error
    document(door(who).post(TRACKER, "/v1/campaigns", body), json_wanted=json)


@app.command()
def show(campaign: str, json: AsJson = False, who: As = None) -> None:
    """Show a campaign: its waves, what their gates said, what halted them."""
    document(door(who).get(TRACKER, f"/v1/campaigns/{campaign}"), json_wanted=json)


@app.command()
def start(campaign: str, wave: int, json: AsJson = False, who: As = None) -> None:
    """Ask a wave's gates; it starts as soon as they answer that it may."""
    _act(f"{campaign}/waves/{wave}/start", {}, who, json_wanted=json)


@app.command()
def halt(campaign: str, wave: int, reason: Reason, json: AsJson = False, who: As = None) -> None:
    """Let a running wave stand still."""
    _act(f"{campaign}/waves/{wave}/halt", {"reason": reason}, who, json_wanted=json)


@app.command()
def resume(campaign: str, wave: int, reason: Reason, json: AsJson = False, who: As = None) -> None:
    """Let a halted wave go on, once its gates have answered again."""
    _act(f"{campaign}/waves/{wave}/resume", {"reason": reason}, who, json_wanted=json)


@app.command()
def abort(campaign: str, reason: Reason, json: AsJson = False, who: As = None) -> None:
    """End a campaign for good."""
    _act(f"{campaign}/abort", {"reason": reason}, who, json_wanted=json)


def _act(path: str, body: dict[str, Any], who: str | None, *, json_wanted: bool) -> None:
    document(door(who).post(TRACKER, f"/v1/campaigns/{path}", body), json_wanted=json_wanted)


@coverage.command("show")
def show_coverage(campaign: str, by: By = "method", json: AsJson = False, who: As = None) -> None:
    """Show verified coverage, with its definition."""
    found = door(who).get(TRACKER, f"/v1/campaigns/{campaign}/coverage", by=by)
    if json:
        listing([found], [], json_wanted=True)
        return
    out.print(_table(found))


@coverage.command()
def watch(
    campaign: str,
    by: By = "method",
    every: Annotated[float, typer.Option(help="Seconds between looks.")] = 1.0,
    until: Annotated[
        float | None, typer.Option(help="Stop when this share (0 to 1) is verified.")
    ] = None,
    who: As = None,
) -> None:
    """Show verified coverage live, until Ctrl-C or a share is reached."""
    opened = door(who)
    path = f"/v1/campaigns/{campaign}/coverage"
    with Live(console=out, auto_refresh=False) as live:
        while True:
            found = opened.get(TRACKER, path, by=by)
            live.update(_table(found), refresh=True)
            if until is not None and (found["overall"]["verified"] or 0) >= until:
                return
            time.sleep(every)


def _table(found: dict[str, Any]) -> Table:
    shown = Table(
        title=f"{found['campaign']} by {found['by']}", caption=found["definition"], box=None
    )
    for column in PARTS:
        shown.add_column(column, justify="right" if column in PARTS[1:4] else "left")
    for line in [*found["parts"], {**found["overall"], "part": "all"}]:
        share = line["verified"]
        shown.add_row(
            line["part"],
            str(line["total"]),
            str(line["covered"]),
            "" if share is None else f"{share:.1%}",
            ", ".join(f"{name} {n}" for name, n in line["buckets"].items()),
        )
    return shown
