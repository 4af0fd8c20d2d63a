"""Derives package URLs from what sources say of packages, only where nothing has to be guessed."""

import re
from dataclasses import replace
from urllib.parse import quote

from schemas.identifiers import purl

_REGISTRIES = {
    "pypi.org": "pypi",
    "pypi.python.org": "pypi",
    "www.npmjs.com": "npm",
    "npmjs.com": "npm",
    "registry.npmjs.org": "npm",
    "npmjs.org": "npm",
    "pkg.go.dev": "golang",
    "rubygems.org": "gem",
    "crates.io": "cargo",
    "packagist.org": "composer",
    "hex.pm": "hex",
    "pub.dev": "pub",
    "repo.maven.apache.org": "maven",
    "repo1.maven.org": "maven",
    "central.sonatype.com": "maven",
    "search.maven.org": "maven",
    "mvnrepository.com": "maven",
    "nuget.org": "nuget",
    "www.nuget.org": "nuget",
}
ECOSYSTEMS = {
    "PyPI": "pypi",
    "npm": "npm",
    "Go": "golang",
    "RubyGems": "gem",
    "crates.io": "cargo",
    "Packagist": "composer",
    "Hex": "hex",
    "Pub": "pub",
    "Maven": "maven",
    "NuGet": "nuget",
    "SwiftURL": "swift",
    "CRAN": "cran",
    "Hackage": "hackage",
}
"""OSV ecosystems that are one package type each."""

_HOST = re.compile(r"^https?://([^/]+)", re.IGNORECASE)
_NAME = re.compile(r"^@?[A-Za-z0-9][A-Za-z0-9._~/@-]*$")


def from_collection(collection: str | None, name: str | None) -> str | None:
    """The purl of `packageName` in the registry that `collectionURL` names; None if in doubt."""
    matched = _HOST.match(collection or "")
    kind = _REGISTRIES.get(matched[1].lower()) if matched else None
    return of(kind, name) if kind and name else None


def of(kind: str, name: str) -> str | None:
    """The purl without version of a package, normalised as its type asks; None if in doubt."""
    if kind == "maven":
        group, colon, artifact = name.replace("/", ":").partition(":")
        if not colon or ":" in artifact or not _NAME.match(group) or not _NAME.match(artifact):
            return None
        name = f"{group}/{artifact}"
    elif not _NAME.match(name) or name.endswith("/"):
        return None
    if kind == "pypi":
        name = re.sub(r"[-_.]+", "-", name)
    if kind == "composer" and name.count("/") != 1:
        return None
    found = purl.read(f"pkg:{kind}/{quote(name, safe='/')}")
    return str(found) if found else None


def unversioned(text: str) -> str:
    """The purl without version and subpath, for the target of an assertion.

    Of its qualifiers only `distro` stays: a distribution's advisory is for one release. One that
    names no package stays as it is: what nobody can read is shown, not mended.
    """
    found = purl.read(text)
    if found is None:
        return text
    release = tuple(each for each in found.qualifiers if each[0] == "distro")
    return str(replace(found.bare(), qualifiers=release))


def version_of(text: str) -> str | None:
    """The version inside a purl, if it has one."""
    found = purl.read(text)
    return found.version if found else None
