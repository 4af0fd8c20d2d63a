"""Keys for Semantic Versioning 2.0.0: npm, cargo, golang, hex, swift and conan.

Precedence follows section 11 of the specification (semver.org); build metadata does not count
(section 10). A leading `v`, missing numbers and further numbers are allowed, as the ecosystems'
own tools write them; trailing zeros do not count.
"""

import re

from services.sbom_matcher.domain.versions.encoding import END, PRE, NoKey, number, release, word

_FORM = re.compile(
    r"[vV]?([0-9]+(?:\.[0-9]+)*)"  # numbers
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"  # pre-release
    r"(?:\+([0-9A-Za-z.+-]*))?"  # build metadata
)
_WORD = b"\xc0"
NOT_SEMVER = NoKey("not_semver")


def key(version: str) -> bytes | NoKey:
    """Return the key of a semantic version."""
    parts = split(version)
    return NOT_SEMVER if parts is None else precedence(parts[0], parts[1]) + END


def split(version: str) -> tuple[str, str | None, str | None] | None:
    """Split a version into numbers, pre-release and build metadata; None where it has no such form.

    Dart's and NuGet's versions have the same form, and an order of their own.
    """
    form = _FORM.fullmatch(version)
    return None if form is None else (form[1], form[2], form[3])


def precedence(numbers: str, pre: str | None) -> bytes:
    """Encode what precedence depends on, without the end: a pre-release is below its release.

    Raises:
        OverflowError: a number has more than 96 digits.
    """
    encoded = release(numbers.split("."))
    return encoded if pre is None else encoded + PRE + identifiers(pre)


def identifiers(dotted: str) -> bytes:
    """Encode dot-separated identifiers: numbers are below words, words in the order of ASCII.

    Raises:
        OverflowError: a number has more than 96 digits.
    """
    return b"".join(map(_identifier, dotted.split(".")))


def _identifier(text: str) -> bytes:
    return number(text) if text.isdigit() else _WORD + word(text)
