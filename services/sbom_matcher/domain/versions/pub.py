"""Keys for Dart and Flutter packages (pub.dev): semantic versions whose build counts.

The rule is pub's own (dart.dev, "Package versioning"; the comparison of pub_semver): as Semantic
Versioning 2.0.0, then a version without build is below the same version with one, and builds
compare as pre-releases do.
"""

from services.sbom_matcher.domain.versions import semver
from services.sbom_matcher.domain.versions.encoding import END, POST, NoKey


def key(version: str) -> bytes | NoKey:
    """Return the key of a Dart package's version."""
    parts = semver.split(version)
    if parts is None:
        return semver.NOT_SEMVER
    numbers, pre, build = parts
    encoded = semver.precedence(numbers, pre)
    return encoded + POST + semver.identifiers(build) + END if build else encoded + END
