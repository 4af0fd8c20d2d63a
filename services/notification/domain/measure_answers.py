"""Answers fields from a case's measures: what was done, what users can do, and since when."""

from datetime import datetime

from schemas.cases import Measure, MeasureKind
from services.notification.domain.case_answers import instant
from services.notification.domain.facts import Answer, CaseFacts, Held, known, unknown


def _of_product(facts: CaseFacts) -> list[Held[Measure]]:
    product = facts.clock.fact.product
    return [each for each in facts.measures if product is None or product in each.fact.products]


def _line(measure: Measure) -> str:
    description = f": {measure.description}" if measure.description else ""
    version = f" (version {measure.target_version})" if measure.target_version else ""
    return f"{measure.title}{version}{description}"


def _stand(measure: Measure) -> str:
    if measure.available_at is not None:
        return f"available since {measure.available_at:%Y-%m-%d %H:%M}Z"
    if measure.approved_at is not None:
        return f"approved {measure.approved_at:%Y-%m-%d %H:%M}Z"
    return "planned"


def taken(facts: CaseFacts) -> Answer:
    """Measures that were approved or are available; a plan is not a measure taken."""
    approved = [each for each in _of_product(facts) if each.fact.approved_at is not None]
    if not approved:
        return unknown("no measure has been approved")
    lines = [f"{_line(each.fact)}; {_stand(each.fact)}" for each in approved]
    return known("\n".join(lines), approved[-1].source)


def every(facts: CaseFacts) -> Answer:
    """All measures with where they stand: taken and expected (21 CFR 806.10(c)(7))."""
    measures = _of_product(facts)
    if not measures:
        return unknown("no measure is planned")
    lines = [f"{_line(each.fact)}; {_stand(each.fact)}" for each in measures]
    return known("\n".join(lines), measures[-1].source)


def for_users(facts: CaseFacts) -> Answer:
    """Measures that are available to users."""
    available = [each for each in _of_product(facts) if each.fact.available_at is not None]
    if not available:
        return unknown("no measure is available to users")
    return known("\n".join(_line(each.fact) for each in available), available[-1].source)


def available_at(facts: CaseFacts) -> Answer:
    """When the first corrective or mitigating measure became available (CRA Article 14(2)(c))."""
    dated: list[tuple[datetime, Held[Measure]]] = [
        (each.fact.available_at, each)
        for each in _of_product(facts)
        if each.fact.available_at is not None
    ]
    if not dated:
        return unknown("no measure is available")
    at, held = min(dated, key=lambda pair: pair[0])
    return known(instant(at.isoformat().replace("+00:00", "Z")), held.source)


def update_details(facts: CaseFacts) -> Answer:
    """The security update, or other corrective measures, that users can have."""
    patches = [
        each
        for each in _of_product(facts)
        if each.fact.kind is MeasureKind.PATCH and each.fact.available_at is not None
    ]
    if not patches:
        return unknown("no security update is available")
    return known("\n".join(_line(each.fact) for each in patches), patches[-1].source)
