"""What an advisory and a component say beside the identifier key: edition, platform, release."""

from services.sbom_matcher.domain import cpe, distro
from services.sbom_matcher.domain.purl import Purl


def of_package(package: Purl) -> str | None:
    """Write what a purl says beside its key; None where it says nothing."""
    return distro.traits(package)


def of_name(name: cpe.Wfn) -> str | None:
    """Write what a CPE name says behind version and update; None where it says nothing."""
    return cpe.traits(name)


def agree(stated: str | None, held: str | None) -> bool:
    """Tell whether what an advisory says can hold of a component.

    What one side leaves open excludes nothing, and traits of different kinds say nothing of each
    other.
    """
    if stated is None or held is None:
        return True
    of_distro = stated.startswith(distro.PREFIX)
    if of_distro is not held.startswith(distro.PREFIX):
        return True
    return distro.agree(stated, held) if of_distro else cpe.agree(stated, held)
