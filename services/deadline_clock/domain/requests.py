"""Tracks that one act of a person starts: an authority's request, or a decision to report more."""

from dataclasses import replace

from schemas.clocks import Anchor, ClockState
from services.deadline_clock.domain.rules import AnchorName
from services.deadline_clock.domain.standing import Question, Standing

_NEGATIVE = "not_"
"""How an answer begins that asks for nothing."""
UNSTATED = "when it happened was not stated: read from the record"
"""The note of an anchor that is the decision's own instant."""


def requested(question: Question) -> tuple[Standing, ...]:
    """One clock a request that names the rule (CRA Article 14(6), NIS2 Article 23(4)(c)).

    It is due when the authority says, else as the rule counts from receipt.
    """
    return tuple(
        Standing(
            state=ClockState.RUNNING,
            because=f"{each.authority} asked for it",
            anchor=Anchor(
                name=AnchorName.REQUEST_RECEIVED_AT,
                at=each.received_at,
                set_by=each.recorded_by,
                set_at=each.received_at,
                evidence=f"request {each.request} of {each.authority}",
            ),
            decided_by=each.recorded_by,
            due=each.due_at,
            occurrence=each.request,
        )
        for each in question.facts.requests
        if each.rule == question.rule.id
    )


def decided(question: Question) -> tuple[Standing, ...]:
    """One clock a decision that asks for it: an amendment, a supplement, a 5-day report.

    An authority's request for it starts one as well. A later negative answer ends those before it.
    """
    named = question.rule.question or question.rule.id
    answers = question.facts.decisions_on(named, question.product)
    taken_back = max(
        (each for each in answers if each.outcome.startswith(_NEGATIVE)),
        key=lambda each: each.decided_at,
        default=None,
    )
    found = []
    for each in answers:
        if each.outcome.startswith(_NEGATIVE):
            continue
        running = Standing(
            state=ClockState.RUNNING,
            because=f"{each.decided_by} decided {each.outcome}: {each.ground}",
            anchor=Anchor(
                name=question.rule.anchor,
                at=each.happened_at or each.decided_at,
                set_by=each.decided_by,
                set_at=each.decided_at,
                evidence=f"decision {each.decision}",
                note=None if each.happened_at else UNSTATED,
            ),
            decided_by=each.decided_by,
            occurrence=each.decision,
        )
        if taken_back is not None and taken_back.decided_at > each.decided_at:
            running = replace(
                running,
                state=ClockState.NOT_APPLICABLE,
                because=f"decided {taken_back.outcome}: {taken_back.ground}",
                decided_by=taken_back.decided_by,
                reopen_trigger=taken_back.reopen_trigger or "the question is answered anew",
            )
        found.append(running)
    return (*found, *requested(question))
