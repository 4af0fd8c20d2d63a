"""Commands for the rules that clocks follow: list, show, check, compare and change packs."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli import pack_changes
from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.one_shot import packs as local
from services.cli.printing import as_json, document, listing, out, table
from services.cli.refusal import Exit, RefusedError
from services.cli.words import As, AsJson, Here
from services.deadline_clock.domain.escalation import Escalation
from services.deadline_clock.domain.rules import Pack

app = group("The rules that clocks follow: law, guidance and policy.")

COLUMNS = [
    "id",
    "version",
    "basis",
    "title",
    "rules",
    "firing",
    "source_date",
    "owner",
    "review_on",
    "origin",
    "beneath",
    "proposed_by",
    "approved_by",
    "in_force_since",
]
RULES = [
    "id", "label", "basis", "status", "confidence", "authority", "anchor", "anchor_rule", "period",
    "unit", "soft_limb", "met_by", "fires", "started", "countries", "varies", "regime", "role",
    "trigger", "conditions", "stage", "calendar", "roll", "ends", "bound", "zone", "applies_from",
    "applies_until", "template", "source", "platform_counter", "supersedes", "content", "notes",
]  # fmt: skip
OPEN = ["point", "reading", "rules"]

OfFile = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The pack's YAML.")
]


@app.command()
def ls(here: Here = False, json: AsJson = False, who: As = None) -> None:
    """List the packs in force, and where each comes from: packaged, a company file, or applied.

    It asks the fleet; without one it lists those of this installation.
    """
    reached = None if here else door(who)
    if reached is not None and reached.knows("deadline-clock"):
        rows = reached.get("deadline-clock", "/v1/packs")["items"]
    else:
        from services.deadline_clock import calculator  # noqa: PLC0415  (after its needs are known)

        rows = [each.model_dump(mode="json") for each in calculator.packs(local.shipped())]
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="PACK", help="Id, from `pack ls`.")],
    here: Here = False,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show a pack with its rules: source, date and confidence of each, and what is still open."""
    reached = None if here else door(who)
    if reached is not None and reached.knows("deadline-clock"):
        found = reached.get("deadline-clock", f"/v1/packs/{part(name)}")
    else:
        found = _shown(name)
    if json:
        as_json(found)
        return
    apart = ("kind", "content", "open_points", "chains")  # `basis` says of proposals what they are
    document({field: held for field, held in found.items() if field not in apart})
    if found["content"]:
        out.print()
        table(found["content"], RULES, title="rules")
    if found["open_points"]:
        out.print()
        table(found["open_points"], OPEN, title="open: nobody has settled these")
    if found["chains"]:
        out.print()
        table(found["chains"], ["id", "kinds", "unit", "up_to", "steps"], title="chains")


def _shown(name: str) -> dict[str, Any]:
    held = local.shipped()
    from services.deadline_clock import calculator  # noqa: PLC0415  (after its needs are known)

    found = calculator.pack(name, held)
    if found is None:
        raise RefusedError(Exit.REFUSED, f"there is no pack {name}", "", "list them: `pack ls`")
    return found.model_dump(mode="json")


@app.command()
def lint(file: OfFile, here: Here = False, json: AsJson = False, who: As = None) -> None:
    """Check a pack before anybody uses it: alone, and together with those it would join.

    Where a fleet runs it is also held to the packs in force and the open clocks there. What is
    wrong is said with its line and its mend, and exit status 1. Nothing in force changes.
    """
    found = local.linted(file)
    reached = None if here else door(who)
    if reached is not None and reached.knows("deadline-clock"):
        pack_changes.check(reached, file)
    rules = () if isinstance(found, Escalation) else found.rules
    answer = {
        "pack": found.reference,
        "holds": True,
        "rules": len(rules),
        "firing": sum(rule.fires for rule in rules),
        "sha256": found.sha256,
    }
    document(answer, json_wanted=json)


@app.command()
def diff(
    before: Annotated[
        str, typer.Argument(metavar="OLD|FILE", help="A file, or the id of a pack or a proposal.")
    ],
    after: Annotated[
        str | None, typer.Argument(metavar="[NEW]", help="A file, or the id of a pack.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show which clocks, drafts and pages of the fleet would move to a pack; or compare two.

    With one file, or the number of a proposal, nothing is written: all cases are decided as if the
    pack were in force. With two: each field that differs, and which way deadlines would move.
    """
    if after is None:
        pack_changes.preview(before, json_wanted=json, who=who)
    else:
        _compare(_pack(before), _pack(after), json_wanted=json)


def _compare(old: Pack, new: Pack, *, json_wanted: bool) -> None:
    from services.deadline_clock.domain.pack_comparison import compared  # noqa: PLC0415

    found = compared(old, new)
    if json_wanted:
        as_json(asdict(found))
        return
    out.print(f"{found.before} → {found.after}")
    table(
        [asdict(each) for each in found.changes],
        ["rule", "field", "before", "after"],
        title="what differs",
    )
    table([asdict(each) for each in found.movements], ["rule", "moves"], title="deadlines")


def _pack(name: str) -> Pack:
    path = Path(name)
    found = local.read(path) if path.is_file() else local.shipped().book.pack(name)
    if isinstance(found, Escalation) or name == local.shipped().escalation.id:
        raise RefusedError(
            Exit.REFUSED, f"{name} holds escalation chains, which are not compared by fields", "",
            "see which steps of the running fleet would move: `pack diff FILE`",
        )  # fmt: skip
    if found is None:
        reason = "it is neither a file nor the id of a pack"
        raise RefusedError(Exit.REFUSED, f"there is no {name}", reason, "list them: `pack ls`")
    return found


app.command()(pack_changes.apply)
app.command()(pack_changes.proposals)
app.command()(pack_changes.approve)
app.command()(pack_changes.reject)
