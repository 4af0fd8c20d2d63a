"""Makes the ids that must come out the same whenever the same thing is met again.

A finding's id is made when it opens, of the vulnerability's id at that time and its place. It then
stays with the row: a merge moves the row to the survivor and keeps the id, and a finding that
reopens in the same place is the same finding.
"""

import hashlib
from uuid import UUID

from schemas.sboms import Component
from services.sbom_matcher.domain.handles import Spoken
from services.sbom_matcher.domain.matching import Place

_NAMESPACE = UUID("0b0c4a52-77a4-5d0e-8c53-9d5a2a4f6f10")
_BEGUN = hashlib.sha1(_NAMESPACE.bytes, usedforsecurity=False)
"""What a UUID of version 5 (RFC 9562, 5.5) hashes first: every SBOM makes thousands of them."""
_SEPARATOR = "\x1f"


def of_component(component: Component) -> UUID:
    """Identify what a component is: its names, version and identifiers, not its place in an SBOM.

    A new build's SBOM with new references keeps its components, and two products that contain the
    same component share it.
    """
    return _derived(
        "component", component.group, component.name, component.version, component.supplier,
        component.purl, component.cpe, *component.other_identifiers,
    )  # fmt: skip


def of_product(product: str, version: str, spoken: tuple[Spoken, ...]) -> UUID:
    """Identify a product version under the names by which it is met."""
    said = sorted(f"{each.vendor}|{each.product}|{each.cpe or ''}" for each in spoken)
    marked = sorted(f"{m.kind}={m.value}" for each in spoken for m in each.identifiers)
    return _derived("product", product, version, *said, *marked)


def of_finding(place: Place, turn: int = 0) -> UUID:
    """Identify the finding that opens in a place.

    Its first id may lie elsewhere by now, taken along by a merge: then the next turn's is used.
    """
    return _derived(
        "finding", place.vulnerability, place.product, place.version, place.hardware,
        place.component, *([str(turn)] if turn else []),
    )  # fmt: skip


def _derived(*parts: str | None) -> UUID:
    written = _SEPARATOR.join(["\x00" if part is None else part for part in parts])
    hashed = _BEGUN.copy()
    hashed.update(written.encode())
    return UUID(bytes=hashed.digest()[:16], version=5)
