"""Keys for Alpine packages.

The rule is apk's own (apk-tools, apk-package(5), "pkgver"): numbers parted by dots, a letter,
suffixes such as `_rc1`, a `~hash`, `-r` with the revision. The first number is plain; a later one
with a leading zero compares as text, which puts it below every number without one. Suffixes alpha,
beta, pre and rc are below the release, cvs, svn, git, hg and p above it. Where a version goes on
with what the grammar does not know, apk calls it invalid; it sorts below the same version that ends
there, and all that go on so are equal.
"""

import re

from services.sbom_matcher.domain.versions.encoding import END, POST, PRE, NoKey, number, word

_BELOW = ("alpha", "beta", "pre", "rc")
_ABOVE = ("cvs", "svn", "git", "hg", "p")
_SUFFIXES = {
    **{name: PRE + bytes((place,)) for place, name in enumerate(_BELOW)},
    **{name: POST + bytes((place,)) for place, name in enumerate(_ABOVE)},
}
_INVALID = b"\x0c"
_REVISION = b"\x24"
_HASH = b"\x28"
_LETTER = b"\x40"
_TEXT = b"\x50"

_FIRST = re.compile(r"[0-9]*")
_PIECE = re.compile(
    r"\.(?P<number>[0-9]*)"
    r"|(?P<letter>[a-z])(?![a-z])(?P<after>[0-9]*)"
    rf"|_(?P<suffix>{'|'.join((*_BELOW, *_ABOVE))})(?P<count>[0-9]*)"
    r"|~(?P<hash>[0-9a-f]+)"
    r"|-r(?P<revision>[0-9]+)$"
)
_RANK = {"number": 0, "after": 0, "count": 1, "hash": 2, "revision": 3}
"""Pieces, by the last group that each has, in their order: one that comes too late is invalid."""


def key(version: str) -> bytes | NoKey:
    """Return the key of an Alpine package's version."""
    first = _FIRST.match(version)
    place = first.end() if first else 0
    encoded = [number(version[:place]) if place else _TEXT + word("")]
    rank = 0
    while place < len(version):
        found = _PIECE.match(version, place)
        if found is None or _RANK[found.lastgroup or ""] < rank:
            return _invalid(version, encoded)
        encoded.append(_piece(found))
        rank, place = _RANK[found.lastgroup or ""], found.end()
    return b"".join(encoded) + END


def _piece(found: re.Match[str]) -> bytes:
    if found.lastgroup == "number":
        digits = found["number"]
        return number(digits) if digits and digits[0] != "0" else _TEXT + word(digits)
    if found.lastgroup == "after":
        return _LETTER + found["letter"].encode() + _count(found["after"])
    if found.lastgroup == "count":
        return _SUFFIXES[found["suffix"]] + _count(found["count"])
    if found.lastgroup == "hash":
        return _HASH + word(found["hash"])
    return _REVISION + number(found["revision"])


def _count(digits: str) -> bytes:
    return number(digits) if digits else b""


def _invalid(version: str, encoded: list[bytes]) -> bytes | NoKey:
    if not any(map(str.isdigit, version)):
        return NoKey("name")
    return b"".join(encoded) + _INVALID
