"""Answers fields from the catalogue: the product and the legal entity that makes it."""

from schemas.catalogue import EuFacts, UsClearance, UsFacts
from services.notification.domain.facts import (
    Answer,
    CaseFacts,
    Held,
    known,
    not_applicable,
    unknown,
)

NO_PRODUCT = "the product is not in the catalogue yet"
NO_ENTITY = "the legal entity that makes the product is not in the catalogue yet"

EU = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
        "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
"""The Member States. Iceland, Liechtenstein and Norway are no valid values: the CRA is not part of
the EEA Agreement (source: state of 2026-09-30)."""


def name(facts: CaseFacts) -> Answer:
    """The product's brand name."""
    if facts.product is None:
        return unknown(NO_PRODUCT)
    return known(facts.product.fact.name, facts.product.source)


def member_states(facts: CaseFacts) -> Answer:
    """The Member States in which the product is made available (CRA Article 14(2)(a))."""
    if facts.product is None:
        return unknown(NO_PRODUCT)
    states = tuple(sorted(EU.intersection(facts.product.fact.markets)))
    if not states:
        return unknown("the catalogue names no Member State among the product's markets")
    return known(states, facts.product.source)


def _eu(facts: CaseFacts) -> Held[EuFacts] | None:
    held = facts.product
    if held is None or held.fact.eu is None:
        return None
    return Held(held.fact.eu, held.source)


def cra_type(facts: CaseFacts) -> Answer:
    """Default, Important or Critical."""
    eu = _eu(facts)
    return known(eu.fact.product_type, eu.source) if eu else unknown("no EU facts are recorded")


def cra_class(facts: CaseFacts) -> Answer:
    """The class of an important product; others have none."""
    eu = _eu(facts)
    if eu is None:
        return unknown("no EU facts are recorded")
    if eu.fact.product_class:
        return known(eu.fact.product_class, eu.source)
    if eu.fact.product_type != "Important":
        return not_applicable(f"the product type is {eu.fact.product_type}", eu.source)
    return unknown("the catalogue does not state the class of this important product")


def cra_category(facts: CaseFacts) -> Answer:
    """The CRA category."""
    eu = _eu(facts)
    if eu is None or not eu.fact.product_category:
        return unknown("the catalogue does not state the product category")
    return known(eu.fact.product_category, eu.source)


def end_of_support(facts: CaseFacts) -> Answer:
    """Whether the support period has ended today (UTC)."""
    held = facts.product
    if held is None:
        return unknown(NO_PRODUCT)
    if held.fact.support_ends_on is None:
        return unknown("the catalogue does not state the end of the support period")
    ended = held.fact.support_ends_on < facts.now.date()
    return known("Yes" if ended else "No", held.source)


def common_name(facts: CaseFacts) -> Answer:
    """The common or classification name in the US."""
    us = _us(facts)
    if us is None or not us.fact.common_name:
        return unknown("the catalogue does not state the common or classification name")
    return known(us.fact.common_name, us.source)


def intended_use(facts: CaseFacts) -> Answer:
    """The intended use."""
    if facts.product is None or not facts.product.fact.intended_use:
        return unknown("the catalogue does not state the intended use")
    return known(facts.product.fact.intended_use, facts.product.source)


def _us(facts: CaseFacts) -> Held[UsFacts] | None:
    held = facts.product
    if held is None or held.fact.us is None:
        return None
    return Held(held.fact.us, held.source)


def us_marketing(facts: CaseFacts) -> Answer:
    """The US marketing route with its number."""
    us = _us(facts)
    if us is None or us.fact.clearance is None:
        return unknown("the catalogue does not state the US marketing status")
    route, number = us.fact.clearance, us.fact.clearance_number
    if route in {UsClearance.EXEMPT, UsClearance.NONE}:
        return known(route.value, us.source)
    if not number:
        return unknown(f"the catalogue states {route.value} without its number")
    return known(f"{route.value} {number}", us.source)


def listing_number(facts: CaseFacts) -> Answer:
    """The device listing number."""
    us = _us(facts)
    if us is None or not us.fact.listing_number:
        return unknown("the catalogue does not state the device listing number")
    return known(us.fact.listing_number, us.source)


def release_dates(facts: CaseFacts) -> Answer:
    """The release date of each version in the catalogue that is in the field."""
    held = facts.product
    if held is None:
        return unknown(NO_PRODUCT)
    dated = [each for each in held.fact.versions if each.released_on and each.fielded]
    if not dated:
        return unknown("the catalogue holds no release date of a fielded version")
    return known("\n".join(f"{each.version}: {each.released_on}" for each in dated), held.source)


def entity_name(facts: CaseFacts) -> Answer:
    """The manufacturer's registered name."""
    if facts.entity is None:
        return unknown(NO_ENTITY)
    return known(facts.entity.fact.name, facts.entity.source)


def entity_contact(facts: CaseFacts) -> Answer:
    """The manufacturer's name, address and telephone; all three or a gap that names what lacks."""
    held = facts.entity
    if held is None:
        return unknown(NO_ENTITY)
    parts = {"address": held.fact.address, "telephone": held.fact.phone}
    if lacking := [name for name, value in parts.items() if not value]:
        return unknown(f"the catalogue lacks the entity's {' and '.join(lacking)}")
    return known(f"{held.fact.name}\n{held.fact.address}\n{held.fact.phone}", held.source)


def entity_responsible(facts: CaseFacts) -> Answer:
    """Who is responsible for conducting the action."""
    if facts.entity is None or not facts.entity.fact.responsible:
        return unknown("the catalogue names nobody as responsible for conducting the action")
    return known(facts.entity.fact.responsible, facts.entity.source)


def fda_registration(facts: CaseFacts) -> Answer:
    """The 7-digit establishment registration number."""
    if facts.entity is None or not facts.entity.fact.fda_registration:
        return unknown("the catalogue holds no FDA registration number of the entity")
    return known(facts.entity.fact.fda_registration, facts.entity.source)
