"""Typed access to parsed JSON: each wrong type becomes a FormatError that points at its place."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from services.intake.formats.error import FormatError

Node: TypeAlias = Mapping[str, Any]

_OLDEST = 1970


def _wrong(at: str, found: object, wanted: str) -> FormatError:
    kind = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}.get(
        type(found), "null" if found is None else "a number"
    )
    return FormatError(
        "wrong_type", f"{kind} stands where {wanted} belongs", f"make it {wanted}", at
    )


def node(value: Any, at: str) -> Node:
    """The value as an object."""
    if isinstance(value, dict):
        return value
    raise _wrong(at, value, "an object")


def child(parent: Node, key: str, at: str) -> Node:
    """The object under `key`; an absent one is empty."""
    found = parent.get(key)
    return {} if found is None else node(found, f"{at}/{key}")


def needed(parent: Node, key: str, at: str) -> str:
    """The text under `key`, which must be there and not be blank."""
    found = text(parent, key, at)
    if not found:
        raise FormatError("missing", f"`{key}` is missing or empty", "add it", f"{at}/{key}")
    return found


def text(parent: Node, key: str, at: str) -> str | None:
    """The text under `key`, stripped; None where it is absent or blank."""
    found = parent.get(key)
    if isinstance(found, str):  # first: this is the hottest line of all parsers
        return found.strip() or None
    if found is None:
        return None
    raise _wrong(f"{at}/{key}", found, "a text")


def items(parent: Node, key: str, at: str) -> Iterator[tuple[str, Node]]:
    """The objects of the list under `key`, each with its pointer; an absent list is empty."""
    for position, found in enumerate(_list(parent, key, at)):
        where = f"{at}/{key}/{position}"
        if not isinstance(found, dict):
            raise _wrong(where, found, "an object")
        yield where, found


def texts(parent: Node, key: str, at: str) -> tuple[str, ...]:
    """The texts of the list under `key`, blank ones left out."""
    found = _list(parent, key, at)
    for position, each in enumerate(found):
        if not isinstance(each, str):
            raise _wrong(f"{at}/{key}/{position}", each, "a text")
    return tuple(each.strip() for each in found if each.strip())


def _list(parent: Node, key: str, at: str) -> list[Any]:
    found = parent.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise _wrong(f"{at}/{key}", found, "a list")
    return found


def instant(parent: Node, key: str, at: str) -> datetime | None:
    """The moment under `key` in UTC; one without a zone is taken as UTC.

    A year before 1970 is what generators write for "unknown" (Go's zero time) and gives None.
    """
    found = text(parent, key, at)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if found.startswith("0001-"):
            return None
        raise FormatError(
            "bad_date", f"{found[:40]!r} is no date and time", "write it as RFC 3339", f"{at}/{key}"
        ) from error
    return moment if moment.year >= _OLDEST else None
