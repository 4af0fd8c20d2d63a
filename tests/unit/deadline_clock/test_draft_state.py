"""How far a draft is, from what was told of it last."""

import pytest

from schemas.drafts import Draft, DraftApproved, DraftPrepared, DraftVoided, Gap
from services.deadline_clock.domain.draft_state import state_of
from services.deadline_clock.domain.escalation import DraftState
from tests.unit.deadline_clock.facts import T0


def draft(*, lacking: bool | None) -> Draft:
    """A draft; `lacking` a required field, an optional one, or none at all."""
    gap = Gap(field="f", label="F", required=bool(lacking), reason="not stated")
    return Draft(
        draft="d", revision=2, clock="c", rule="r", template="t@1", shadow=False, digest="0",
        gaps=() if lacking is None else (gap,), prepared_at=T0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lacking", "state"),
    [(True, DraftState.PREPARED), (False, DraftState.READY), (None, DraftState.READY)],
)
def test_a_draft_is_ready_when_no_required_field_is_open(
    lacking: bool | None, state: DraftState
) -> None:
    assert state_of(DraftPrepared(case="C", draft=draft(lacking=lacking), because="b")) is state
    voided = DraftVoided(case="C", draft=draft(lacking=lacking), because="b", voided_at=T0)
    assert state_of(voided) is state


@pytest.mark.parametrize(
    ("complete", "state"), [(True, DraftState.APPROVED), (False, DraftState.READY)]
)
def test_one_approval_of_two_is_none_yet(*, complete: bool, state: DraftState) -> None:
    event = DraftApproved(
        case="C", draft=draft(lacking=None), approved_by="ra", approvals=1, complete=complete,
        approved_at=T0,
    )  # fmt: skip
    assert state_of(event) is state
