"""Commands for personal data under a reference: show it to who must reach a person, erase it."""

from typing import Annotated

import typer

from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.printing import document
from services.cli.refusal import Exit, RefusedError
from services.cli.words import As, AsJson

app = group("Personal data under a reference: show, erase.")

Reference = Annotated[
    str, typer.Argument(metavar="REFERENCE", help="As a site's or a report's `contact` says.")
]


@app.command()
def show(reference: Reference, json: AsJson = False, who: As = None) -> None:
    """Show a contact, for whoever has to reach the person."""
    document(door(who).get("intake", f"/v1/contacts/{part(reference)}"), json_wanted=json)


@app.command()
def erase(
    reference: Reference,
    yes: Annotated[bool, typer.Option("--yes", help="It cannot be taken back: say so.")] = False,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Erase a contact for good, with the originals that hold it; the reference stays, empty."""
    if not yes:
        raise RefusedError(
            Exit.USAGE, f"{reference} would be erased for good", "it cannot be taken back",
            "look at it with `patchvigil contact show`, then say --yes",
        )  # fmt: skip
    answer = door(who).call("intake", "DELETE", f"/v1/contacts/{part(reference)}")
    document(answer.json(), json_wanted=json)
