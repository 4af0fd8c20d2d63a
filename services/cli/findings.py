"""Commands for findings: which components of which product versions vulnerabilities bear on."""

from typing import Annotated

import typer

from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.printing import document, listing
from services.cli.words import As, AsJson, OfProduct, Verdict

app = group("Findings and their evidence.")

COLUMNS = [
    "finding", "vulnerability", "verdict", "component", "component_version", "product", "version",
    "reason", "fixed_in",
]  # fmt: skip


@app.command()
def ls(
    verdict: Annotated[Verdict | None, typer.Option(help="Only this verdict.")] = None,
    product: OfProduct = None,
    vulnerability: Annotated[str | None, typer.Option(help="By any of its identifiers.")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Also those that hold no more.")] = False,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List findings; `--verdict unknown` lists what no data could decide."""
    rows = door(who).items(
        "sbom-matcher", "/v1/findings", verdict=verdict, product=product,
        vulnerability=vulnerability, ended=ended or None,
    )  # fmt: skip
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def show(
    finding: Annotated[str, typer.Argument(metavar="FINDING", help="Id, from `finding ls`.")],
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show a finding with every assertion that met the component."""
    document(door(who).get("sbom-matcher", f"/v1/findings/{part(finding)}"), json_wanted=json)
