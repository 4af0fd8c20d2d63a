"""Keys for Haskell packages (Hackage).

The rule is Haskell's own (Package Versioning Policy, and `Data.Version`): numbers parted by dots;
the first that differs decides, and a longer version is above its beginning: 1.0 < 1.0.0.
"""

import re

from services.sbom_matcher.domain.versions.encoding import END, NoKey, numbers

_FORM = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def key(version: str) -> bytes | NoKey:
    """Return the key of a Haskell package's version."""
    if _FORM.fullmatch(version) is None:
        return NoKey("not_numbers")
    return numbers(version.split(".")) + END
