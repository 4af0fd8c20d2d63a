"""Commands for releases and the keys that sign them."""

from typing import Annotated

import typer

from services.cli.campaigns import TRACKER, YamlFile
from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.paper import mapping
from services.cli.printing import document, listing
from services.cli.words import As, AsJson, Ground, OfProduct

release = group("Signed images that campaigns roll out.")
signer = group("Keys that sign releases, for gates to verify with.")

RELEASES = ["release", "product", "version", "digest", "signed_by", "published_at"]
SIGNERS = ["signer", "public_key", "valid_until", "revoked_at"]

Signer = Annotated[
    str, typer.Argument(metavar="SIGNER", help="The key's id: `signed_by` of releases.")
]


@release.command()
def publish(file: YamlFile, json: AsJson = False, who: As = None) -> None:
    """Publish a signed release from a file (docs/coverage.md shows one).

    It holds release, product, version, digest, signature and signed_by. The signature is Ed25519
    over the hex text of the SHA-256 digest, in base64, by the key of the principal signed_by.
    """
    document(door(who).post(TRACKER, "/v1/releases", mapping(file)), json_wanted=json)


@release.command("ls")
def ls_releases(product: OfProduct = None, json: AsJson = False, who: As = None) -> None:
    """List releases by id."""
    rows = door(who).items(TRACKER, "/v1/releases", product=product)
    listing(rows, RELEASES, json_wanted=json)


@release.command()
def show(
    name: Annotated[str, typer.Argument(metavar="RELEASE", help="Id, from `release ls`.")],
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show one release."""
    document(door(who).get(TRACKER, f"/v1/releases/{part(name)}"), json_wanted=json)


@signer.command()
def add(
    name: Signer,
    public_key: Annotated[str, typer.Option(help="The raw Ed25519 key, in base64.")],
    ground: Ground,
    valid_until: Annotated[
        str | None, typer.Option(help="Instant with its zone; default: a year from now.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Register a key, so that signatures are verified and not only recorded."""
    body = {"signer": name, "public_key": public_key, "ground": ground, "valid_until": valid_until}
    given = {field: value for field, value in body.items() if value is not None}
    document(door(who).post("triage", "/v1/signers", given), json_wanted=json)


@signer.command("ls")
def ls_signers(json: AsJson = False, who: As = None) -> None:
    """List keys by id; revoked and lapsed ones too."""
    listing(door(who).items("triage", "/v1/signers"), SIGNERS, json_wanted=json)


@signer.command()
def revoke(name: Signer, ground: Ground, json: AsJson = False, who: As = None) -> None:
    """Revoke a key: waves of releases that it signed halt at once."""
    path = f"/v1/signers/{part(name)}/revoke"
    document(door(who).post("triage", path, {"ground": ground}), json_wanted=json)
