"""Commands for gate evidence: add, revoke. The record holds a file's digest, never the file."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from services.cli.casework import post
from services.cli.door import part
from services.cli.lazy import group
from services.cli.printing import document
from services.cli.refusal import Exit, RefusedError
from services.cli.words import As, AsJson, Case, Ground

app = group("Evidence for the gates of a case's waves: add, revoke.")


@app.command()
def add(
    case: Case,
    gate: Annotated[
        str, typer.Option(help="As policy names it: risk_file, release_signed, rollback_exercised.")
    ],
    measure: Annotated[str, typer.Option(help="The measure's id, from `case show`.")],
    reference: Annotated[str, typer.Option(help="The proof's document id and revision.")],
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The proof: it is digested.")
    ] = None,
    digest: Annotated[str | None, typer.Option(help="Its SHA-256, where it is not here.")] = None,
    product: Annotated[str | None, typer.Option(help="For one product; default: all.")] = None,
    release_digest: Annotated[
        str | None, typer.Option(help="For release_signed: the SHA-256 of the release's image.")
    ] = None,
    valid_until: Annotated[
        str | None, typer.Option(help="Instant with its zone; default: as policy allows.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Record evidence for a gate; it lapses by itself. The file stays where it is."""
    body = {
        "gate": gate, "measure": measure, "product": product, "reference": reference,
        "digest": digest_of(file, digest), "release_digest": release_digest,
        "valid_until": valid_until,
    }  # fmt: skip
    document(post(who, case, "/evidence", body), json_wanted=json)


@app.command()
def revoke(
    case: Case,
    evidence: Annotated[str, typer.Argument(metavar="EVIDENCE", help="Id, from `case show`.")],
    ground: Ground,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Revoke evidence: waves that it let pass halt at once."""
    found = post(who, case, f"/evidence/{part(evidence)}/revoke", {"ground": ground})
    document(found, json_wanted=json)


def digest_of(file: Path | None, digest: str | None) -> str:
    """Give the SHA-256 of a file, or the digest that was given.

    Raises:
        RefusedError: neither or both are given.
    """
    if file is not None and digest is None:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    if digest is not None and file is None:
        return digest
    raise RefusedError(Exit.USAGE, "give either --file or --digest", "", "--file FILE digests it")
