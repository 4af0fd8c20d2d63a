"""Commands that change packs on a running fleet: preview, propose, approve, reject."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.clock_questions import asked_by_pages, tell, text_of
from services.cli.door import Door, door
from services.cli.printing import document, err, listing
from services.cli.refusal import Exit, RefusedError
from services.cli.words import As, AsJson

PROPOSALS = [
    "proposal", "pack", "kind", "state", "proposed_by", "proposed_at", "settled_by", "settled_at",
    "cases", "clocks", "moved_at", "reason",
]  # fmt: skip
_LOOK = 0.2

_Id = Annotated[int, typer.Argument(metavar="ID", help="Number, from `pack proposals`.")]
_File = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The pack's YAML.")
]


def preview(given: str, *, json_wanted: bool, who: str | None) -> None:
    """Print what would move over all cases if this file, or the pack of a proposal, were in force.

    Raises:
        RefusedError: it is neither, or the pack cannot be used.
    """
    opened, path = door(who), Path(given)
    if path.is_file():
        asked = {"pack": text_of(path), "pack_name": path.name}
    elif given.isdecimal():
        found = opened.get("deadline-clock", f"/v1/packs/proposals/{given}")
        asked = {"pack": found["content"], "pack_name": found["name"]}
    else:
        raise RefusedError(
            Exit.REFUSED, f"there is no file {given}", "one argument is the pack to be applied",
            "give its file, or the number of a proposal; or compare two: `pack diff OLD NEW`",
        )  # fmt: skip
    tell(asked_by_pages(opened, asked), json_wanted=json_wanted)


def check(opened: Door, file: Path) -> dict[str, Any]:
    """Hold a pack to the running fleet: the packs in force there, and its open clocks.

    Raises:
        RefusedError: it cannot come into force so.
    """
    body = {"name": file.name, "text": text_of(file)}
    found: dict[str, Any] = opened.post("deadline-clock", "/v1/packs/check", body)
    return found


def apply(file: _File, json: AsJson = False, who: As = None) -> None:
    """Propose a pack to the running fleet: another person's `pack approve` puts it in force.

    What is wrong with it is said with its line and its mend. Nothing in force changes.
    """
    body = {"name": file.name, "text": text_of(file)}
    made = door(who).post("deadline-clock", "/v1/packs/proposals", body)
    document(made, json_wanted=json)
    if not json:
        number = made["proposal"]
        err.print(
            f"{made['pack']} waits for another person: `pack diff {number}` shows what would move, "
            f"`pack approve {number}` puts it in force"
        )


def proposals(
    every: Annotated[bool, typer.Option("--all", help="Also those that were settled.")] = False,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List the proposed packs that wait for a second person."""
    state = None if every else "waiting"
    rows = door(who).items("deadline-clock", "/v1/packs/proposals", state=state)
    listing(rows, PROPOSALS, json_wanted=json)


def approve(
    proposal: _Id,
    wait: Annotated[
        float, typer.Option(help="Wait so many seconds until every clock has moved.")
    ] = 30.0,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Put a pack that another person proposed in force; the clocks of every case move to it."""
    opened = door(who)
    opened.post("deadline-clock", f"/v1/packs/proposals/{proposal}/approve")
    last = time.monotonic() + wait
    found = _one(opened, proposal)
    while found["moved_at"] is None and time.monotonic() < last:
        time.sleep(_LOOK)
        found = _one(opened, proposal)
    document(found, json_wanted=json)
    if found["moved_at"] is None:
        err.print(f"{found['pack']} is in force; clocks still move: see `pack proposals --all`")


def reject(
    proposal: _Id,
    because: Annotated[str, typer.Option(help="Why, for the record.")],
    json: AsJson = False,
    who: As = None,
) -> None:
    """Reject a proposed pack, or take back your own."""
    path = f"/v1/packs/proposals/{proposal}/reject"
    document(door(who).post("deadline-clock", path, {"because": because}), json_wanted=json)


def _one(opened: Door, proposal: int) -> dict[str, Any]:
    found: dict[str, Any] = opened.get("deadline-clock", f"/v1/packs/proposals/{proposal}")
    return {name: held for name, held in found.items() if name not in {"content", "name"}}
