"""Keys for NuGet packages: semantic versions with a fourth number, where case does not count.

The rule is NuGet's own (learn.microsoft.com, "Package versioning"): up to four numbers, missing
ones are zero, labels of a pre-release compare without case, build metadata does not count.
"""

from services.sbom_matcher.domain.versions import semver
from services.sbom_matcher.domain.versions.encoding import NoKey


def key(version: str) -> bytes | NoKey:
    """Return the key of a NuGet package's version."""
    return semver.key(version.lower())
