"""Whether the discretion of FDA's 2016 postmarket guidance still stands: its four conditions.

Any that fails leaves the 806 clock alone, also where a person has claimed the discretion.
"""

from collections.abc import Iterable, Mapping

from schemas.clocks import ClockState
from schemas.signals import Harm
from services.deadline_clock.domain.change import Held
from services.deadline_clock.domain.facts import CaseFacts
from services.deadline_clock.domain.rules import Rule, Trigger
from services.deadline_clock.domain.standing import Question

_HARMED = frozenset({Harm.SERIOUS, Harm.DEATH, Harm.PUBLIC_HEALTH})


def beyond_mending(question: Question) -> str | None:
    """The condition that failed and that no deed can mend: harm, or no ISAO."""
    if harmed(question.facts, question.product):
        return "a serious adverse event or death is known (condition 1)"
    maker = question.maker
    if maker is not None and maker.isao_member is False:
        return "the manufacturer is no active member of an ISAO (condition 4)"
    return None


def lost(question: Question) -> str | None:
    """The condition that failed: one beyond mending, or day 30 or 60 that passed."""
    failed = beyond_mending(question)
    if failed is None and question.product in question.surroundings.lapsed:
        return "day 30 or day 60 of the guidance has passed (conditions 2 and 3)"
    return failed


def lapsed(clocks: Iterable[Held], rules: Mapping[str, Rule]) -> frozenset[str]:
    """Products for which a day of the guidance passed: a clock says so, no fact does."""
    return frozenset(
        each.clock.product
        for each in clocks
        if each.clock.late
        and each.clock.product is not None
        and each.clock.state not in {ClockState.SUPERSEDED, ClockState.NOT_APPLICABLE}
        and (rule := rules.get(each.clock.rule)) is not None
        and rule.trigger is Trigger.POSTMARKET_VULNERABILITY
    )


def harmed(facts: CaseFacts, product: str) -> bool:
    """Whether a serious adverse event or a death is stated or assessed for a product."""
    told = any(each.harm in _HARMED for each in facts.happenings_of(product))
    assessed = any(
        each.harm in _HARMED and each.reportable
        for each in facts.incident_answers
        if each.product == product
    )
    return told or assessed
