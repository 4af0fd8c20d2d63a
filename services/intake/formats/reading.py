"""Turns untrusted bytes into plain values: size, nesting, encoding, duplicate keys."""

import json
import re
from collections.abc import Iterable
from typing import Any

import orjson
import yaml

from services.intake.formats import limits
from services.intake.formats.error import FormatError

MAX_BYTES = 50 * 1024 * 1024
"""The largest document that is read at all."""
MAX_YAML_BYTES = 5 * 1024 * 1024
"""YAML is read by a slower, stricter parser."""
MAX_DEPTH = 64
"""The deepest nesting of objects and lists; no format here needs more than a third of it."""

_NOT_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))
_OPENINGS = re.compile(rb"[\[{]{%d}" % (MAX_DEPTH + 1))
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd")


def of_size(size: int) -> None:
    """Refuse a document for how many bytes it has, before or after it is in memory.

    Raises:
        FormatError: too large.
    """
    if size > MAX_BYTES:
        raise FormatError(
            "too_large",
            f"the document has {size} bytes; the limit is {MAX_BYTES}",
            "split it; records can be sent as several JSON Lines documents",
        )


def checked(raw: bytes) -> bytes:
    """Return the document without byte order mark, fit to be parsed.

    Raises:
        FormatError: empty, too large, packed, not UTF-8 text, or holding NUL.
    """
    of_size(len(raw))
    if raw.startswith(_PACKED):
        raise FormatError("packed", "the document is compressed", "unpack it before you send it")
    body = raw.removeprefix(b"\xef\xbb\xbf").strip()
    if not body:
        raise FormatError("empty", "the document is empty", "send the document's content")
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise FormatError(
                "not_utf8", f"byte {error.start} is not UTF-8", "save the document as UTF-8"
            ) from error
    if b"\0" in body or b"\\u0000" in body:
        raise FormatError("nul", "the document holds a NUL character", "remove NUL characters")
    return body


def nesting(body: bytes) -> None:
    """Refuse a JSON text nested deeper than MAX_DEPTH, before any parser recurses into it.

    Pairs of brackets are removed from the inside out, a level a pass, which costs a fraction of
    parsing; brackets inside strings only matter where the first look fails.

    Raises:
        FormatError: nested too deep.
    """
    if not _deep(body) or not _deep(limits.without_strings(body)):
        return
    raise FormatError(
        "too_deep",
        f"objects and lists are nested deeper than {MAX_DEPTH} levels, or brackets do not match",
        "flatten the document, or check that it was not cut off",
    )


def _deep(text: bytes) -> bool:
    brackets = text.translate(None, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return False
        if _OPENINGS.search(brackets):
            return True  # no pass could undo these, and each would cost its time
        shorter = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if len(shorter) == len(brackets):
            # What is left does not pair up; only its depth is judged, the parser does the rest.
            return len(brackets) > MAX_DEPTH
        brackets = shorter
    return bool(brackets)


def not_json(error: ValueError) -> FormatError:
    """The error for a text that a JSON parser refused."""
    return FormatError(
        "not_json", f"not well-formed JSON: {error}", "check that the document is complete JSON"
    )


def json_value(body: bytes) -> Any:
    """Parse JSON at full speed; a repeated key's last value counts, as in most readers.

    Raises:
        FormatError: not JSON, nested too deep, or with more values than a document may have.
    """
    nesting(body)
    limits.json(body)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise not_json(error) from error


def _repeated(key: str, where: str) -> FormatError:
    reason = f"the key {key[:80]!r} occurs twice in one object"
    return FormatError("duplicate_key", reason, "keep one of them", where)


def _token(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _twice(keys: Iterable[str]) -> str:
    """Name the first key that occurs a second time: there is one."""
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            break
        seen.add(key)
    return key


def _place(value: Any, wanted: object, at: str = "") -> str | None:
    """Point to the one object in a parsed document that is `wanted`, if it is still there."""
    if value is wanted:
        return at
    if isinstance(value, dict):
        inner = ((_token(key), each) for key, each in value.items())
    elif isinstance(value, list):
        inner = ((str(position), each) for position, each in enumerate(value))
    else:
        return None
    found = (_place(each, wanted, f"{at}/{key}") for key, each in inner)
    return next((each for each in found if each is not None), None)


def strict_json(body: bytes) -> Any:
    """Parse JSON of our own formats, in which a repeated key is an error.

    Raises:
        FormatError: not JSON, nested too deep, too many values, or a key twice in one object.
    """
    nesting(body)
    limits.json(body)
    repeated: list[tuple[dict[str, Any], str]] = []

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            repeated.append((found, _twice(key for key, _ in pairs)))
        return found

    try:
        value = json.loads(body, object_pairs_hook=object_of, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise not_json(ValueError(str(error))) from error
    if repeated:
        inside, key = repeated[-1]  # an earlier one may be lost in the value that this one hides
        raise _repeated(key, f"{_place(value, inside)}/{_token(key)}")
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


class _Loader(yaml.CSafeLoader):
    """YAML's plain types; repeated keys are refused, dates stay text for the models to read."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise FormatError(
                "not_a_name",
                f"line {key_node.start_mark.line + 1}: {str(key)[:40]!r} is no name",
                "put quotes around keys that are not plain words",
            )
        if key in found:
            raise _repeated(key, f"line {key_node.start_mark.line + 1}")
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_NULL, _BOOL = "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag == _NULL or (tag == _BOOL and first in "tTfF")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def yaml_value(body: bytes) -> Any:
    """Parse YAML of our own formats.

    Numbers and dates stay text (a version `1.10` must not become 1.1); only `true` and `false` are
    truth values (a country `NO` stays `NO`), and anchors are refused: a small file
    could explode by them.

    Raises:
        FormatError: not YAML, too large, too deep, with anchors, or with a repeated key.
    """
    if len(body) > MAX_YAML_BYTES:
        raise FormatError(
            "too_large", f"a YAML file may have {MAX_YAML_BYTES} bytes", "send JSON or CSV instead"
        )
    text = body.decode()
    try:
        _look_over(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506  (a subclass of the safe loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        place = getattr(error, "problem_mark", None)
        where = f"line {place.line + 1}" if place else None
        problem = getattr(error, "problem", None) or "cannot be read"
        raise FormatError(
            "not_yaml", f"not well-formed YAML: {problem}", "check indentation and quotes", where
        ) from error


def _line(event: yaml.Event) -> str | None:
    mark = event.start_mark
    return f"line {mark.line + 1}" if mark is not None else None


def _look_over(text: str) -> None:
    depth = 0
    events = yaml.parse(text, Loader=yaml.CSafeLoader)
    for event in limits.at_most(events, limits.MAX_EVENTS, "values", "send JSON or CSV", None):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise FormatError(
                "anchor",
                "anchors and aliases are not accepted",
                "write the values out",
                _line(event),
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise FormatError(
                "too_deep", f"nested deeper than {MAX_DEPTH} levels", "flatten the document"
            )
