"""Order-preserving byte keys of versions, one module a scheme.

`key(ecosystem, a) < key(ecosystem, b)` holds exactly where version a is below version b, and equal
versions have equal keys: PostgreSQL then orders versions by an index on plain bytes. Keys of two
schemes have no order among each other.

Keys are stored. A change that gives any version other bytes must recompute every stored key in the
same release (decision 035).
"""

import re
from collections.abc import Callable

from schemas.identifiers.remembered import remembered
from services.sbom_matcher.domain.versions import (
    alpine,
    composer,
    cran,
    debian,
    generic,
    hackage,
    maven,
    nuget,
    pub,
    pypi,
    rpm,
    rubygems,
    semver,
)
from services.sbom_matcher.domain.versions.encoding import NoKey

__all__ = [
    "ALIASES", "GENERIC", "LONGEST", "LONGEST_KEY", "SCHEMES", "NoKey", "key", "scheme_of",
    "stored_key", "with_epoch",
]  # fmt: skip

GENERIC = "generic"
"""The scheme of products, of CPE names, and of ecosystems that have no module."""

LONGEST = 512
"""A longer text is no version: it has no key."""

LONGEST_KEY = 640
"""A key of more bytes is refused: an index row holds two keys and a name in 2,700 bytes."""

SCHEMES: dict[str, Callable[[str], bytes | NoKey]] = {
    "semver": semver.key,
    "npm": semver.key,
    "cargo": semver.key,
    "golang": semver.key,
    "hex": semver.key,
    "swift": semver.key,
    "conan": semver.key,
    "pub": pub.key,
    "pypi": pypi.key,
    "debian": debian.key,
    "rpm": rpm.key,
    "alpine": alpine.key,
    "maven": maven.key,
    "nuget": nuget.key,
    "rubygems": rubygems.key,
    "composer": composer.key,
    "cran": cran.key,
    "hackage": hackage.key,
    GENERIC: generic.key,
}
"""How each ecosystem's versions are keyed, by the name of its scheme."""

ALIASES = {
    "apk": "alpine",
    "crates.io": "cargo",
    "deb": "debian",
    "gem": "rubygems",
    "go": "golang",
    "packagist": "composer",
    "redhat": "rpm",
    "ubuntu": "debian",
}
"""Other names of schemes: purl types, and what OSV and distributions say."""

_BLANK = re.compile(r"[\s\x00-\x1f\x7f]")
_COMMIT = re.compile(r"(?=.*[a-f])[0-9a-f]{40}(?:[0-9a-f]{24})?", re.IGNORECASE)


def scheme_of(ecosystem: str | None) -> str:
    """Name the scheme that orders an ecosystem's versions: its own, or the generic one."""
    name = (ecosystem or GENERIC).lower()
    name = ALIASES.get(name, name)
    return name if name in SCHEMES else GENERIC


@remembered(262_144)
def key(ecosystem: str | None, version: str) -> bytes | NoKey:
    """Return a version's key in an ecosystem (a purl type, or a scheme), or why it has none."""
    if len(version) > LONGEST:
        return NoKey("too_long")
    text = version.strip()
    if not text:
        return NoKey("empty")
    scheme = scheme_of(ecosystem)
    if scheme != GENERIC and (reason := _refusal(scheme, text)):
        return NoKey(reason)
    try:
        found = SCHEMES[scheme](text)
    except OverflowError:
        return NoKey("too_long")
    return NoKey("too_long") if isinstance(found, bytes) and len(found) > LONGEST_KEY else found


def stored_key(ecosystem: str | None, version: str) -> bytes | NoKey:
    """Return the key that matching stores and compares: that of the version as tools compare it.

    It differs from `key` for Composer only, which evens out what people write before it compares:
    there 1.0 and 1.0.0 are one version, though `key` tells them apart as PHP does.
    """
    if scheme_of(ecosystem) == "composer" and len(version) <= LONGEST:
        version = composer.normal(version.strip())
    return key(ecosystem, version)


def with_epoch(ecosystem: str, version: str, epoch: str | None) -> str:
    """Write an RPM version with its epoch, which a purl keeps in a qualifier of its own."""
    if scheme_of(ecosystem) != "rpm" or not epoch or ":" in version:
        return version
    return f"{epoch}:{version}"


def _refusal(scheme: str, text: str) -> str | None:
    """Say why a text is no version in any package ecosystem."""
    if _BLANK.search(text):
        return "prose"
    if not text.isascii() and scheme != "rpm":
        return "sign"
    return "hash" if _COMMIT.fullmatch(text) else None
