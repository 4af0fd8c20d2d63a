"""The track of a correction or removal (21 CFR 806.10): from initiating to a decision."""

from dataclasses import dataclass
from datetime import datetime

from schemas.clocks import Anchor, ClockState
from services.deadline_clock.domain.facts import Decision
from services.deadline_clock.domain.standing import Question, Standing

REPORTABLE = "reportable"
NOT_REPORTABLE = "not_reportable"
DISCRETION_CLAIMED = "discretion_claimed"


@dataclass(frozen=True, slots=True)
class _Act:
    at: datetime
    what: str
    by: str
    note: str | None = None


def standing(question: Question) -> Standing | None:
    """How the rule stands, or None while nothing was initiated for the product."""
    acts = _acts(question)
    if not acts:
        return None
    first = min(acts, key=lambda act: (act.at, act.what))
    anchor = Anchor(
        name="initiated_at",
        at=first.at,
        set_by=first.by,
        set_at=first.at,
        evidence=first.what,
        note=first.note,
    )
    named = question.rule.question or question.rule.id
    decision = question.facts.decision(named, question.product)
    if decision is None:
        return Standing(
            state=ClockState.PROVISIONAL,
            because=f"a correction was initiated ({first.what}); {named} is undecided",
            anchor=anchor,
        )
    return _decided(decision, anchor)


def _acts(question: Question) -> list[_Act]:
    """Whatever may be read as initiating: approval to act, a customer notice, a wave."""
    facts, product = question.facts, question.product
    approvals = [
        _Act(
            each.approved_at,
            f"measure {each.measure} approved",
            each.approved_by or "triage",
            "interpretation: approval to act counts as initiating",
        )
        for each in facts.measures_of(product)
        if each.approved_at is not None
    ]
    others = [
        _Act(each.at, f"{each.what} {each.id}", each.by)
        for each in facts.initiations
        if each.product in {None, product}
    ]
    return approvals + others


def _decided(decision: Decision, anchor: Anchor) -> Standing:
    if decision.outcome == NOT_REPORTABLE:
        return Standing(
            state=ClockState.NOT_APPLICABLE,
            because=f"decided not reportable (21 CFR 806.20 record): {decision.ground}",
            anchor=anchor,
            decided_by=decision.decided_by,
            reopen_trigger=decision.reopen_trigger or "new facts on the risk to health",
        )
    if decision.outcome == DISCRETION_CLAIMED:
        return Standing(
            state=ClockState.SUPERSEDED,
            because=(
                "enforcement discretion claimed under FDA's 2016 guidance, which is no exemption: "
                f"{decision.ground}"
            ),
            anchor=anchor,
            decided_by=decision.decided_by,
            reopen_trigger="one of the guidance's four conditions fails",
        )
    return Standing(
        state=ClockState.RUNNING,
        because=f"{decision.decided_by} decided {decision.outcome}: {decision.ground}",
        anchor=anchor,
        decided_by=decision.decided_by,
    )
