"""Commands for a case's measures: plan, approve, available, pathway, sign."""

from typing import Annotated

import typer

from services.cli.casework import post
from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.printing import document
from services.cli.words import (
    As,
    AsJson,
    Case,
    Category,
    ForProduct,
    Ground,
    MeasureId,
    MeasureKind,
)

app = group("Measures of a case: plan, approve, available, pathway, sign.")

Basis = Annotated[
    str | None, typer.Option("--emergency-basis", help="For category D: what makes it urgent.")
]


@app.command()
def plan(
    case: Case,
    kind: Annotated[MeasureKind, typer.Option(help="What it does.")],
    category: Annotated[Category, typer.Option(help="The kind of change it is.")],
    title: Annotated[str, typer.Option(help="What it is, in a line.")],
    product: Annotated[list[str], typer.Option(help="A product it is for; repeat for more.")],
    description: Annotated[str | None, typer.Option(help="More of it.")] = None,
    target_version: Annotated[
        str | None, typer.Option(help="The version that carries it; a patch needs one.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Plan a measure; another person approves it."""
    body = {
        "kind": kind, "category": category, "title": title, "products": product,
        "description": description, "target_version": target_version,
    }  # fmt: skip
    document(post(who, case, "/measures", body), json_wanted=json)


@app.command()
def approve(
    case: Case, measure: MeasureId, ground: Ground, json: AsJson = False, who: As = None
) -> None:
    """Approve a measure that another person planned."""
    path = f"/measures/{part(measure)}/approve"
    document(post(who, case, path, {"ground": ground}), json_wanted=json)


@app.command()
def available(
    case: Case,
    measure: MeasureId,
    ground: Ground,
    at: Annotated[str | None, typer.Option(help="Instant with its zone; default: now.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Record that users can have a measure: the CRA's 14 days run from it."""
    path = f"/measures/{part(measure)}/available"
    found = post(who, case, path, {"ground": ground, "available_at": at})
    document(found, json_wanted=json)


@app.command()
def pathway(
    case: Case,
    measure: MeasureId,
    product: ForProduct,
    emergency_basis: Basis = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show what a change raises in the US and the EU, before anybody signs it."""
    path = f"/v1/cases/{part(case)}/measures/{part(measure)}/pathway"
    found = door(who).get("triage", path, product=product, emergency_basis=emergency_basis)
    document(found, json_wanted=json)


@app.command()
def sign(
    case: Case,
    measure: MeasureId,
    product: ForProduct,
    ground: Ground,
    emergency_basis: Basis = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Sign a measure's pathway for one product: its texts become part of the record."""
    body = {
        "measure": measure, "product": product, "emergency_basis": emergency_basis,
        "ground": ground,
    }  # fmt: skip
    document(post(who, case, "/pathways", body), json_wanted=json)
