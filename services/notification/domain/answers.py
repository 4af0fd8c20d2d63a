"""Names every fact that a template's field may ask for, and answers it from what is held."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from services.notification.domain import case_answers as of_case
from services.notification.domain import measure_answers as of_measures
from services.notification.domain import product_answers as of_product
from services.notification.domain.facts import Answer, CaseFacts, unknown

COMPOSED = frozenset({"us806.report_number", "us806.not_available"})
"""Facts that are put together from other fields of the draft, once those are known."""

ANSWERS: Mapping[str, Callable[[CaseFacts], Answer]] = MappingProxyType(
    {
        "srp.notification_type": of_case.notification_type,
        "case.title": of_case.title,
        "case.summary": of_case.summary,
        "case.versions": of_case.versions,
        "case.components": of_case.components,
        "case.cve_ids": of_case.cve_ids,
        "case.euvd_ids": of_case.euvd_ids,
        "vulnerability.description": of_case.description,
        "vulnerability.attack_vector": of_case.attack_vector,
        "vulnerability.severity": of_case.severity,
        "clock.aware_at": of_case.aware_at,
        "clock.initiated_at": of_case.initiated_at,
        "notices.sent": of_case.notices_sent,
        "coverage.total": of_case.coverage_total,
        "product.name": of_product.name,
        "product.member_states": of_product.member_states,
        "product.cra_type": of_product.cra_type,
        "product.cra_class": of_product.cra_class,
        "product.cra_category": of_product.cra_category,
        "product.end_of_support": of_product.end_of_support,
        "product.common_name": of_product.common_name,
        "product.intended_use": of_product.intended_use,
        "product.us_marketing": of_product.us_marketing,
        "product.listing_number": of_product.listing_number,
        "product.release_dates": of_product.release_dates,
        "entity.name": of_product.entity_name,
        "entity.contact": of_product.entity_contact,
        "entity.responsible": of_product.entity_responsible,
        "entity.fda_registration": of_product.fda_registration,
        "measures.taken": of_measures.taken,
        "measures.all": of_measures.every,
        "measures.for_users": of_measures.for_users,
        "measures.available_at": of_measures.available_at,
        "measures.update_details": of_measures.update_details,
    }
)
"""What each fact's name means. A template that names another one does not load."""


def answer(fact: str | None, facts: CaseFacts) -> Answer:
    """Answer a field from the facts; a field that names none waits for a person."""
    if fact is None:
        return unknown("only a person can state it")
    return ANSWERS[fact](facts)
