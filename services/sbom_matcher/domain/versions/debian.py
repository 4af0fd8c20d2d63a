"""Keys for Debian packages and those of its descendants, such as Ubuntu.

The rule is Debian's own (Debian Policy 5.6.12, deb-version(7)): `[epoch:]upstream[-revision]`; each
part is read as signs and numbers in turn. Numbers compare as numbers; of signs `~` is below the
part's end, letters are below other signs. A missing epoch or revision is 0.
"""

import re
from functools import lru_cache

from services.sbom_matcher.domain.versions.encoding import END, PRE, NoKey, number

_FORM = re.compile(r"(?:([0-9]*):)?([0-9A-Za-z.+~:-]+?)(?:-([0-9A-Za-z.+~]*))?")
_RUN = re.compile(r"([^0-9]*)([0-9]*)")
_OTHER = 0x80
"""Added to a sign that is no letter, which puts it above every letter."""

_WEIGHTS = {ord("~"): PRE, **{ord(c): bytes((_OTHER + ord(c),)) for c in ".+:-"}}


def key(version: str) -> bytes | NoKey:
    """Return the key of a Debian package's version."""
    form = _FORM.fullmatch(version)
    if form is None:
        return NoKey("sign")
    epoch, upstream, revision = form.groups()
    if not any(map(str.isdigit, upstream)):
        return NoKey("name")
    return number(epoch or "0") + _part(upstream) + _part(revision or "0")


def _part(text: str) -> bytes:
    """Encode one part: where signs end stands END, so that `~` is below it and letters above."""
    # What is found last is the empty end: of that there is nothing to write.
    found = [_signs(signs) + number(digits) for signs, digits in _RUN.findall(text)[:-1]]
    return b"".join(found) + END


@lru_cache(maxsize=16_384)
def _signs(text: str) -> bytes:
    if text.isalpha() or not text:
        return text.encode("ascii") + END
    return b"".join(_WEIGHTS.get(ord(sign)) or sign.encode("ascii") for sign in text) + END
