"""FDA's 2016 postmarket guidance: days 30 and 60 beside a running 806 clock, on four conditions.

Guidance, never a duty and never an exemption: a manufacturer that meets all four conditions may
expect that FDA does not enforce part 806. Where one fails, the 806 clock stands alone.
"""

from dataclasses import replace

from schemas.clocks import Anchor, ClockState, MetBy
from services.deadline_clock.domain import risk_band
from services.deadline_clock.domain.correction import TO_CUSTOMERS
from services.deadline_clock.domain.discretion import beyond_mending
from services.deadline_clock.domain.rules import AnchorName
from services.deadline_clock.domain.standing import Met, Question, Standing

_LOST = "the discretion of FDA's 2016 guidance is lost, the 806 clock stands"
_ISAO_UNKNOWN = "ISAO membership is unknown: taken as none would lose the guidance's discretion"


def standings(question: Question) -> tuple[Standing, ...]:
    """How day 30 or day 60 stands, once the product has a risk band.

    Which bands are read as uncontrolled is a condition of the rule.
    """
    facts, product = question.facts, question.product
    learned = facts.learned_at(product)
    risk = facts.risk(product)
    if learned is None or risk is None:
        return ()
    anchor = Anchor(
        name=AnchorName.LEARNED_AT,
        at=learned,
        set_by="triage",
        set_at=learned,
        evidence="the first finding, evidence or report on the product",
    )
    running = Standing(
        state=ClockState.PROVISIONAL if risk.proposed else ClockState.RUNNING,
        because="the risk may be uncontrolled: the guidance's four conditions are to be met",
        anchor=anchor,
        met=_met(question),
    )
    return (_on_conditions(question, running),)


def _on_conditions(question: Question, running: Standing) -> Standing:
    # Days 30 and 60 are the clocks themselves.
    failed = beyond_mending(question)
    if failed is not None:
        return replace(
            running,
            state=ClockState.SUPERSEDED,
            because=f"{failed}: {_LOST}",
            announced=False,
            met=None,
            reopen_trigger="that fact turns out otherwise",
        )
    maker = question.maker
    unknown = maker is None or maker.isao_member is None
    return replace(running, assumed=(_ISAO_UNKNOWN,)) if unknown else running


def _met(question: Question) -> Met | None:
    if question.rule.met_by is MetBy.NOTICE:
        told = question.facts.notices_of(question.product, *TO_CUSTOMERS)
        return Met(told[0].sent_at, f"notice {told[0].notice}") if told else None
    return risk_band.fixed(question)
