"""What is true of a product by itself, as questions and pathways ask it.

What nobody has stated counts on the stricter side: it opens the question, and a person answers.
"""

from dataclasses import dataclass

from schemas.catalogue import (
    EntityRegistered,
    EuRegime,
    Nis2Status,
    ProductRegistered,
    QualificationKind,
    UsClearance,
)
from services.triage.domain.packs import Fact

_EEA = frozenset({
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR",
    "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT", "NL",
    "PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI", "NO",
})  # fmt: skip
"""The Union's Member States and the EEA states, in which both device and CRA rules hold."""

_UNKNOWN = frozenset({Fact.MEDICAL_DEVICE, Fact.EU_DEVICE, Fact.US_DEVICE, Fact.CRA_PRODUCT})


@dataclass(frozen=True, slots=True)
class ProductState:
    """A product with its entity; both as last registered."""

    product: ProductRegistered
    entity: EntityRegistered | None
    retired: bool

    def is_fielded(self, version: str) -> bool:
        """Whether units with this version may be in the field; a version nobody listed may be."""
        listed = next((each for each in self.product.versions if each.version == version), None)
        return not self.retired and (listed is None or listed.fielded)


def standing_facts(state: ProductState | None) -> frozenset[Fact]:
    """The facts that a product brings into every case."""
    if state is None:
        return _UNKNOWN
    product = state.product
    facts: set[Fact] = set()
    kind = product.qualification.kind if product.qualification else None
    if kind is not QualificationKind.NOT_A_DEVICE:
        facts |= _device_facts(product)
    if kind in {None, QualificationKind.NOT_A_DEVICE} and in_eu(product):
        facts.add(Fact.CRA_PRODUCT)
    statuses = set(state.entity.nis2.values()) if state.entity else set()
    if statuses & {Nis2Status.ESSENTIAL, Nis2Status.IMPORTANT}:
        facts.add(Fact.NIS2_ENTITY)
    return frozenset(facts)


def _device_facts(product: ProductRegistered) -> set[Fact]:
    facts = {Fact.MEDICAL_DEVICE}
    if in_eu(product) and (product.eu is None or product.eu.regime is not EuRegime.NONE):
        facts.add(Fact.EU_DEVICE)
    if product.eu is not None and product.eu.legacy:
        facts.add(Fact.LEGACY)
    clearance = product.us.clearance if product.us else None
    if in_us(product) and clearance is not UsClearance.NONE:
        facts.add(Fact.US_DEVICE)
    if clearance in {UsClearance.PMA, UsClearance.HDE}:
        facts.add(Fact.PMA)
    if product.us is not None and product.us.cyber_device:
        facts.add(Fact.CYBER_DEVICE)
    return facts


def in_us(product: ProductRegistered) -> bool:
    """Whether a product is, or for all we know may be, marketed in the United States."""
    return not product.markets or "US" in product.markets


def in_eu(product: ProductRegistered) -> bool:
    """Whether a product is, or for all we know may be, made available in the Union or the EEA."""
    return not product.markets or bool(_EEA & set(product.markets))
