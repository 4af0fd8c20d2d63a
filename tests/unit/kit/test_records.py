"""A batch is a sequence that can be filtered by type without losing its order."""

from datetime import UTC, datetime

from schemas.event import Event
from services.kit import ids
from services.kit.records import Batch, Headers, Received
from tests.component.kit.node import Counted, Tallied


def received(event: Event) -> Received[Event]:
    return Received(
        event=event, id=ids.uuid7(), type=event.TYPE, source="x", time=datetime.now(UTC),
        revision=1, causation=None, case=None, traceparent=None, key=event.key, topic=event.TOPIC,
        partition=0, offset=0,
    )  # fmt: skip


def test_a_batch_gives_the_events_of_some_types_in_their_order() -> None:
    events: list[Event] = [
        Counted(subject="a", number=1),
        Tallied(subject="a", number=2),
        Counted(subject="b", number=3),
    ]
    batch = Batch([received(event) for event in events])
    assert [each.event.number for each in batch.of(Counted)] == [1, 3]
    assert [each.event for each in batch.of(Counted, Tallied)] == events
    assert len(batch[1:]) == 2
    assert batch[0].event == events[0]


def test_header_names_do_not_depend_on_their_case() -> None:
    headers = Headers({"ce_subject": "a.json"}, ("broken",))
    assert headers["CE_Subject"] == "a.json"
    assert "broken" not in headers
    assert dict(headers) == {"ce_subject": "a.json"}
