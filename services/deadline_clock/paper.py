"""Deadline-clock's Kafka edge for drafts: how far each is, for the steps that ask."""

from typing import Any

from schemas.drafts import DraftApproved, DraftPrepared, DraftVoided
from services.deadline_clock.consumer import consumer
from services.deadline_clock.domain.draft_state import state_of
from services.deadline_clock.store import draft_standing
from services.deadline_clock.store.draft_standing import Standing
from services.kit.records import Batch, Received
from services.kit.unit import Unit


@consumer.on(DraftPrepared, DraftApproved, DraftVoided, name="draft-standing", inbox=False)
async def on_drafts(batch: Batch, unit: Unit) -> None:
    """Keep the newest standing of each clock's draft; an older one changes nothing."""
    told: list[Received[Any]] = list(batch.of(DraftPrepared, DraftApproved, DraftVoided))
    newest: dict[str, Standing] = {}
    for received in sorted(told, key=lambda each: each.revision):
        draft = received.event.draft
        state = state_of(received.event)
        newest[draft.clock] = (draft.draft, draft.revision, received.revision, state)
    await draft_standing.save(unit.db, newest)
