"""Commands that ask about clocks: why they stand so, who knew what, and what if."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.door import Door, door, part
from services.cli.printing import as_json, document, out, table
from services.cli.refusal import Exit, RefusedError
from services.cli.words import As, AsJson, AsOf, Case, IncidentRegime, OfProduct

SETTABLE = ("aware_at", "measure_available_at", "initiated_at")
"""What --set knows."""

RULES = [
    "rule", "product", "kind", "mode", "state", "due_operational", "due_operational_local",
    "due_legal_outer", "due_legal_outer_local", "platform.due", "anchor.name", "anchor.at",
    "why_not", "confidence",
]  # fmt: skip
UNANSWERED = ["authority", "received_at", "due_at", "because", "mend", "rule", "request"]
MOVES = [
    "after.rule", "after.product", "before.state", "after.state", "before.due_operational",
    "after.due_operational", "before.mode", "after.mode", "draft", "after.case", "because",
    "after.kind", "after.confidence",
]  # fmt: skip


def explain(case: Case, as_of: AsOf = None, json: AsJson = False, who: As = None) -> None:
    """Explain every rule on every product: why it runs, how it is counted, what it waits for."""
    found = door(who).get("deadline-clock", f"/v1/cases/{part(case)}/explanation", as_of=as_of)
    if json:
        as_json(found)
        return
    table(found["rules"], RULES, title=f"rules on {found['case']}")
    if found["unanswered"]:
        out.print()
        table(found["unanswered"], UNANSWERED, title="requests that started no clock")
    for each in found["rules"]:
        if each["clock"] is not None:
            out.print()
            document(_told(each))


def _told(each: Mapping[str, Any]) -> dict[str, Any]:
    """One clock for a person to read: counting as numbered steps, the rest in words."""
    steps = [{"step": number, "words": words} for number, words in enumerate(each["reasoning"], 1)]
    told = {"reasoning", "platform", "open_points"}
    return {
        **{name: held for name, held in each.items() if name not in told},
        "platform": each["platform"] and each["platform"]["words"],
        "counted": steps,
        "open: nobody has settled these": [
            {"point": point["point"], "reading": point["reading"]} for point in each["open_points"]
        ],
    }


def awareness(case: Case, json: AsJson = False, who: As = None) -> None:
    """Tell who could have known what, when, and awareness per regime, with its evidence."""
    found = door(who).get("deadline-clock", f"/v1/cases/{part(case)}/awareness")
    if json:
        as_json(found)
        return
    known = ["at", "product", "what", "who", "evidence", "corrected", "entity"]
    table(found["known"], known, title=f"who could have known what of {found['case']}")
    out.print()
    aware = ["regime", "product", "words", "test", "former", "entity"]
    table(found["aware"], aware, title="awareness, per regime and entity")


def what_if(
    case: Annotated[
        str | None, typer.Argument(metavar="[CASE]", help="Tracking id; or give --all.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Ask of every case.")] = False,
    instants: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=INSTANT", help=f"Suppose {', '.join(SETTABLE)}."),
    ] = None,
    regime: Annotated[
        IncidentRegime | None,
        typer.Option(help="Whose awareness of incidents is set; else that of exploitation."),
    ] = None,
    product: OfProduct = None,
    pack: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Suppose this pack of rules in force."),
    ] = None,
    country: Annotated[
        str | None, typer.Option(help="Suppose this Member State of main establishment.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show every clock, draft and page that would move if something were otherwise.

    Nothing is written.
    """
    if (case is None) != every:
        raise RefusedError(
            Exit.USAGE, "of which case?", "give one case, or --all, and not both",
            "name the case, or add --all",
        )  # fmt: skip
    asked: dict[str, Any] = {
        "case": case, "product": product, "country": country, "regime": regime,
    }  # fmt: skip
    asked |= dict(map(_instant, instants or ()))
    if pack is not None:
        asked |= {"pack": text_of(pack), "pack_name": pack.name}
    given = {name: held for name, held in asked.items() if held is not None}
    if set(given) <= {"case", "product", "regime"}:
        raise RefusedError(
            Exit.USAGE, "nothing is supposed", "there is neither --set, --pack nor --country",
            "give one, such as --set aware_at=2026-11-20T16:42:10+01:00",
        )  # fmt: skip
    tell(asked_by_pages(door(who), given), json_wanted=json)


def tell(pages: Iterator[Any], *, json_wanted: bool) -> None:
    """Print what would move on all pages together, and of how many cases it was asked."""
    cases, moved = 0, list[Any]()
    for page in pages:
        cases += page["cases"]
        moved += page["moved"]
    if json_wanted:
        as_json({"cases": cases, "moved": moved})
        return
    table(moved, MOVES, title=f"would move, of {cases} cases asked")
    for each in moved:
        if each["steps"]:
            out.print()
            after = each["after"]
            title = f"pages of {after['rule']} on {after['product']} in {after['case']}"
            table(each["steps"], ["what", "step", "due_at"], title=title)


def asked_by_pages(opened: Door, asked: Mapping[str, Any]) -> Iterator[Any]:
    """Ask what would move, page by page, until every case was asked."""
    after: str | None = ""
    while after is not None:
        found = opened.post("deadline-clock", "/v1/what-if", {**asked, "after": after})
        yield found
        after = found["next"]


def _instant(text: str) -> tuple[str, str]:
    name, equal, at = text.partition("=")
    if not equal or name not in SETTABLE:
        raise RefusedError(
            Exit.USAGE, f"--set {text}: unknown", f"known are {', '.join(SETTABLE)}",
            "write it as aware_at=2026-11-20T16:42:10+01:00",
        )  # fmt: skip
    return name, at


def text_of(file: Path) -> str:
    """The text of a pack's file.

    Raises:
        RefusedError: it is not UTF-8.
    """
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError(
            Exit.USAGE, f"{file.name} is no text in UTF-8", str(error), "save it as UTF-8"
        ) from error
