"""Which filing a person recorded meets a clock, or anchors the stage that follows it."""

from dataclasses import replace

from services.deadline_clock.domain.acts import Filing
from services.deadline_clock.domain.facts import CaseFacts
from services.deadline_clock.domain.identity import ONCE, Subject, clock_id


def first_filing(
    facts: CaseFacts, rule: str, subject: Subject, identity: str | None = None
) -> Filing | None:
    """The first filing of a rule's stage for a subject; `identity` is its clock's id, if any.

    One filing may cover several products, which it lists. What happened several times in a case
    needs a filing each: only one for the same occurrence covers the products that it lists.
    """
    return min(
        (each for each in facts.filings if _covers(each, facts, rule, subject, identity)),
        key=lambda each: (each.filed_at, each.filing),
        default=None,
    )


def _covers(
    filing: Filing, facts: CaseFacts, rule: str, subject: Subject, identity: str | None
) -> bool:
    if filing.clock == identity:
        return True
    if filing.rule != rule:
        return False
    if filing.clock in _ids(facts, rule, subject):
        return True
    if subject.product is None or subject.product not in filing.products:
        return False
    return subject.occurrence == ONCE or any(
        filing.clock in _ids(facts, rule, replace(subject, product=product))
        for product in filing.products
    )


def _ids(facts: CaseFacts, rule: str, subject: Subject) -> frozenset[str]:
    """The ids that the clock may have: a merged case's clock keeps the id it began with."""
    return frozenset(str(clock_id(rule, subject, case)) for case in (facts.case, *facts.absorbed))
