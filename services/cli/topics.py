"""Commands for topics and access rules: diff against the contract, apply what is missing."""

import typer

from deploy.kafka import topics
from deploy.kafka.topics import Difference, DriftError
from deploy.world import Stack
from services.cli.door import Exit, RefusedError, fleet
from services.cli.printing import AsJson, as_json, out

app = typer.Typer(help="Topics and access rules as schemas/topics.py says.", no_args_is_help=True)


def _stack() -> Stack:
    found = fleet()
    if found is None:
        raise RefusedError(Exit.UNREACHABLE, "no fleet runs here", "", "patchvigil up")
    return found.stack


@app.command()
def diff(json: AsJson = False) -> None:
    """List where the broker differs from the contract; exits 1 where it does."""
    stack = _stack()
    found = topics.diff(stack.kafka, prefix=stack.topic_prefix)
    _print(found, "no difference", json=json)
    if found:
        raise typer.Exit(Exit.REFUSED)


@app.command()
def apply(json: AsJson = False) -> None:
    """Create missing topics and rules; fails on drift and then changes nothing."""
    stack = _stack()
    try:
        added = topics.apply(stack.kafka, prefix=stack.topic_prefix)
    except DriftError as error:
        raise RefusedError(Exit.REFUSED, str(error)) from error
    _print(added, "nothing was missing", json=json)


def _print(found: list[Difference], nothing: str, *, json: bool) -> None:
    if json:
        as_json([str(difference) for difference in found])
    elif found:
        for difference in found:
            out.print(str(difference))
    else:
        out.print(nothing)
