"""The command `tail`: follows topics, knowing the contracts."""

import asyncio
import json as jsonlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from schemas.event import Event, Tombstone
from schemas.registry import EVENTS, TOMBSTONES
from schemas.topics import TOPICS
from services.cli.broker import broker
from services.cli.following import Span, follow
from services.cli.printing import as_json_line, log_line
from services.cli.refusal import Exit, RefusedError
from services.cli.words import AsJson

_HEADERS = ("ce_id", "ce_revision", "ce_causation", "traceparent", "ce_dataref")
_FIELDS = 12


def tail(
    topics: Annotated[
        list[str],
        typer.Argument(
            metavar="TOPIC", help="Such as cases, clocks.", autocompletion=lambda: list(TOPICS)
        ),
    ],
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with the oldest record, not the next.")
    ] = False,
    until_end: Annotated[
        bool, typer.Option("--until-end", help="Show what the topics hold now, and stop.")
    ] = False,
    case: Annotated[str | None, typer.Option(help="Only records of this case.")] = None,
    key: Annotated[str | None, typer.Option(help="Only records with this key.")] = None,
    kind: Annotated[
        str | None, typer.Option("--type", help="Only this type: clock.met, or clock.met.v1.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Print whole values.")] = False,
    json: AsJson = False,
) -> None:
    """Follow topics: time, type, key and fields of each record, until Ctrl-C.

    With --json each record is one line, with its headers, its place and its value, and
    `fits_contract`: false where a value does not fit the contract of its type.
    """
    unknown = [name for name in topics if name not in TOPICS]
    if unknown:
        known = ", ".join(sorted(TOPICS))
        title = f"no such topic: {', '.join(unknown)}"
        raise RefusedError(Exit.USAGE, title, "", f"name some of {known}")
    _check_type(kind, topics)
    at = broker()
    wanted = _filter(case, key, kind)

    def show(record: dict[str, Any]) -> None:
        if not wanted(record):
            return
        shown = {**record, "fits_contract": fits(record)}
        if json:
            as_json_line(shown)
        else:
            _print(shown, full=full)

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it says is raised too
    try:
        span = Span(from_start=from_start or until_end, until_end=until_end)
        asyncio.run(follow(at, topics, show, span))
    except KafkaError as error:
        denied = isinstance(error, TopicAuthorizationFailedError)
        raise RefusedError(
            Exit.FORBIDDEN if denied else Exit.UNREACHABLE,
            f"Kafka at {at.kafka.bootstrap} refused",
            str(error),
            "look with `patchvigil doctor`",
        ) from error
    except KeyboardInterrupt:
        return


def _check_type(kind: str | None, topics: Sequence[str]) -> None:
    types: dict[str, type[Event | Tombstone]] = {**EVENTS, **TOMBSTONES}
    if kind is None or any(_is(name, kind) for name in types):
        return
    streams = {topic.removesuffix(".bulk") for topic in topics}
    known = ", ".join(name for name, each in types.items() if each.TOPIC in streams)
    raise RefusedError(Exit.USAGE, f"no such type: {kind}", "", f"name one of {known or 'them'}")


def _is(name: str, kind: str) -> bool:
    """Tell whether a type is meant: by its whole name, or without its version."""
    return kind in {name, name.rpartition(".v")[0]}


def _filter(
    case: str | None, key: str | None, kind: str | None
) -> Callable[[Mapping[str, Any]], bool]:
    def wanted(record: Mapping[str, Any]) -> bool:
        return (
            (case is None or record.get("ce_case") == case)
            and (key is None or record["key"] == key)
            and (kind is None or _is(str(record.get("ce_type")), kind))
        )

    return wanted


def fits(record: Mapping[str, Any]) -> bool | None:
    """Tell whether a value fits its contract; None where no contract or no value is known."""
    kind, value = str(record.get("ce_type")), record["value"]
    if kind in TOMBSTONES:
        return value is None
    event = EVENTS.get(kind)
    if event is None or value is None:
        return None
    try:
        event.model_validate_json(jsonlib.dumps(value))
    except ValueError:
        return False
    return True


def _print(record: Mapping[str, Any], *, full: bool) -> None:
    kind, value = str(record.get("ce_type") or record["topic"]), record["value"]
    flag = "  does not fit its contract" if record["fits_contract"] is False else ""
    text = ""
    if full:
        headers = (f"{name}: {record[name]}" for name in _HEADERS if name in record)
        text = "\n".join([*headers, jsonlib.dumps(value, indent=2, ensure_ascii=False)])
    elif isinstance(value, Mapping):
        text = summary(value)
    elif kind in TOMBSTONES:
        text = "no value: the topic forgets this key"
    log_line(str(record.get("ce_time") or ""), kind, f"{record['key']}{flag}", text)


def summary(value: Mapping[str, Any]) -> str:
    """Give the plain fields of a value in one line; nested ones are shown by --full."""
    first = next((held for held in value.values() if isinstance(held, Mapping)), {})
    plain = {
        name: held
        for name, held in {**first, **value}.items()
        if isinstance(held, str | int | float | bool) and held != ""
    }
    return ", ".join(f"{name}={held}" for name, held in list(plain.items())[:_FIELDS])
