"""Order-preserving byte keys of versions, one module a scheme.

`key(ecosystem, a) < key(ecosystem, b)` holds exactly where version a is below version b, and equal
versions have equal keys: PostgreSQL then orders versions by an index on plain bytes.
"""

from collections.abc import Callable
from functools import lru_cache

from services.sbom_matcher.domain.versions import generic, pypi, semver
from services.sbom_matcher.domain.versions.encoding import NoKey

__all__ = ["GENERIC", "LONGEST", "NoKey", "key", "scheme_of"]

GENERIC = "generic"
"""The scheme of products, of CPE names, and of ecosystems that have no module yet."""

LONGEST = 512
"""A longer text is no version: it has no key."""

_SCHEMES: dict[str, Callable[[str], bytes | NoKey]] = {
    "cargo": semver.key,
    "golang": semver.key,
    "hex": semver.key,
    "npm": semver.key,
    "nuget": semver.caseless_key,
    "semver": semver.key,
    "swift": semver.key,
    "pypi": pypi.key,
    GENERIC: generic.key,
}


def scheme_of(ecosystem: str | None) -> str:
    """Name the scheme that orders an ecosystem's versions: itself, or the generic one."""
    name = (ecosystem or GENERIC).lower()
    return name if name in _SCHEMES else GENERIC


@lru_cache(maxsize=262_144)
def key(ecosystem: str | None, version: str) -> bytes | NoKey:
    """Return a version's key in an ecosystem (a purl type or `semver`), or why it has none."""
    if not version.strip():
        return NoKey("empty")
    if len(version) > LONGEST:
        return NoKey("too_long")
    try:
        return _SCHEMES[scheme_of(ecosystem)](version)
    except OverflowError:
        return NoKey("too_long")
