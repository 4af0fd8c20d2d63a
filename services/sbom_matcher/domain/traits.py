"""What an advisory and a component say beside the identifier key: edition, platform, release."""

from services.sbom_matcher.domain import cpe, distro
from services.sbom_matcher.domain.purl import Purl


def of_package(package: Purl) -> str | None:
    """Write what a purl says beside its key; None where it says nothing."""
    return distro.traits(package) if package.type in distro.TYPES else None


def of_name(name: cpe.Wfn) -> str | None:
    """Write what a CPE name says behind version and update; None where it says nothing."""
    return cpe.traits(name)


def of_product(name: cpe.Wfn) -> str | None:
    """Write which product a name means, or the pattern for it; None where it means any.

    It is compared between names that meet by their vendor alone.
    """
    return None if name.product == cpe.ANY else _PRODUCT + name.product


def agree(stated: str | None, held: str | None) -> bool:
    """Tell whether what an advisory says can hold of a component.

    What one side leaves open excludes nothing, and traits of different kinds say nothing of each
    other.
    """
    if stated is None or held is None:
        return True
    for prefix, kind in _KINDS.items():
        if stated.startswith(prefix) or held.startswith(prefix):
            both = stated.startswith(prefix) and held.startswith(prefix)
            return not both or kind(stated.removeprefix(prefix), held.removeprefix(prefix))
    return cpe.agree(stated, held)


_PRODUCT = "product:"
_KINDS = {distro.PREFIX: distro.agree, _PRODUCT: cpe.product_agrees}
