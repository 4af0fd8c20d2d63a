"""Later filing stages: a final report runs from the filing before it, never from awareness."""

from dataclasses import replace

from schemas.clocks import Anchor, ClockState
from services.deadline_clock.domain.rules import AnchorName
from services.deadline_clock.domain.standing import Question, Standing


def after_filing(question: Question, first: Standing) -> Standing:
    """A later stage: from the filing of the stage before, never from awareness."""
    if first.state not in {ClockState.RUNNING, ClockState.PROVISIONAL}:
        return replace(first, anchor=None)
    filed = question.filed(question.before or "", first.occurrence)
    if filed is None:
        return replace(
            first,
            state=ClockState.AWAITING_ANCHOR,
            because=f"waits for {question.before} to be filed",
            anchor=None,
        )
    anchor = Anchor(
        name=AnchorName.FILED_AT,
        at=filed.filed_at,
        set_by=filed.filed_by,
        set_at=filed.recorded_at,
        evidence=f"filing {filed.filing} of {filed.rule}",
    )
    return replace(
        first, state=ClockState.RUNNING, because=f"{filed.rule} was filed", anchor=anchor
    )
