"""Tells how far each consumer group is behind: records written and not yet handled."""

from collections import Counter
from dataclasses import dataclass

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import OffsetSpec

from deploy.kafka.topics import admin_client
from deploy.world import KafkaAddress
from schemas.topics import SERVICES

_LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the library types nothing here


@dataclass(frozen=True, slots=True)
class Lag:
    """How many records of a topic a consumer group has still to handle."""

    group: str
    topic: str
    records: int


def lags(address: KafkaAddress, *, prefix: str = "") -> list[Lag]:
    """List the groups of our services that are behind, the furthest first.

    Raises:
        KafkaException: the broker refused or did not answer.
    """
    admin = admin_client(address)
    wanted = tuple(f"{prefix}{service}." for service in SERVICES)
    listed = admin.list_consumer_groups().result().valid
    groups = [each.group_id for each in listed if each.group_id.startswith(wanted)]
    committed: dict[str, list[TopicPartition]] = {}
    for group in groups:  # the broker answers for one group a request
        asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
        committed[group] = asked[group].result().topic_partitions
    places = {(each.topic, each.partition) for held in committed.values() for each in held}
    ends = (
        {
            (place.topic, place.partition): answer.result().offset
            for place, answer in admin.list_offsets(
                {TopicPartition(*place): _LATEST for place in places}
            ).items()
        }
        if places
        else {}
    )
    behind: Counter[tuple[str, str]] = Counter()
    for group, held in committed.items():
        for each in held:
            behind[group, each.topic] += max(
                0, ends[each.topic, each.partition] - max(0, each.offset)
            )
    return [
        Lag(group, topic, records) for (group, topic), records in behind.most_common() if records
    ]
