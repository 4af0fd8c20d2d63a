"""Commands for what is known of vulnerabilities."""

from typing import Annotated

import typer

from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.printing import document
from services.cli.words import As, AsJson

vulnerability = group("What advisories say of a vulnerability.")


@vulnerability.callback()
def _vulnerability() -> None:
    """What advisories say of a vulnerability."""


@vulnerability.command("show")
def show_vulnerability(
    identifier: Annotated[
        str, typer.Argument(metavar="IDENTIFIER", help="A CVE, a GHSA or another alias.")
    ],
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show a vulnerability by any of its identifiers: scores, advisories, findings by verdict."""
    found = door(who).get("sbom-matcher", f"/v1/vulnerabilities/{part(identifier)}")
    rest = {"advisories": found["advisories"], "findings": found["findings"]}
    if count := found["unnamed_claims"]:
        rest["names no product we could match"] = f"{count} claims: read the advisories"
    document(found if json else {**found["description"], **rest}, json_wanted=json)
