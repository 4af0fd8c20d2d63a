"""Bounds what one document may hold, before anything larger than its bytes is made of it.

Memory follows from these numbers: what is read of one document, tree and values together, stays
below MAX_MEMORY beside the document itself (`tests/unit/intake/test_hostile_documents.py`).
"""

import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

from schemas.advisories import Assertion
from services.intake.formats.error import FormatError

MAX_MEMORY = 1024 * 1024 * 1024
"""Bytes that reading one document takes at most."""

MAX_VALUES = 3_000_000
"""JSON values in one document. Public records have one in some 25 bytes, 14 in the densest."""

MAX_EVENTS = 1_000_000
"""Values, lists and mappings of a YAML file, begun or ended: ten for a device."""

MAX_LINES = 5_000_000
"""Lines of a document that is read line by line, blank ones included."""

MAX_NODES = 1_250_000
"""Elements and attributes of one XML document."""

MAX_ATTRIBUTES = 10_000
"""Attributes of one tag: a parser reads a tag in one go, and nothing else has its turn."""

MAX_CLAIMS = 100_000
"""Claims of one advisory, each range counted as one; the largest public record has some 4,000."""

MAX_TOGETHER = 300_000
"""Claims and ranges of a whole collection."""

MAX_PLATFORMS = 20_000
"""Pairs of a claim and a platform that it needs, in one advisory."""

MAX_EDGES = 1_000_000
"""Edges of one SBOM's graph."""

_ONE = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STRING = re.compile(_ONE, re.DOTALL)
_STRETCH = re.compile(rb'[^"]*+(?:' + _ONE + rb'[^"]*+){0,2000}+', re.DOTALL)
"""Strings with what stands around them; it ends where one is never closed."""
_LONG_TAG = re.compile(rb"<[^<]{65536,}")
"""A tag with the text behind it: no attribute's value holds the sign that begins the next tag."""
_ATTRIBUTE = re.compile(rb"=[ \t\r\n]*[\"']")

T = TypeVar("T")


def too_many(most: int, what: str, mend: str, at: str | None = None) -> FormatError:
    """The refusal of a document for how much it holds."""
    return FormatError("too_many", f"more than {most} {what}", mend, at)


def at_most(found: Iterable[T], most: int, what: str, mend: str, at: str | None) -> Iterator[T]:
    """Pass on what is found, up to a number of it.

    Raises:
        FormatError: there is more.
    """
    for count, each in enumerate(found):
        if count >= most:
            raise too_many(most, what, mend, at)
        yield each


def claims(found: Iterable[Assertion], at: str) -> tuple[Assertion, ...]:
    """Gather the claims of one advisory.

    Raises:
        FormatError: more than MAX_CLAIMS, ranges included.
    """
    kept: list[Assertion] = []
    count = 0
    for each in found:
        count += 1 + len(each.ranges)
        if count > MAX_CLAIMS:
            raise too_many(MAX_CLAIMS, "claims and ranges", "split the advisory", at)
        kept.append(each)
    return tuple(kept)


def ranges(found: Iterable[T], at: str) -> Iterator[T]:
    """Pass on what becomes a range each, up to as many as an advisory may have claims.

    Raises:
        FormatError: there is more.
    """
    return at_most(found, MAX_CLAIMS, "ranges", "split the advisory", at)


def without_strings(body: bytes) -> bytes:
    """A JSON text without its strings: what is left is structure.

    Stretch by stretch, since one pass keeps every piece until its end, and other threads wait.
    """
    kept: list[bytes] = []
    start = 0
    while (matched := _STRETCH.match(body, start)) and matched.end() > start:
        kept.append(_STRING.sub(b"", matched[0]))
        start = matched.end()
    return b"".join(kept)


def lines(body: bytes) -> None:
    """Refuse a text with more lines than a document may have.

    Raises:
        FormatError: too many lines.
    """
    if body.count(b"\n") > MAX_LINES:
        raise too_many(MAX_LINES, "lines", "split the document")


def json(body: bytes) -> None:
    """Refuse a JSON text with more values than a document may have.

    Each value stands behind a comma or an opening bracket. Those inside strings only matter where
    the first, cheap count is too high.

    Raises:
        FormatError: too many values.
    """
    if _values(body) > MAX_VALUES and _values(without_strings(body)) > MAX_VALUES:
        raise too_many(MAX_VALUES, "values", "split the document")


def _values(body: bytes) -> int:
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def xml(body: bytes) -> None:
    """Refuse an XML text with more elements and attributes than a document may have.

    Raises:
        FormatError: too many.
    """
    left = MAX_NODES - (body.count(b"<") - body.count(b"</"))
    if left >= 0 and body.count(b"=") > left:
        # An equals sign is an attribute only before a quote; in texts it is none.
        left -= sum(1 for _ in _ATTRIBUTE.finditer(body))
    if left < 0:
        raise too_many(MAX_NODES, "elements and attributes", "split the document")
    for tag in _LONG_TAG.finditer(body):
        if sum(1 for _ in _ATTRIBUTE.finditer(body, *tag.span())) > MAX_ATTRIBUTES:
            raise too_many(MAX_ATTRIBUTES, "attributes in one tag", "correct the tag")
