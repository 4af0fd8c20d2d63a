"""Reads OSV's names of Linux distributions and their releases into package URLs.

OSV schema, "Defined ecosystems": `Debian:11`, `Ubuntu:22.04:LTS`, `Ubuntu:Pro:18.04:LTS`,
`Alpine:v3.18`, `Rocky Linux:9`, `Red Hat:enterprise_linux:9::baseos`, `SUSE:Linux Enterprise
Server 15 SP3`, `openSUSE:Leap 15.4`. Types and namespaces are those of OSV's own package URLs.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import quote

from schemas.identifiers import purl


@dataclass(frozen=True, slots=True)
class _Distribution:
    """A distribution's package type and namespace, and how its release follows from OSV's words."""

    type: str
    namespace: str
    name: str
    release: re.Pattern[str]


_NUMBERS = re.compile(r"(?:^|:)v?(\d+(?:\.\d+)*)(?=$|[:. -])")
_ENTERPRISE = re.compile(r"(?:enterprise_linux|rhel_[a-z0-9]+):(\d+)|::el(\d+)")
_SUSE = re.compile(r"^Linux Enterprise .*?\b(\d+)(?:[ -]SP(\d+))?\b")
_LEAP = re.compile(r"^Leap (\d+\.\d+)")
_DISTRIBUTIONS = {
    "AlmaLinux": _Distribution("rpm", "almalinux", "almalinux", _NUMBERS),
    "Alpine": _Distribution("apk", "alpine", "alpine", _NUMBERS),
    "Debian": _Distribution("deb", "debian", "debian", _NUMBERS),
    "Red Hat": _Distribution("rpm", "redhat", "rhel", _ENTERPRISE),
    "Rocky Linux": _Distribution("rpm", "rocky-linux", "rocky", _NUMBERS),
    "SUSE": _Distribution("rpm", "suse", "sles", _SUSE),
    "Ubuntu": _Distribution("deb", "ubuntu", "ubuntu", _NUMBERS),
    "openSUSE": _Distribution("rpm", "opensuse", "opensuse-leap", _LEAP),
}


def target(ecosystem: str, name: str | None, stated: str | None) -> str | None:
    """The purl of a distribution's package, with its release; None for other ecosystems.

    `stated` is the record's own purl, which goes before what its ecosystem and name say.
    """
    distribution, _, words = ecosystem.partition(":")
    known = _DISTRIBUTIONS.get(distribution)
    if known is None:
        return None
    package = purl.read(stated) if stated else None
    if package is None and name:
        package = purl.read(f"pkg:{known.type}/{known.namespace}/{quote(name, safe='')}")
    if package is None:
        return None
    release = dict(package.qualifiers).get("distro") or _release(known, words)
    kept = (("distro", release),) if release else ()
    return str(replace(package.bare(), qualifiers=kept))


def scheme(ecosystem: str) -> str | None:
    """The package type whose versions a distribution's are; None for other ecosystems."""
    known = _DISTRIBUTIONS.get(ecosystem.partition(":")[0])
    return known.type if known else None


def _release(known: _Distribution, words: str) -> str | None:
    matched = known.release.search(words)
    if matched is None:
        return None
    numbers = ".".join(each for each in matched.groups() if each)
    return f"{known.name}-{numbers}" if numbers else None
