"""Puts load on a fleet: signed documents over Kafka, or another fleet's events in any order."""

import base64
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from confluent_kafka import Producer

from deploy.world import Stack
from schemas.topics import INTEGRATION, TOPICS
from tests.fleet.documents import Document
from tests.fleet.theatre import Theatre

_FLUSH = 180
"""Seconds for which Kafka may be away."""
AS_THE_FLEET = {"partitioner": "murmur2_random"}
"""Keys go to the partitions to which the fleet's own producers send them."""
_SMALL = {"linger.ms": 5, "log_level": 0, "enable.idempotence": True, **AS_THE_FLEET}

INTAKES = [
    each.name for each in TOPICS.values()
    if each.written_by == ("intake",) and each.name not in {"rejections", "intake.quarantine"}
]  # fmt: skip
"""The streams from which everything else in a fleet follows, people's acts apart."""


def submit(house: Theatre, documents: Sequence[Document], topic: str = "submissions") -> None:
    """Publish documents as an integration that signs them; partitions mix them further.

    Raises:
        AssertionError: Kafka did not take them all.
    """
    producer = Producer({**house.stack.kafka.client(INTEGRATION), **_SMALL})
    key = house.stage.cast.release_key
    for each in documents:
        headers = {
            "ce_subject": each.name, "pv-principal": "release-key",
            "pv-signature": base64.b64encode(key.sign(each.value)).decode(),
            **{f"pv-{name}": value for name, value in each.about.items()},
        }  # fmt: skip
        _produce(producer, house.stack, topic, f"range/{each.name}", each.value, headers)
    assert producer.flush(_FLUSH) == 0


def publish(stack: Stack, records: Sequence[tuple[str, Any]]) -> None:
    """Publish recorded events as they are, each to its topic on another world.

    Raises:
        AssertionError: Kafka did not take them all.
    """
    producer = Producer({**stack.kafka.client(stack.kafka.admin_user), **_SMALL})
    for topic, record in records:
        _produce(producer, stack, topic, record.key(), record.value(), dict(record.headers()))
    assert producer.flush(_FLUSH) == 0


def doubled_and_mixed(records: Sequence[tuple[str, Any]], seed: int) -> list[tuple[str, Any]]:
    """Mix events over keys and topics, each key's own order kept, and let each come once more.

    The second time is at any point after the first: an old state may follow a newer one.
    """
    chance = random.Random(seed)
    by_key: dict[tuple[str, bytes], list[tuple[str, Any]]] = defaultdict(list)
    for topic, record in records:
        by_key[topic.removesuffix(".bulk"), record.key()].append((topic, record))
    turns = [key for key, own in by_key.items() for _ in own]
    chance.shuffle(turns)
    queues = {key: iter(own) for key, own in by_key.items()}
    mixed = [next(queues[key]) for key in turns]
    placed = [(float(n), each) for n, each in enumerate(mixed)]
    placed += [(chance.uniform(n, len(mixed)), each) for n, each in enumerate(mixed)]
    return [each for _, each in sorted(placed, key=lambda one: one[0])]


def recorded(house: Theatre) -> Iterator[tuple[str, Any]]:
    """Give every event that intake has published, with its topic."""
    for topic in INTAKES:
        for record in house.books.records(topic):
            yield topic, record


def _produce(
    producer: Producer, stack: Stack, topic: str, key: Any, value: Any, headers: Any
) -> None:
    while True:
        try:
            producer.produce(stack.topic_prefix + topic, value, key, headers=list(headers.items()))
        except BufferError:
            producer.poll(0.1)
        else:
            producer.poll(0)
            return
