"""Commands for drafts: list, show, fill, approve, and record what was filed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.paper import mapping
from services.cli.printing import as_json, document, listing, out, table
from services.cli.refusal import Exit, RefusedError
from services.cli.words import As, AsJson, OfCase

app = group("Prepared notifications. Nothing is ever sent.")

COLUMNS = [
    "draft", "product", "stage", "approved", "case", "revision", "lacks", "approved_by",
    "outdated_fields", "shadow", "ended", "standing",
]  # fmt: skip
GAPS = ["field", "label", "required", "reason", "expected_on"]
REVISIONS = ["revision", "prepared_at", "because", "digest"]
FIELDS = ["id", "number", "label", "status", "value", "fault", "source.kind", "source.ref"]

Draft = Annotated[str, typer.Argument(metavar="DRAFT", help="Id, from `draft ls`.")]


@app.command()
def ls(case: OfCase = None, json: AsJson = False, who: As = None) -> None:
    """List drafts in their newest revision, with the required fields that each lacks."""
    rows = door(who).items("notification", "/v1/drafts", case=case)
    listing(rows if json else map(_with_lacks, rows), COLUMNS, json_wanted=json)


def _with_lacks(draft: dict[str, Any]) -> dict[str, Any]:
    return {**draft, "lacks": [gap["field"] for gap in draft["gaps"] if gap["required"]]}


@app.command()
def show(
    draft: Draft,
    html: Annotated[
        Path | None, typer.Option(help="Write the sheet to copy from to this file instead.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show a draft: its gaps first, then every field with its source."""
    opened = door(who)
    path = f"/v1/drafts/{part(draft)}"
    if html is not None:
        html.write_bytes(opened.call("notification", "GET", f"{path}.html").content)
        document({"wrote": str(html), "standing": "prepared, not sent"}, json_wanted=json)
        return
    found = opened.get("notification", path)
    if json:
        as_json(found)
        return
    _summary(found)
    out.print()
    table(found["document"]["gaps"], GAPS, title="gaps")
    out.print()
    table(found["document"]["fields"], FIELDS, title="fields")


def _summary(draft: dict[str, Any]) -> None:
    document({name: held for name, held in draft.items() if name not in {"document", "gaps"}})


@app.command()
def fill(
    draft: Draft,
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="FIELD=VALUE", help="Name a field twice for a list of values."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="YAML of `field: value`, or `field: {status, reason, until}`.",
        ),
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """State values of fields. You become an author; approvals are voided."""
    stated = {**(mapping(file) if file else {}), **_parsed(values or [])}
    if not stated:
        raise RefusedError(Exit.USAGE, "no field is stated", "", "give FIELD=VALUE, or --file")
    fields = [
        {"field": name, **value} if isinstance(value, dict) else {"field": name, "value": value}
        for name, value in stated.items()
    ]
    path = f"/v1/drafts/{part(draft)}/fill"
    _told(door(who).post("notification", path, {"fields": fields}), json_wanted=json)


def _parsed(values: Sequence[str]) -> dict[str, str | list[str]]:
    """Read `field=value`; a field that is named again holds a list."""
    stated: dict[str, list[str]] = {}
    for each in values:
        name, equals, text = each.partition("=")
        if not equals or not name:
            raise RefusedError(
                Exit.USAGE, f"{each!r} is not FIELD=VALUE", "", "write it as title='A title'"
            )
        stated.setdefault(name, []).append(text)
    return {name: texts if len(texts) > 1 else texts[0] for name, texts in stated.items()}


def _told(draft: dict[str, Any], *, json_wanted: bool) -> None:
    if json_wanted:
        as_json(draft)
        return
    _summary(draft)
    out.print()
    table(draft["gaps"], GAPS, title="gaps")


@app.command()
def approve(
    draft: Draft,
    revision: Annotated[
        int | None, typer.Option(help="The one you have read; default: the newest.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Approve a revision that you did not write, bound to its digest."""
    opened = door(who)
    path = f"/v1/drafts/{part(draft)}"
    kept = opened.get("notification", path)
    body = {"revision": kept["revision"], "digest": kept["digest"]}
    if revision is not None and revision != kept["revision"]:
        older = opened.get("notification", f"{path}/revisions")
        digest = next((each["digest"] for each in older if each["revision"] == revision), None)
        if digest is None:
            raise RefusedError(
                Exit.REFUSED, f"{draft} has no revision {revision}",
                f"its newest is {kept['revision']}", f"patchvigil draft show {draft}",
            )  # fmt: skip
        body = {"revision": revision, "digest": digest}
    _told(opened.post("notification", f"{path}/approve", body), json_wanted=json)


@app.command()
def revisions(draft: Draft, json: AsJson = False, who: As = None) -> None:
    """List every revision of a draft, the oldest first, and why each was prepared."""
    found = door(who).get("notification", f"/v1/drafts/{part(draft)}/revisions")
    listing(found, REVISIONS, json_wanted=json)


@app.command()
def filed(
    clock: Annotated[str, typer.Argument(metavar="CLOCK", help="The clock's id, from `clock ls`.")],
    receipt: Annotated[str, typer.Option(help="The authority's receipt or reference.")],
    product: Annotated[list[str], typer.Option(help="A product it covers; repeat for more.")],
    filed_at: Annotated[
        str | None, typer.Option(help="Instant with its zone; default: now.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who filed it; default: you.")] = None,
    draft: Annotated[str | None, typer.Option(help="The draft that was used.")] = None,
    revision: Annotated[int | None, typer.Option(help="Its revision.")] = None,
    digest: Annotated[str | None, typer.Option(help="That revision's digest.")] = None,
    note: Annotated[str | None, typer.Option(help="Anything else for the record.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Record what a person handed to an authority for a clock; mismatches are flagged."""
    body = {
        "clock": clock, "receipt": receipt, "products": product, "filed_by": by, "draft": draft,
        "revision": revision, "digest": digest, "note": note,
        "filed_at": filed_at or datetime.now(UTC).isoformat(),
    }  # fmt: skip
    given = {name: value for name, value in body.items() if value is not None}
    document(door(who).post("notification", "/v1/filings", given), json_wanted=json)
