"""Commands for what is known of vulnerabilities, and for the rules of clocks."""

from typing import Annotated

import typer

from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.printing import document, listing
from services.cli.words import As, AsJson

vulnerability = group("What advisories say of a vulnerability.")
pack = group("The rules that clocks follow: law and policy.")

PACKS = ["id", "version", "kind", "title", "rules", "source_date", "owner", "review_on"]


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
    document(found if json else {**found["description"], **rest}, json_wanted=json)


@pack.command()
def ls(json: AsJson = False, who: As = None) -> None:
    """List the packs in force."""
    listing(door(who).get("deadline-clock", "/v1/packs")["items"], PACKS, json_wanted=json)


@pack.command("show")
def show_pack(
    name: Annotated[str, typer.Argument(metavar="PACK", help="Id, from `pack ls`.")],
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show a pack with its rules: source, date and confidence of each."""
    document(door(who).get("deadline-clock", f"/v1/packs/{part(name)}"), json_wanted=json)
