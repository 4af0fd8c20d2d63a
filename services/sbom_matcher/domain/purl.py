"""Package URLs (ECMA-427): the base key by which packages meet, whatever their version.

A base key is type, namespace and name, normalised by the type's own rules; version, qualifiers and
subpath are no part of it.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from packageurl import PackageURL

_FOLDED = frozenset(
    {"apk", "bitbucket", "cargo", "composer", "deb", "github", "gitlab", "golang", "hex", "nuget",
     "npm", "pub", "pypi"}
)  # fmt: skip
"""Types whose names do not depend on case: two spellings are one package."""

_PEP_503 = re.compile(r"[-_.]+")
_HOSTS = frozenset({"bitbucket", "github", "gitlab"})
_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Package:
    """What a package URL identifies."""

    type: str
    namespace: str | None
    name: str
    version: str | None

    @property
    def base(self) -> str:
        """The base key, such as `purl:npm/@scope/name`."""
        parts = (self.type, self.namespace, self.name)
        joined = "/".join(part for part in parts if part)
        if self.type == "pypi":
            joined = "pypi/" + _PEP_503.sub("-", self.name)
        return "purl:" + (joined.lower() if self.type in _FOLDED else joined)

    @property
    def vendor(self) -> str | None:
        """Who makes it, where the type says so: the owner of a hosted repository."""
        return self.namespace if self.type in _HOSTS else None


@lru_cache(maxsize=65_536)
def parse(text: str) -> Package | None:
    """Read a package URL; None where it is none."""
    if len(text) > _LONGEST or "\0" in text:
        return None
    try:
        found = PackageURL.from_string(text.strip())
    except ValueError:
        return None
    return Package(found.type, found.namespace or None, found.name, found.version or None)
