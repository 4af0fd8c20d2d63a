"""Reads what a service has published itself and its database does not know, before it consumes.

A database that was restored from a backup has forgotten its last decisions. What follows from
inbound records is decided again; what a decision has counted or drawn, and others have read since,
is in Kafka alone.
"""

import asyncio
import logging
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.event import Event
from schemas.topics import TOPICS
from services.kit import positions
from services.kit.app import Context
from services.kit.broker import client_arguments
from services.kit.database import TRANSIENT, connection

_log = logging.getLogger(__name__)

E = TypeVar("E", bound=Event)

_PAUSE_SECONDS = 1.0
_LOOK_MILLISECONDS = 200


async def beyond(context: Context, consumer: str, kind: type[E]) -> list[E]:
    """Read the own events of a kind that lie beyond a consumer's stored position.

    Waits for Kafka and PostgreSQL for as long as it takes: to go on without would decide anew.

    Args:
        context: the service's.
        consumer: the name of one of its consumers that reads its own stream too.
        kind: the events; their values are small, so that none is in the blob store.
    """
    while True:
        try:
            return await _read(context, consumer, kind)
        except (*TRANSIENT, KafkaError) as error:
            _log.warning("own %s events cannot be read yet: %s", kind.TYPE, error)
            await asyncio.sleep(_PAUSE_SECONDS)


async def _read(context: Context, consumer: str, kind: type[E]) -> list[E]:
    async with connection(context.pool) as db:
        known = await positions.stored(db, consumer, [kind.TOPIC])
    settings, found = context.settings, list[E]()
    reader: Any = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap, client_id=f"{context.name}.recall",
        enable_auto_commit=False, **client_arguments(settings),
    )  # fmt: skip
    await reader.start()
    try:
        topic = f"{settings.topic_prefix}{kind.TOPIC}"
        places = [TopicPartition(topic, each) for each in range(TOPICS[kind.TOPIC].partitions)]
        reader.assign(places)
        ends = await reader.end_offsets(places)
        firsts = await reader.beginning_offsets(places)
        for each in places:
            reader.seek(each, max(firsts[each], known.get((kind.TOPIC, each.partition), 0)))
        while [each for each in places if await reader.position(each) < ends[each]]:
            for records in (await reader.getmany(timeout_ms=_LOOK_MILLISECONDS)).values():
                found += [
                    kind.model_validate_json(record.value)
                    for record in records
                    if dict(record.headers).get("ce_type") == kind.TYPE.encode()
                ]
    finally:
        await reader.stop()
    return found
