"""Reads what a build contains: a lock file or a list of packages, told by its content."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from schemas.sboms import Component
from services.intake.formats import reading
from services.intake.formats.built import lists, locks
from services.intake.formats.canonical import MAX_COMPONENTS
from services.intake.formats.error import FormatError

KNOWN = (
    "package-lock.json 2 and 3, composer.lock, uv.lock, poetry.lock, Cargo.lock, go.sum, "
    "requirements.txt with pinned versions, lines of dpkg-query -W, lines of rpm -qa, "
    "or a purl a line"
)
_LOCKS = ("lockfileVersion", "content-hash")
_SPDX = re.compile(rb"^SPDXVersion[ \t]*:", re.MULTILINE)
_TOML = re.compile(r"^\s*\[\[package\]\]\s*$", re.MULTILINE)
_GO_SUM = re.compile(r"^\S+ v\S+ h1:\S+$")
_RPM = re.compile(r"^(gpg-pubkey-\S+|[^\s=<>~!]+-[^\s-]+-[^\s-]+\.\w+)$")
_DPKG = re.compile(r"^[a-z0-9][a-z0-9+.-]*(:[a-z0-9-]+)?\s+[0-9][^\s]*$")

_LISTS: tuple[tuple[re.Pattern[str], Callable[[Iterable[str]], list[Component]]], ...] = (
    (re.compile(r"^pkg:\S+$"), lists.purls),
    (_GO_SUM, lists.go_sum),
    (_DPKG, lists.dpkg),
    (_RPM, lists.rpm),
)


def read(raw: bytes, *, development: bool = False) -> tuple[Component, ...]:
    """Read the packages of a build; those for development only where they are wanted.

    Raises:
        FormatError: none of the kinds known, a package without a version where the kind has one, or
            nothing in it.
    """
    body = reading.checked(raw)
    found = _packages(body, development=development)
    if not found:
        raise FormatError(
            "no_components", "it lists no packages", "name the file that the build wrote"
        )
    if len(found) > MAX_COMPONENTS:
        raise FormatError(
            "too_many", f"more than {MAX_COMPONENTS} packages", "name the file of one product"
        )
    return tuple(found)


def is_ours(raw: bytes) -> bool:
    """Whether a document is no SBOM by its first look, so that it may be one of these.

    Raises:
        FormatError: it cannot be read at all.
    """
    body = reading.checked(raw)
    if body[:1] == b"{":
        return any(each in reading.json_value(body) for each in _LOCKS)
    return body[:1] != b"<" and not _SPDX.search(body)


def _packages(body: bytes, *, development: bool) -> list[Component]:
    if body[:1] == b"{":
        return _json(reading.json_value(body), development=development)
    text = body.decode()
    if _TOML.search(text):
        return locks.toml(_toml(text), development=development)
    rows = [each.strip() for each in text.splitlines()]
    rows = [each for each in rows if each and not each.startswith("#")]
    for pattern, parse in _LISTS:
        if rows and all(map(pattern.match, rows)):
            return parse(rows)
    return lists.requirements(text)


def _json(document: Mapping[str, Any], *, development: bool) -> list[Component]:
    if "lockfileVersion" in document:
        return locks.npm(document, development=development)
    if "content-hash" in document and "packages" in document:
        return locks.composer(document, development=development)
    raise FormatError("unknown_format", "it is no lock file that is read", f"send {KNOWN}")


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FormatError(
            "not_toml", f"not well-formed TOML: {error}", "name the lock file as the tool wrote it"
        ) from error
