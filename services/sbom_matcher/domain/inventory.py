"""Says where we do not know what a product version contains: no finding must look like safety.

Such findings hang on a vulnerability that is none, `inventory/<product>`: one for each product
version without a usable SBOM, and one for each component whose identifiers nobody can read. They
are unknown, so they wait in the review list and open no case by themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.findings import FindingKind, Verdict
from services.sbom_matcher.domain import kinds
from services.sbom_matcher.domain.matching import Place
from services.sbom_matcher.domain.verdict import Decision

NO_INVENTORY = "no_inventory"
UNREADABLE_IDENTIFIER = "unreadable_identifier"


@dataclass(frozen=True, slots=True)
class Released:
    """A product version of the catalogue and the hardware it runs on; empty: any."""

    product: str
    version: str
    hardware: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """An SBOM as far as it tells what is inside: components that can be met, and those that cannot.

    `hardware` is empty where it holds for any.
    """

    product: str
    version: str
    hardware: str
    matchable: int
    unreadable: tuple[str, ...] = ()


def gaps(released: Iterable[Released], contents: Iterable[Contents]) -> dict[Place, Decision]:
    """Find what the inventory of these product versions lacks."""
    held = list(contents)
    found = {}
    for each in released:
        for hardware in _uncovered(each, held):
            place = _place(each.product, each.version, hardware, "")
            found[place] = Decision(Verdict.UNKNOWN, NO_INVENTORY)
    for sbom in held:
        for component in sbom.unreadable:
            place = _place(sbom.product, sbom.version, sbom.hardware, component)
            found[place] = Decision(Verdict.UNKNOWN, UNREADABLE_IDENTIFIER)
    return found


def _uncovered(released: Released, contents: list[Contents]) -> tuple[str, ...]:
    """Name the hardware of a version that no usable SBOM covers; empty means all of it."""
    usable = {
        each.hardware
        for each in contents
        if (each.product, each.version) == (released.product, released.version) and each.matchable
    }
    if not usable:
        return ("",)
    if "" in usable:
        return ()
    return tuple(sorted(set(released.hardware) - usable))


def _place(product: str, version: str, hardware: str, component: str) -> Place:
    return Place(kinds.name(FindingKind.INVENTORY, product), product, version, hardware, component)
