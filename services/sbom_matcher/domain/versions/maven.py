"""Keys for Maven artifacts.

The rule is Maven's own (maven.apache.org, POM Reference, "Version Order Specification", and the
order of its `ComparableVersion`). Tokens are parted by `.`, by `-` and by a change between digits
and letters, which counts as `-`. Trailing nulls (0, final, ga, release) do not count, nor do those
before a `-`. At one place tokens sort: known qualifiers from alpha to snapshot (after `.` below
after `-`), the end, sp, other qualifiers by their letters (likewise), `-number`, `.number`.

The specification pads the shorter version with nulls, so that its order is not total: by it 2.9.0
< 2.9.0-1 < 2.9.0.RC1 < 2.9.0. Keys must be, so zeros before a dot and a qualifier like RC stand
right below the end: 2.9.0.RC1 is below 2.9.0, and with it below 2.9.0-1.
"""

import re
from dataclasses import dataclass

from services.sbom_matcher.domain.versions.encoding import END, NoKey, number, word

_PIECE = re.compile(r"[.-]|[0-9]+|[^0-9.-]+")
_KNOWN = ("alpha", "beta", "milestone", "rc", "snapshot")
_RANKS = {**{name: bytes((place,)) for place, name in enumerate(_KNOWN)}, "cr": b"\x03"}
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}
"""What a letter right before a digit stands for."""

_SAME = frozenset({"final", "ga", "release"})
_NULL = b"\x02"
"""A null in the middle, such as 1.final-1's, is below `sp`, and that below every other word."""
_SERVICE_PACK = b"\x03"

_BELOW = {False: b"\x10", True: b"\x14"}  # .alpha and -alpha
_LOW_ZERO = b"\x18"
_ABOVE = {False: b"\x30", True: b"\x34"}  # .jre and -jre
_HYPHEN = b"\x40"


@dataclass(frozen=True, slots=True)
class _Token:
    """A number or word; a null word is empty. `hyphen`: `-`, or what counts as it, is before it."""

    text: str
    hyphen: bool

    @property
    def null(self) -> bool:
        return not self.text.strip("0")


def key(version: str) -> bytes | NoKey:
    """Return the key of a Maven artifact's version."""
    kept: list[_Token] = []
    for token in _tokens(_PIECE.findall(version.lower())):
        if token.hyphen:
            _trim(kept)
        kept.append(token)
    _trim(kept)
    encoded = [END]
    low = False
    for token in reversed(kept):
        low = token.text in _RANKS or (low and token.null)
        encoded.append(_LOW_ZERO if low and token.null else _encoded(token))
    return b"".join(reversed(encoded))


def _tokens(pieces: list[str]) -> list[_Token]:
    """Give the tokens of a version; between two separators stands a zero."""
    tokens: list[_Token] = []
    separator: str | None = "."
    for piece, following in zip(pieces, [*pieces[1:], ""], strict=True):
        if piece not in {".", "-"}:
            text = _SHORT.get(piece, piece) if following.isdigit() else piece
            tokens.append(_Token("" if text in _SAME else text, separator != "."))
            separator = None
            continue
        if separator is not None:
            tokens.append(_Token("0", separator == "-"))
        separator = piece
    return tokens


def _trim(tokens: list[_Token]) -> None:
    while tokens and tokens[-1].null:
        tokens.pop()


def _encoded(token: _Token) -> bytes:
    if token.text.isdigit():
        return _HYPHEN + number(token.text) if token.hyphen else number(token.text)
    if token.text in _RANKS:
        return _BELOW[token.hyphen] + _RANKS[token.text]
    if token.text in {"", "sp"}:
        return _ABOVE[token.hyphen] + (_SERVICE_PACK if token.text else _NULL)
    return _ABOVE[token.hyphen] + word(token.text)
