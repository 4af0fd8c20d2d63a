"""One attribute's value of a CPE name (NISTIR 7695, 5.3): its quoted form and its bindings.

In the quoted form, letters, digits and `_` stand for themselves and every other sign has a
backslash before it; `*` and `?` without one are wildcards at the value's ends. ANY is a lone `*`,
NA a lone `-`.
"""

import re
from itertools import takewhile
from urllib.parse import quote

ANY = "*"
NA = "-"
UNWRITABLE = re.compile(r"[\0\ud800-\udfff]")

_PIECE = re.compile(r"\\(.)|(.)", re.DOTALL)
_PERCENT = re.compile(r"%([0-9a-f]{2})|(.)", re.DOTALL)
_WILDCARDS = frozenset("*?")
_UNQUOTED = re.compile(r"[A-Za-z0-9_]", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_DOTTED = re.compile(r"[A-Za-z0-9_.\-]{2,}", re.ASCII)
_TO_QUOTE = re.compile(r"[.\-]")
_QUOTED_DOTTED = re.compile(r"(?:[A-Za-z0-9_]|\\[.\-])+", re.ASCII)
"""Most values are words and dotted numbers: they need no taking apart."""

_PLAIN_IN_FORMATTED = frozenset("-.")
_URI_WILDCARDS = {"%01": "?", "%02": "*"}
_WILDCARD_CODES = {"?": "%01", "*": "%02"}
_PLAIN_IN_URI = "-._"


class CpeError(ValueError):
    """A text is no CPE name, or breaks a rule of NISTIR 7695."""


Pieces = list[tuple[str, bool]]
"""A value's characters, each with whether it is a wildcard."""


def pieces(value: str) -> Pieces:
    """Take a quoted value apart."""
    return [
        (quoted or plain, not quoted and plain in _WILDCARDS)
        for quoted, plain in _PIECE.findall(value)
    ]


def text(value: str) -> str:
    """Give a value as people write it, without quotes; ANY and NA stay `*` and `-`."""
    if "\\" not in value:
        return value
    if _QUOTED_DOTTED.fullmatch(value):
        return value.replace("\\", "")
    return "".join(sign for sign, _ in pieces(value))


def has_wildcards(value: str) -> bool:
    """Tell whether a value, neither ANY nor NA, has a wildcard."""
    if "*" not in value and "?" not in value:
        return False
    return any(wild for _, wild in pieces(value))


def quoted(value: Pieces) -> str:
    """Put a value together in its quoted form."""
    return "".join(
        sign if wild or _UNQUOTED.fullmatch(sign) else f"\\{sign}" for sign, wild in value
    )


def from_formatted(written: str) -> tuple[str, str | None]:
    """Read a field of a formatted string (6.2.3); also say what rule it breaks."""
    if written in {ANY, NA}:
        return written, None
    if _WORD.fullmatch(written):
        return written, None
    if _DOTTED.fullmatch(written):
        return _TO_QUOTE.sub(r"\\\g<0>", written), None
    if not written:
        return ANY, "an attribute is empty"
    return _checked(pieces(written))


def from_wfn(written: str) -> tuple[str, str | None]:
    """Read a value as a WFN holds it: every sign but `_` is quoted, or a wildcard."""
    found = pieces(written)
    value, fault = _checked(found)
    return value, fault or (None if written == value else "a sign is not quoted")


def from_uri(written: str) -> tuple[str, str | None]:
    """Read a component of a URI (6.1.3); `%01` and `%02` are the wildcards."""
    if written in {"", NA}:
        return written or ANY, None
    found: Pieces = []
    for code, plain in _PERCENT.findall(written):
        wildcard = _URI_WILDCARDS.get(f"%{code}")
        found.append((wildcard or (chr(int(code, 16)) if code else plain), wildcard is not None))
    if any(UNWRITABLE.search(sign) for sign, _ in found):
        raise CpeError("it holds a character that cannot be stored")
    value, fault = _checked([(sign.lower(), wild) for sign, wild in found])
    return value, fault or ("a percent sign is not a code" if ("%", False) in found else None)


def to_formatted(value: str) -> str:
    """Write a value in a formatted string."""
    if value in {ANY, NA} or _WORD.fullmatch(value):
        return value
    alone = value == rf"\{NA}"  # a quoted dash alone would read as NA
    if not alone and _QUOTED_DOTTED.fullmatch(value):
        return value.replace("\\", "")
    return "".join(
        sign
        if wild or _UNQUOTED.fullmatch(sign) or (sign in _PLAIN_IN_FORMATTED and not alone)
        else f"\\{sign}"
        for sign, wild in pieces(value)
    )


def to_uri(value: str) -> str:
    """Write a value in a URI."""
    if value in {ANY, NA}:
        return "" if value == ANY else NA
    if value == rf"\{NA}":
        return "%2d"
    return "".join(
        _WILDCARD_CODES[sign] if wild else _percent(sign) for sign, wild in pieces(value)
    )


def _percent(sign: str) -> str:
    return sign if sign in _PLAIN_IN_URI else quote(sign, safe="").replace("~", "%7e").lower()


def _checked(found: Pieces) -> tuple[str, str | None]:
    """Keep wildcards where they may stand; elsewhere they are plain signs, and a fault."""
    begin = _wild_run(found)
    end = len(found) - _wild_run(found[::-1])
    kept, fault = [], None
    for place, (sign, wild) in enumerate(found):
        allowed = wild and (place < begin or place >= end)
        if wild and not allowed:
            fault = "a wildcard stands inside a value"
        kept.append((sign, allowed))
    if all(wild for _, wild in kept):
        # Only wildcards, such as `**` or `??`: they say no more than ANY does.
        return ANY, "a value has wildcards only"
    if any(not (sign.isascii() and sign.isprintable()) or sign == " " for sign, _ in kept):
        fault = fault or "a sign is no printable ASCII character"
    return quoted(kept), fault


def _wild_run(found: Pieces) -> int:
    """Count the wildcards at the start: one asterisk, or question marks."""
    if found[:1] == [("*", True)]:
        return 1
    return sum(1 for _ in takewhile(lambda each: each == ("?", True), found))
