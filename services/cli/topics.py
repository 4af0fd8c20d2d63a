"""Commands for topics and access rules: diff against the contract, apply what is missing."""

from collections.abc import Sequence
from dataclasses import asdict

import typer
from confluent_kafka import KafkaException

from deploy.kafka import topics
from deploy.kafka.topics import Difference, DriftError
from services.cli.broker import broker
from services.cli.lazy import group
from services.cli.printing import as_json, out, table
from services.cli.refusal import Exit, RefusedError
from services.cli.words import AsJson

app = group("Topics and access rules as schemas/topics.py says.")

COLUMNS = ["subject", "aspect", "wanted", "found"]


@app.command()
def diff(json: AsJson = False) -> None:
    """List where the broker differs from the contract; exits 1 where it does."""
    at = broker()
    try:
        found = topics.diff(at.kafka, prefix=at.prefix)
    except KafkaException as error:
        raise _silent(at.kafka.bootstrap, error) from error
    _print(found, "no difference", json_wanted=json)
    if found:
        raise typer.Exit(Exit.REFUSED)


@app.command()
def apply(json: AsJson = False) -> None:
    """Create missing topics and rules; fails on drift and then changes nothing."""
    at = broker()
    try:
        added = topics.apply(at.kafka, prefix=at.prefix)
    except DriftError as error:
        raise RefusedError(Exit.REFUSED, error.reason, "", error.mend) from error
    except KafkaException as error:
        raise _silent(at.kafka.bootstrap, error) from error
    _print(added, "nothing was missing", json_wanted=json)


def _print(found: Sequence[Difference], nothing: str, *, json_wanted: bool) -> None:
    if json_wanted:
        as_json([asdict(each) for each in found])
    elif found:
        table([asdict(each) for each in found], COLUMNS)
    else:
        out.print(nothing)


def _silent(bootstrap: str, error: KafkaException) -> RefusedError:
    return RefusedError(
        Exit.UNREACHABLE, f"Kafka at {bootstrap} does not answer", error.args[0].str(),
        "look with `patchvigil doctor`",
    )  # fmt: skip
