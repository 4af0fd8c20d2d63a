"""Keys for R packages (CRAN).

The rule is R's own ("Writing R Extensions", 1.1.1, and `package_version`): numbers parted by `.` or
`-`; the first that differs decides, and a longer version is above its beginning.
"""

import re

from services.sbom_matcher.domain.versions.encoding import END, NoKey, numbers

_FORM = re.compile(r"[0-9]+(?:[.-][0-9]+)*")


def key(version: str) -> bytes | NoKey:
    """Return the key of an R package's version."""
    if _FORM.fullmatch(version) is None:
        return NoKey("not_numbers")
    return numbers(version.replace("-", ".").split(".")) + END
