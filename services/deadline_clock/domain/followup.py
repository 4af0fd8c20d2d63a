"""The report that follows an incomplete one (MDR Article 87(6), IVDR Article 82(6)).

A person says that one is needed, each time anew; an authority may ask for it with a date.
"""

from dataclasses import replace

from schemas.clocks import Anchor, ClockState
from services.deadline_clock.domain.acts import Filing
from services.deadline_clock.domain.requests import decided
from services.deadline_clock.domain.rules import AnchorName
from services.deadline_clock.domain.standing import Question, Standing


def standings(question: Question) -> tuple[Standing, ...]:
    """One clock an answer that a report has to follow, from the filing that it completes."""
    return tuple(_after(question, each) for each in decided(question))


def _after(question: Question, asked: Standing) -> Standing:
    if asked.anchor is None or asked.anchor.name != AnchorName.FILED_AT:
        return asked  # an authority asked for it
    first = _completed(question, asked.anchor)
    if first is None:
        waits = asked.state is ClockState.RUNNING
        return replace(
            asked,
            state=ClockState.AWAITING_ANCHOR if waits else asked.state,
            because="waits for the filing that it completes" if waits else asked.because,
            anchor=None,
        )
    anchor = Anchor(
        name=AnchorName.FILED_AT,
        at=first.filed_at,
        set_by=first.filed_by,
        set_at=first.recorded_at,
        evidence=f"filing {first.filing} of {first.rule}",
    )
    return replace(asked, anchor=anchor)


def _completed(question: Question, answered: Anchor) -> Filing | None:
    """The last filing under the same law before the answer: the one that the person speaks of."""
    law = (question.rule.anchor_rule or question.rule.id).split(".")[0] + "."
    earlier = (
        each
        for each in question.facts.filings
        if each.rule.startswith(law)
        and question.product in each.products
        and each.filed_at <= answered.set_at
    )
    return max(earlier, key=lambda each: (each.filed_at, each.filing), default=None)
