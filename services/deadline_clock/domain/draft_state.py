"""Says how far a clock's draft is, from what notification told of it last."""

from schemas.drafts import Draft, DraftApproved, DraftPrepared, DraftVoided
from services.deadline_clock.domain.escalation import DraftState


def state_of(event: DraftPrepared | DraftApproved | DraftVoided) -> DraftState:
    """How far the draft is after an event.

    A newer revision beside an approved one leaves that one fileable, but the draft counts as no
    further than its newest text: the stricter reading, somebody is told.
    """
    if isinstance(event, DraftApproved) and event.complete:
        return DraftState.APPROVED
    return DraftState.PREPARED if _lacks(event.draft) else DraftState.READY


def _lacks(draft: Draft) -> bool:
    return any(gap.required for gap in draft.gaps)
