"""Whether a rule's conditions hold for a product: what it asks for besides its trigger."""

from collections.abc import Iterable

from schemas.catalogue import CertificateType
from services.deadline_clock.domain.correction import FSCA_URGENT
from services.deadline_clock.domain.facts import Decision
from services.deadline_clock.domain.rules import Condition
from services.deadline_clock.domain.standing import Question
from services.deadline_clock.domain.terms import Fact


def hold(question: Question) -> bool:
    """Whether every condition of the rule holds; a fact that nobody stated does not."""
    return all(_holds(each, question) for each in question.rule.conditions)


def _holds(condition: Condition, question: Question) -> bool:
    return not _values(condition.fact, question).isdisjoint(condition.values)


def _values(fact: Fact, question: Question) -> frozenset[str]:
    product, facts = question.product, question.facts
    known = question.surroundings.products.get(product)
    match fact:
        case Fact.RISK_BAND:
            risk = facts.risk(product)
            return frozenset({risk.band}) if risk is not None else frozenset()
        case Fact.DEVICE_CLASS:
            device_class = known.eu.device_class if known is not None and known.eu else None
            return frozenset({device_class.lower()}) if device_class else frozenset()
        case Fact.CERTIFICATE_ROUTE:
            certificate = known.eu.certificate if known is not None and known.eu else None
            return frozenset({_ROUTES[certificate]}) if certificate in _ROUTES else frozenset()
        case Fact.COORDINATOR:
            return _answers(facts.decisions_on("cvd.coordinator", product))
        case Fact.URGENT:
            action = facts.decision("mdr.fsca", product)
            urgent = action is not None and action.outcome == FSCA_URGENT
            return frozenset({"yes" if urgent else "no"})
        case Fact.ONGOING:
            ongoing = "ongoing" in _answers(facts.decisions_on("nis2.ongoing", product))
            return frozenset({"yes" if ongoing else "no"})


def _answers(decisions: Iterable[Decision]) -> frozenset[str]:
    return frozenset(each.outcome for each in decisions)


_ROUTES = {
    CertificateType.QUALITY_MANAGEMENT: "qms",
    CertificateType.TECHNICAL_DOCUMENTATION: "technical_documentation",
    CertificateType.TYPE_EXAMINATION: "type_examination",
}
"""The route to a Notified Body that each certificate gives (MDR Annexes IX and X)."""
