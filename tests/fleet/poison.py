"""Records that nobody can read, put on the fleet's own topics; and what settles them afterwards."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from confluent_kafka import Producer

from schemas.topics import SERVICES, TOPICS
from tests.fleet.books import intents
from tests.fleet.load import AS_THE_FLEET
from tests.fleet.theatre import Theatre

_KEY = "poison"


def spoil(house: Theatre, keys: dict[str, str] | None = None) -> None:
    """Put on every stream, in each of its lanes, what each of its consumers has to stumble over.

    Args:
        house: the fleet.
        keys: for some streams, the key of an aggregate whose later records must then wait.

    Raises:
        AssertionError: Kafka did not take them all.
    """
    kafka = house.stack.kafka
    producer = Producer({**kafka.client(kafka.admin_user), "log_level": 0, **AS_THE_FLEET})
    for topic, kind in _stumbling():
        key = (keys or {}).get(topic, _KEY)
        producer.produce(house.stack.topic_prefix + topic, b"{", key, headers=_event(topic, kind))
    assert producer.flush(60) == 0


def targets() -> set[tuple[str, str]]:
    """Name each consumer of the fleet's own events, and each topic that it reads."""
    return {(each.consumer, topic) for each in intents() if each.types for topic in each.topics}


def stuck(house: Theatre) -> list[dict[str, Any]]:
    """List what is in quarantine, in whichever service."""
    return [
        {**each, "service": service}
        for service in SERVICES
        for each in house.stage.get(service, "/v1/quarantine?limit=500")["items"]
    ]


def drop(house: Theatre) -> None:
    """Drop every faulty record, as a person would who looked at it; those behind it go on.

    Raises:
        AssertionError: one waits behind nothing.
    """
    while faulty := [each for each in stuck(house) if each["state"] == "faulty"]:
        for each in faulty:
            path = f"/v1/quarantine/{each['id']}/drop"
            house.stage.post("admin", each["service"], path, {"reason": "sent by a test"})
    assert stuck(house) == [], "a record waits behind none"


def _stumbling() -> Iterator[tuple[str, str]]:
    """Give topics with a type of event each, so that every consumer is interested in one."""
    found = set()
    for intent in intents():
        for topic in intent.topics if intent.types else ():
            stream = topic.removesuffix(".bulk")
            kinds = [kind for kind, event in (intent.types or {}).items() if stream == event.TOPIC]
            found.add((topic, min(kinds)))
    yield from sorted(found)


def _event(topic: str, kind: str) -> dict[str, str | bytes | None]:
    """Give the headers of an event whose value will not hold."""
    headers = {
        "ce_specversion": "1.0", "ce_id": str(uuid4()), "ce_type": kind,
        "ce_source": TOPICS[topic].written_by[0], "ce_time": "2026-05-04T10:00:00Z",
        "ce_revision": "1", "content-type": "application/json",
    }  # fmt: skip
    return {name: value.encode() for name, value in headers.items()}
