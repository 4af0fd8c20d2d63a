"""Keys for Composer packages (Packagist).

The rule is PHP's `version_compare` (php.net), on which Composer's rests: `-`, `_` and `+` part as
dots do, and so does a change between digits and letters. Words are known by their beginning: dev <
alpha, a < beta, b < RC, rc < the release < p, pl; case counts, and every other word is below all of
these, whichever it is. A number is above the version that ends before it, zero or not (1.0 <
1.0.0). As in Composer, a leading `v` does not count, a patch is below the next number, and a branch
(`dev-main`) equals itself only.

Composer compares no version as it is written: it pads it to four numbers and evens out its words
first (getcomposer.org, "Versions and constraints"), so that 1.0 is 1.0.0. `normal` does that.
"""

import re

from services.sbom_matcher.domain.versions.encoding import END, POST, PRE, NoKey, number, word

_PART = re.compile(r"[0-9]+|[A-Za-z]+")
_BRANCH = re.compile(r"dev-[!-~]+")
_LEGAL = re.compile(r"[vV]?[0-9][0-9A-Za-z._+#@/~*-]*")
_BEGINNINGS = (
    ("dev", PRE + b"\x02"),
    ("a", PRE + b"\x03"),
    ("b", PRE + b"\x04"),
    ("RC", PRE + b"\x05"),
    ("rc", PRE + b"\x05"),
    ("p", POST),
)
_WRITTEN = re.compile(
    r"v?([0-9]+(?:\.(?:[0-9]+|[x*]))*)"
    r"(?:[._-]?(?:(stable|beta|b|rc|alpha|a|patch|pl|p)((?:[.-]?[0-9])*))?([.-]?dev)?)"
    r"(?:@[a-z]+)?(?:\+[0-9a-z._+-]*)?",
    re.IGNORECASE,
)
_WORDS = {
    "a": "alpha", "alpha": "alpha", "b": "beta", "beta": "beta", "rc": "RC",
    "p": "patch", "pl": "patch", "patch": "patch", "stable": "",
}  # fmt: skip
_NUMBERS = 4
_SERIES_END = "9999999"
"""What `x` in 1.x-dev stands for."""

_OTHER = PRE + b"\x01"
_DEV = PRE + b"\x02"


def key(version: str) -> bytes | NoKey:
    """Return the key of a Composer package's version."""
    if _BRANCH.fullmatch(version):
        return _DEV + PRE + word(version) + END
    if _LEGAL.fullmatch(version) is None:
        return NoKey("sign" if any(map(str.isdigit, version)) else "name")
    return b"".join(map(_part, _PART.findall(version.lstrip("vV")))) + END


def normal(version: str) -> str:
    """Write a version as Composer does before it compares it; as it is, where it has no such form.

    Missing numbers are zero, words lose case and short forms, build metadata goes.
    """
    form = _WRITTEN.fullmatch(version)
    if form is None:
        return version
    numbers, word_, count, dev = form.groups()
    parts = [_SERIES_END if each in "xX*" else each for each in numbers.split(".")]
    padding = _SERIES_END if parts[-1] == _SERIES_END else "0"
    parts += [padding] * (_NUMBERS - len(parts))
    stability = _WORDS[word_.lower()] if word_ else ""
    tail = f"-{stability}{count.lstrip('.-')}" if stability else ""
    return ".".join(parts) + tail + ("-dev" if dev else "")


def _part(text: str) -> bytes:
    if text.isdigit():
        return number(text)
    return next((mark for begin, mark in _BEGINNINGS if text.startswith(begin)), _OTHER)
