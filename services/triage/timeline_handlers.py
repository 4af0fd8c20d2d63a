"""The timeline: a projection of every event that triage may read, in a consumer of its own.

It decides nothing and nothing reads it but people. Its rows are keyed by event, so it needs no
inbox, and a replay adds none.
"""

from schemas.event import Event
from schemas.registry import EVENTS
from schemas.topics import TOPICS
from services.kit.records import Batch, Received
from services.kit.unit import Unit
from services.triage.consumer import consumer
from services.triage.domain.telling import actor_of, case_of, links_of, summary_of
from services.triage.store.timeline import Entry, append, links

READABLE = tuple(event for event in EVENTS.values() if "triage" in TOPICS[event.TOPIC].read_by)
"""Every event of a topic that the access rules let triage read, its own included."""


CONSUMER = "triage.timeline"
"""The consumer's name: how far it came in triage's own stream is how far the database knows it."""
LINGER = 1.0
"""Seconds for which events gather: people read the timeline, and a page does not wait for it."""

FEW = 50
"""Events a batch: reading all of a second's at once would hold up the signals beside them."""


@consumer.on(*READABLE, name="timeline", inbox=False, linger=LINGER, max_records=FEW)
async def on_everything(batch: Batch, unit: Unit) -> None:
    """Add a row an event."""
    await append(unit.db, [_entry(received) for received in batch])


def _entry(received: Received[Event]) -> Entry:
    event = received.event
    return Entry(
        source=received.source,
        id=received.id,
        type=received.type,
        time=received.time,
        topic=received.topic,
        key=received.key,
        revision=received.revision,
        case=case_of(event) or received.case,
        causation=received.causation,
        actor=actor_of(event),
        summary=summary_of(event),
        links=links(links_of(event)),
    )
