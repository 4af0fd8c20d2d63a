"""Package URLs as keys: the base key by which packages meet, whatever their version.

A base key is type, namespace and name, folded further than the standard normalises them: where an
ecosystem takes two spellings for one package, so do we. Version, qualifiers and subpath are no part
of it.
"""

import re
from dataclasses import replace

from schemas.identifiers import purl_types
from schemas.identifiers.purl import Purl, read
from services.sbom_matcher.domain import versions

__all__ = ["Purl", "base", "read", "source", "vendor", "version"]

_CASELESS = frozenset({"cargo", "cocoapods", "composer", "conan", "gitlab", "nuget", "swift"})
"""Types whose registries tell no two packages apart by case, though purls keep it."""

_VENDORS = {
    "opensuse-leap": "opensuse", "opensuse-tumbleweed": "opensuse", "opensuse.leap": "opensuse",
    "opensuse.tumbleweed": "opensuse", "rhel": "redhat", "rocky-linux": "rocky",
    "rockylinux": "rocky", "sles": "suse",
}  # fmt: skip
"""Vendors of RPM packages by the names that scanners and OSV give them."""

_SOURCE_RPM = re.compile(r"(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm")
_PEP_503 = re.compile(r"[-_.]+")
_BUILT = frozenset({"apk", "deb", "rpm"})
_DASHED = frozenset({"cargo", "pypi"})
_OF_VENDORS = frozenset({"bitbucket", "generic", "github", "gitlab"})


def base(purl: Purl) -> str:
    """Give the base key, such as `purl:npm/@scope/name`.

    A namespace where the type has none (`pkg:pypi/python/setuptools`) is left out: a purl written
    so must still meet.
    """
    namespace = None if purl_types.of(purl.type).namespace is False else purl.namespace
    if purl.type == "rpm" and namespace:
        namespace = _VENDORS.get(namespace.casefold(), namespace)
    name = purl.name
    if purl.type in _DASHED:
        name = _PEP_503.sub("-", name) if purl.type == "pypi" else name.replace("_", "-")
    key = f"purl:{purl.type}/{namespace}/{name}" if namespace else f"purl:{purl.type}/{name}"
    return key.lower() if purl.type in _CASELESS else key


def source(purl: Purl) -> Purl | None:
    """Give the source package of a distribution's binary package, where its purl names one.

    Distributions publish advisories on source packages; scanners write the source, with its version
    where it differs, as qualifier `upstream`: `openssl`, `openssl@1.1.1n-0`,
    `openssl-1.1.1k-7.el8.src.rpm`.
    """
    if purl.type not in _BUILT:
        return None
    written = dict(purl.qualifiers).get("upstream", "")
    if purl.type == "rpm":
        matched = _SOURCE_RPM.fullmatch(written)
        name, version_ = matched.groups() if matched else ("", "")
    else:
        name, _, version_ = written.partition("@")
    if not name or name == purl.name:
        return None
    return replace(purl, name=name, version=version_ or purl.version)


def vendor(purl: Purl) -> str | None:
    """Say who makes it, where the type tells: a hosted repository's owner, or who is named."""
    return purl.namespace if purl.type in _OF_VENDORS else None


def version(purl: Purl) -> str | None:
    """Give the version to compare; an RPM's epoch belongs to it, though purls set it apart."""
    if not purl.version:
        return None
    return versions.with_epoch(purl.type, purl.version, dict(purl.qualifiers).get("epoch"))
