"""Commands for findings: which components of which product versions vulnerabilities bear on."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from schemas.findings import Finding
from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.printing import as_json, document, err, listing
from services.cli.refusal import Exit, RefusedError
from services.cli.words import As, AsJson, FindingKind, OfProduct, Verdict
from services.sbom_matcher.domain.vex import csaf, cyclonedx, openvex
from services.sbom_matcher.domain.vex.said import Issued, statements

app = group("Findings and their evidence.")

COLUMNS = [
    "finding", "vulnerability", "verdict", "component", "component_version", "product", "version",
    "reason", "fixed_in", "support.ends_on", "days_left",
]  # fmt: skip


@app.command()
def ls(
    verdict: Annotated[Verdict | None, typer.Option(help="Only this verdict.")] = None,
    product: OfProduct = None,
    vulnerability: Annotated[str | None, typer.Option(help="By any of its identifiers.")] = None,
    kind: Annotated[
        FindingKind | None,
        typer.Option(help="On a vulnerability, a missing inventory, or a component's support."),
    ] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Also those that hold no more.")] = False,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List findings; `--verdict unknown` lists what no data could decide.

    `--kind support` lists components whose support is over, or ends within a notice period.
    """
    rows = door(who).items(
        "sbom-matcher", "/v1/findings", verdict=verdict, product=product,
        vulnerability=vulnerability, kind=kind, ended=ended or None,
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


@app.command()
def vex(
    of: Annotated[
        str, typer.Argument(metavar="PRODUCT@VERSION", help="A product version of the catalogue.")
    ],
    format_: Annotated[
        Literal["openvex", "cyclonedx", "csaf"],
        typer.Option("--format", help="Which VEX to write."),
    ] = "openvex",
    author: Annotated[
        str, typer.Option(help="Who issues it: the organisation that answers for it.")
    ] = "patchvigil",
    namespace: Annotated[
        str | None, typer.Option(help="In CSAF: a URL of the issuer's, as publisher namespace.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Write what is known of a product version as VEX, from findings and statements.

    All formats are JSON, with --json or without.

    Unknown findings are under investigation. A product version without a usable SBOM is named on
    standard error: no statement never means not affected.
    """
    del json
    product, at, version = of.rpartition("@")
    if not at or not product or not version:
        raise RefusedError(
            Exit.USAGE, f"{of!r} is not PRODUCT@VERSION", mend="name both, such as pump@1.0"
        )
    rows = door(who).items("sbom-matcher", "/v1/findings", product=product)
    findings = [
        Finding.model_validate({key: row[key] for key in Finding.model_fields if key in row})
        for row in rows
        if row["version"] == version
    ]
    if any(each.reason == "no_inventory" for each in findings):
        err.print(f"{of} has no usable SBOM: what is not stated here is not known")
    issued = Issued(product, version, author, datetime.now(UTC), namespace)
    as_json(_WRITERS[format_](statements(findings, issued), issued))


_WRITERS = {"openvex": openvex.write, "cyclonedx": cyclonedx.write, "csaf": csaf.write}
