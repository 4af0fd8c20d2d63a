"""Commands for drafts: list, show, fill, approve, and record what was filed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from services.cli.door import Exit, RefusedError, door
from services.cli.printing import As, AsJson, as_json, document, listing, out, table

app = typer.Typer(help="Prepared notifications. Nothing is ever sent.", no_args_is_help=True)

COLUMNS = [
    "draft", "case", "product", "stage", "revision", "standing", "shadow", "approved",
    "approved_by", "outdated_fields",
]  # fmt: skip


@app.command()
def ls(
    case: Annotated[str | None, typer.Option(help="Limit to one case.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List drafts in their newest revision."""
    listing(door(who).items("notification", "/v1/drafts", case=case), COLUMNS, json_wanted=json)


@app.command()
def show(
    draft: str,
    html: Annotated[
        Path | None, typer.Option(help="Write the copy sheet to this file instead.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show a draft: its gaps first, then every field with its source."""
    opened = door(who)
    if html is not None:
        sheet = opened.call("notification", "GET", f"/v1/drafts/{draft}.html")
        html.write_bytes(sheet.content)
        out.print(f"wrote {html}: prepared, not sent")
        return
    found = opened.get("notification", f"/v1/drafts/{draft}")
    if json:
        as_json(found)
        return
    text = found.pop("document")
    document(found, json_wanted=False)
    fields = text["fields"]
    out.print()
    table(
        [each for each in fields if each["status"] != "known"],
        ["id", "label", "status", "reason", "until"],
        title="gaps",
    )
    out.print()
    table(
        [each for each in fields if each["status"] == "known"],
        ["id", "label", "value", "source"],
        title="prepared, not sent",
    )


@app.command()
def fill(
    draft: str,
    values: Annotated[
        list[str] | None, typer.Argument(help="field=value, as often as needed.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, help="YAML: field: value, or field: {status, reason, until}."),
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """State values of fields. You become an author; approvals are voided."""
    stated: dict[str, Any] = {}
    if file is not None:
        stated |= yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    for value in values or []:
        name, equals, text = value.partition("=")
        if not equals:
            raise RefusedError(Exit.USAGE, f"{value!r} is not field=value")
        stated[name] = text
    fields = [
        {"field": name, **value} if isinstance(value, dict) else {"field": name, "value": value}
        for name, value in stated.items()
    ]
    found = door(who).post("notification", f"/v1/drafts/{draft}/fill", {"fields": fields})
    document({**found, "document": None}, json_wanted=json)


@app.command()
def approve(
    draft: str,
    revision: Annotated[int | None, typer.Option(help="Default: the newest.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Approve a revision that you did not write, bound to its digest."""
    opened = door(who)
    kept = opened.get("notification", f"/v1/drafts/{draft}")
    digest = kept["digest"]
    if revision is not None and revision != kept["revision"]:
        older = opened.get("notification", f"/v1/drafts/{draft}/revisions")
        digest = next((each["digest"] for each in older if each["revision"] == revision), digest)
    body = {"revision": revision or kept["revision"], "digest": digest}
    found = opened.post("notification", f"/v1/drafts/{draft}/approve", body)
    document({**found, "document": None}, json_wanted=json)


@app.command()
def filed(
    clock: str,
    receipt: Annotated[str, typer.Option(help="The authority's receipt or reference.")],
    product: Annotated[list[str], typer.Option(help="Products it covers; repeat for more.")],
    filed_at: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"], help="Default: now.")
    ] = None,
    draft: Annotated[str | None, typer.Option(help="The draft that was used.")] = None,
    revision: Annotated[int | None, typer.Option(help="Its revision.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Record what a person handed to an authority for a clock."""
    body = {
        "clock": clock, "receipt": receipt, "products": product, "draft": draft,
        "revision": revision, "filed_at": (filed_at or datetime.now(UTC)).isoformat(),
    }  # fmt: skip
    document(door(who).post("notification", "/v1/filings", body), json_wanted=json)
