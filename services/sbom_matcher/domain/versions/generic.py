"""Keys for versions of no known scheme: dotted numbers with letters, pre-releases and patches.

Vendors' versions follow no standard, so this module orders what has one plain reading and refuses
the rest with a reason: a refusal puts `unknown` in front of a person, a wrong guess hides a match.

Order: 1.0-rc1 < 1.0 = 1.0.0 < 1.0a < 1.0b < 1.0-p1 < 1.0.1. A letter after the last number is a
later revision (OpenSSL 1.1.1k, FatFs 0.13c); `a` and `b` before a number are alpha and beta.
"""

import re

from services.sbom_matcher.domain.versions.encoding import (
    END,
    POST,
    PRE,
    NoKey,
    after_prefix,
    number,
    release,
)

_LENGTH = 64
_LEAD = re.compile(r"(?:version|ver\.?|release|rel\.?|rev\.?|v\.?|r)\s*(?=\d)")
_FORM = re.compile(r"(\d+(?:\.\d+)*)(.*)", re.DOTALL)
_HASH = re.compile(r"(?=.*[a-f])(?=.*\d)[0-9a-f]{7,64}")
_DIGEST = re.compile(r"(?:md5|sha1|sha256|sha384|sha512):[0-9a-f]+")
_WILDCARD = re.compile(r"(\d+(?:\.\d+)*)(?:\.[*x])+")
_TWO_VERSIONS = re.compile(r"\d+\.\d+.*\s*-\s*v?\d+\.\d+")
_TOKEN = re.compile(r"([.\-_+~ ]?)(?:(\d+)|([a-z]+)|\((\d+)\))")
_DAY = re.compile(r"\d{4}-\d\d-\d\dt\d")

_BEFORE = {
    "dev": 1, "snapshot": 1, "nightly": 1,
    "a": 2, "alpha": 2,
    "b": 3, "beta": 3,
    "m": 4, "milestone": 4,
    "pre": 5, "preview": 5, "ea": 5,
    "rc": 6, "cr": 6,
}  # fmt: skip
_SAME = frozenset({"final", "ga", "release"})
_AFTER = frozenset(
    {
        "build", "cu", "d", "er", "f", "fix", "fixpack", "fp", "h", "hf", "hotfix", "mr", "p",
        "patch", "pl", "post", "r", "rev", "revision", "s", "sp", "sr", "u", "update",
    }
)  # fmt: skip


def key(version: str) -> bytes | NoKey:
    """Return the key of a version, or why it has none."""
    text = version.strip().lower()
    if refusal := _refusal(text):
        return NoKey(refusal)
    form = _FORM.fullmatch(_LEAD.sub("", text, count=1) if text[0] in "vr" else text)
    if form is None:
        return NoKey("name")
    numbers, rest = form.groups()
    tail = _tail(rest)
    if isinstance(tail, NoKey):
        return tail
    return _joined(numbers.split("."), tail)


def wildcard(version: str) -> tuple[bytes, bytes] | None:
    """Return the interval that `5.10.*` or `12.2.x.x` stands for; None if no such thing."""
    form = _WILDCARD.fullmatch(version.strip().lower().removeprefix("v"))
    if form is None or len(version) > _LENGTH:
        return None
    numbers = form[1].split(".")
    whole = b"".join(map(number, numbers))
    kept = release(numbers)
    return (kept if kept == whole else kept + PRE), after_prefix(whole)


def _refusal(text: str) -> str | None:  # noqa: PLR0911 - one return a reason
    if not text:
        return "empty"
    if _DIGEST.fullmatch(text):
        return "hash"
    if len(text) > _LENGTH:
        return "prose"
    if not text.isascii() or not any(map(str.isdigit, text)):
        return "name"
    if _HASH.fullmatch(text):
        return "hash"
    if _TWO_VERSIONS.search(text):
        return "two_versions"
    if _DAY.match(text):
        return "date"
    return None


def _tail(rest: str) -> list[tuple[str, str]] | NoKey:
    """Split what follows the first numbers into (kind, text) tokens."""
    tokens: list[tuple[str, str]] = []
    place = 0
    while place < len(rest):
        found = _TOKEN.match(rest, place)
        if found is None:
            return NoKey("sign")
        separator, digits, word, bracketed = found.groups()
        place = found.end()
        if word is None:
            if separator in {" ", "~"}:
                return NoKey("prose")
            tokens.append(("number", digits or bracketed))
            continue
        if "(" in rest:
            return NoKey("train")  # Cisco's 12.2(33)SXI4: trains have no order among themselves
        kind = _kind(word, separator, followed=rest[place : place + 1], last=place == len(rest))
        if kind is None or (separator == "~" and kind != "before"):
            return NoKey("word")
        tokens.append((kind, word))
    return tokens


def _kind(word: str, separator: str, *, followed: str, last: bool) -> str | None:
    if last and not separator and (len(word) == 1 or (len(word) == 2 and word[0] == "z")):  # noqa: PLR2004 - OpenSSL goes on from 1.0.2z with 1.0.2za
        return "after"
    if word in {"a", "b", "m"}:
        return "before" if followed.isdigit() or separator else None
    if word in _BEFORE:
        return "before"
    if word in _SAME:
        return "same"
    return "after" if word in _AFTER else None


def _joined(numbers: list[str], tail: list[tuple[str, str]]) -> bytes | NoKey:
    while tail and tail[0][0] == "number":
        numbers = [*numbers, tail[0][1]]
        tail = tail[1:]
    try:
        parts = [release(numbers)]
        for kind, text in tail:
            if kind == "number":
                parts.append(number(text))
            elif kind == "before":
                parts.append(PRE + bytes((_BEFORE[text],)))
            elif kind == "after":
                parts.append(POST + text.encode() + b"\x01")
    except OverflowError:
        return NoKey("too_long")
    return b"".join(parts) + END
