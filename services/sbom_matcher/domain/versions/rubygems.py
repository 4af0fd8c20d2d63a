"""Keys for Ruby gems.

The rule is RubyGems' own (guides.rubygems.org, documentation of `Gem::Version`): a version is read
as runs of digits and of letters; numbers compare as numbers, letters as ASCII, letters are below
numbers, and what is missing is 0. `-` stands for `.pre.`. Zeros at the end, and before the first
letters, do not count.
"""

import re

from services.sbom_matcher.domain.versions.encoding import END, PRE, NoKey, number, word

_FORM = re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?")
_SEGMENT = re.compile(r"[0-9]+|[A-Za-z]+")
_LOW_ZERO = b"\x18"
"""A zero after which letters come: the end, which is zeros for ever, is above it."""


def key(version: str) -> bytes | NoKey:
    """Return the key of a gem's version."""
    # RubyGems itself takes 1beta, without a dot before the letters, from its index only.
    if _FORM.fullmatch(version) is None and not version.isalnum():
        return NoKey("sign")
    if not version[0].isdigit():
        return NoKey("name")
    segments = _SEGMENT.findall(version.replace("-", ".pre."))
    first = next((n for n, each in enumerate(segments) if not each.isdigit()), len(segments))
    kept = _trimmed(segments[:first]) + _trimmed(segments[first:])
    encoded: list[bytes] = []
    low = False
    for each in reversed(kept):
        zero = not each.strip("0")
        if not each.isdigit():
            low = True
            encoded.append(PRE + word(each))
        elif zero and low:
            encoded.append(_LOW_ZERO)
        else:
            low = False
            encoded.append(number(each))
    return b"".join(reversed(encoded)) + END


def _trimmed(segments: list[str]) -> list[str]:
    kept = len(segments)
    while kept and not segments[kept - 1].strip("0"):
        kept -= 1
    return segments[:kept]
