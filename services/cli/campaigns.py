"""Commands for campaigns: create, start, halt, resume, abort, show, and their devices."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.paper import mapping
from services.cli.printing import as_json, document, listing, out, table
from services.cli.words import As, AsJson, CampaignState, DeviceState, OfCase, Reason

app = group("Rollouts of measures.")

TRACKER = "deployment-tracker"
COLUMNS = ["campaign", "state", "case", "product", "from_versions", "target_version", "measure"]
WAVES = [
    "wave", "method", "percent", "state", "devices", "covered", "halt_rule", "halt_because",
    "resume_reason", "started_at", "completed_at",
]  # fmt: skip
DEVICES = [
    "device", "wave", "method", "version", "site", "state", "code", "reported_version", "evidence",
    "changed_at",
]  # fmt: skip
GATES = ["wave", "gate", "verdict", "reason", "valid_until"]

Campaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Id, from `campaign ls`.")]
Wave = Annotated[int, typer.Argument(min=1, metavar="WAVE", help="The wave's number.")]
YamlFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="YAML or JSON.")
]


@app.command()
def ls(
    case: OfCase = None,
    state: Annotated[CampaignState | None, typer.Option(help="Only this state.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List campaigns."""
    rows = door(who).items(TRACKER, "/v1/campaigns", case=case, state=state)
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def create(file: YamlFile, json: AsJson = False, who: As = None) -> None:
    """Plan a campaign from a file (docs/coverage.md shows one)."""
    _told(door(who).post(TRACKER, "/v1/campaigns", mapping(file)), json_wanted=json)


@app.command()
def show(campaign: Campaign, json: AsJson = False, who: As = None) -> None:
    """Show a campaign: its waves, what their gates said, what halted them."""
    _told(door(who).get(TRACKER, f"/v1/campaigns/{part(campaign)}"), json_wanted=json)


@app.command()
def devices(
    campaign: Campaign,
    state: Annotated[DeviceState | None, typer.Option(help="Only those that stand there.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List a campaign's devices by id, and where each stands."""
    path = f"/v1/campaigns/{part(campaign)}/devices"
    listing(door(who).items(TRACKER, path, state=state), DEVICES, json_wanted=json)


@app.command()
def start(campaign: Campaign, wave: Wave, json: AsJson = False, who: As = None) -> None:
    """Ask a wave's gates; it starts as soon as they answer that it may."""
    path = f"/v1/campaigns/{part(campaign)}/waves/{wave}/start"
    document(door(who).post(TRACKER, path), json_wanted=json)


@app.command()
def halt(
    campaign: Campaign, wave: Wave, reason: Reason, json: AsJson = False, who: As = None
) -> None:
    """Let a running wave stand still."""
    path = f"/v1/campaigns/{part(campaign)}/waves/{wave}/halt"
    _told(door(who).post(TRACKER, path, {"reason": reason}), json_wanted=json)


@app.command()
def resume(
    campaign: Campaign, wave: Wave, reason: Reason, json: AsJson = False, who: As = None
) -> None:
    """Let a halted wave go on, once its gates have answered again."""
    path = f"/v1/campaigns/{part(campaign)}/waves/{wave}/resume"
    document(door(who).post(TRACKER, path, {"reason": reason}), json_wanted=json)


@app.command()
def abort(campaign: Campaign, reason: Reason, json: AsJson = False, who: As = None) -> None:
    """End a campaign for good."""
    path = f"/v1/campaigns/{part(campaign)}/abort"
    _told(door(who).post(TRACKER, path, {"reason": reason}), json_wanted=json)


def _told(found: dict[str, Any], *, json_wanted: bool) -> None:
    if json_wanted:
        as_json(found)
        return
    document({name: held for name, held in found.items() if name != "waves"})
    out.print()
    table(found["waves"], WAVES, title="waves")
    gates = [{"wave": wave["wave"], **gate} for wave in found["waves"] for gate in wave["gates"]]
    if gates:
        out.print()
        table(gates, GATES, title="what the gates said last")
    for wave in found["waves"]:
        for warning in wave["warnings"]:
            out.print(f"wave {wave['wave']}: {warning}")
