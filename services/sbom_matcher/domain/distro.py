"""Releases of Linux distributions: a package's advisory for one release says nothing of another.

A distribution patches a version in each of its releases by itself, so that version and fix of
Debian 12 mean nothing in Debian 11 (OSV schema, `affected[].package.ecosystem`: "Debian:11"). A
purl names the release in its qualifier `distro` (purl-spec, types deb, rpm and apk), as scanners
find it: `debian-11`, `debian-11.7`, `bookworm`, `3.18.2`, `rhel-9.2`.
"""

import re
from functools import lru_cache

from services.sbom_matcher.domain.purl import Purl

PREFIX = "distro:"

TYPES = frozenset({"alpm", "apk", "deb", "rpm"})
_NAMES = {
    "alma": "almalinux", "amzn": "amazon", "centos": "rhel", "ol": "oracle",
    "opensuse-leap": "opensuse", "opensuse.leap": "opensuse", "oraclelinux": "oracle",
    "red-hat": "rhel", "redhat": "rhel", "rocky-linux": "rocky", "rockylinux": "rocky",
    "suse": "sles", "sled": "sles", "sle": "sles",
}  # fmt: skip
"""Other names of a distribution; CentOS takes Red Hat's advisories for its own."""
_PARTS = {
    "almalinux": 1, "alpine": 2, "amazon": 1, "debian": 1, "fedora": 1, "opensuse": 2,
    "oracle": 1, "rhel": 1, "rocky": 1, "sles": 2, "ubuntu": 2,
}  # fmt: skip
"""How many numbers of a version make a release; what follows is a point release or an update."""
_CODENAMES = {
    "jessie": "debian:8", "stretch": "debian:9", "buster": "debian:10", "bullseye": "debian:11",
    "bookworm": "debian:12", "trixie": "debian:13", "forky": "debian:14",
    "trusty": "ubuntu:14.4", "xenial": "ubuntu:16.4", "bionic": "ubuntu:18.4",
    "focal": "ubuntu:20.4", "jammy": "ubuntu:22.4", "noble": "ubuntu:24.4",
}  # fmt: skip
_WRITTEN = re.compile(r"(?:(?P<name>[a-z][a-z .-]*?)[-_: ]?)?v?(?P<numbers>\d{1,8}(?:\.\d{1,8})*)")


@lru_cache(maxsize=16_384)
def traits(package: Purl) -> str | None:
    """Write which release a package is of, as `distro:debian:11`; None where nothing says so."""
    if package.type not in TYPES:
        return None
    written = dict(package.qualifiers).get("distro", "").strip().casefold()
    found = _release(written, (package.namespace or "").casefold())
    return f"{PREFIX}{found}" if found else None


def agree(stated: str, held: str) -> bool:
    """Tell whether two packages can be of one release, both written behind the prefix.

    They cannot where both name the same distribution in different releases. Releases of different
    distributions are told apart by the purl's namespace already.
    """
    (one, _, first), (other, _, second) = (text.partition(":") for text in (stated, held))
    return one != other or first == second


def _release(written: str, namespace: str) -> str | None:
    codename = _CODENAMES.get(written.rpartition("-")[2])
    matched = _WRITTEN.fullmatch(written)
    if codename or matched is None:
        return codename
    name = (matched["name"] or namespace).strip(" .-")
    name = _NAMES.get(name, name)
    parts = _PARTS.get(name)
    numbers = matched["numbers"].split(".")
    if parts is None or len(numbers) < parts:
        # `sles-15` is the release before any service pack; for others the text says too little.
        if name != "sles":
            return None
        numbers.append("0")
    return f"{name}:{'.'.join(str(int(each)) for each in numbers[:parts])}"
