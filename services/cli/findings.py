"""Commands for findings: which components of which product versions vulnerabilities bear on."""

from typing import Annotated

import typer

from services.cli.door import door
from services.cli.printing import As, AsJson, document, listing

app = typer.Typer(help="Findings and their evidence.", no_args_is_help=True)

COLUMNS = [
    "finding", "vulnerability", "product", "version", "component", "component_version", "verdict",
    "reason",
]  # fmt: skip


@app.command()
def ls(
    verdict: Annotated[
        str | None, typer.Option(help="affected, not_affected, fixed or unknown.")
    ] = None,
    product: Annotated[str | None, typer.Option(help="Limit to one product.")] = None,
    vulnerability: Annotated[str | None, typer.Option(help="By any of its identifiers.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List findings."""
    rows = door(who).items(
        "sbom-matcher", "/v1/findings", verdict=verdict, product=product,
        vulnerability=vulnerability, limit=500,
    )  # fmt: skip
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def show(finding: str, json: AsJson = False, who: As = None) -> None:
    """Show a finding with every assertion that met the component."""
    document(door(who).get("sbom-matcher", f"/v1/findings/{finding}"), json_wanted=json)
