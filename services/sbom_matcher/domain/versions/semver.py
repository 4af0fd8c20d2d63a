"""Keys for Semantic Versioning 2.0.0 and its relatives: npm, cargo, golang, hex, swift, nuget.

Precedence follows section 11 of the specification; build metadata does not count (section 10). A
leading `v`, missing numbers and further numbers (NuGet's fourth) are allowed.
"""

import re

from services.sbom_matcher.domain.versions.encoding import END, PRE, NoKey, number, release

_FORM = re.compile(
    r"[vV]?(\d+(?:\.\d+)*)"  # numbers
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"  # pre-release
    r"(?:\+[0-9A-Za-z.+-]*)?"  # build metadata
)
_WORD = b"\xc0"
_WORD_END = b"\x01"


def key(version: str) -> bytes | NoKey:
    """Return the key of a semantic version."""
    form = _FORM.fullmatch(version.strip())
    if form is None:
        return NoKey("not_semver")
    numbers, pre = form.groups()
    encoded = release(numbers.split("."))
    if pre is None:
        return encoded + END
    return encoded + PRE + b"".join(map(_identifier, pre.split("."))) + END


def caseless_key(version: str) -> bytes | NoKey:
    """Return the key where letters' case does not count (NuGet)."""
    return key(version.lower())


def _identifier(text: str) -> bytes:
    """Encode one pre-release identifier: numbers sort before words, words by ASCII."""
    if text.isdigit():
        return number(text)
    return _WORD + text.encode() + _WORD_END
