"""Reads what a fleet holds: every business table, every topic, and whether all has come to rest."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

import asyncpg
from confluent_kafka import Consumer, TopicPartition

from deploy.postgres.roles import schema
from deploy.world import Stack
from schemas.topics import SERVICES, TOPICS
from services.kit.reading import Intent

PATIENCE = 180.0
"""Seconds until a fleet has to be at rest; never a measure of speed."""

_STILL = 1.5
"""Seconds over which nothing may move: more than the slowest loop's pause."""

TABLES = """
SELECT schemaname AS schema, tablename AS name FROM pg_tables
WHERE schemaname = ANY($1::text[]) AND tablename NOT LIKE 'kit\\_%' ORDER BY 1, 2
"""
TIMERS = """
SELECT jsonb_build_array(subject, step, due_at, state)::text AS row FROM {schema}.kit_timer
ORDER BY 1
"""
POSITIONS = """
SELECT consumer, topic, partition, next_offset FROM {schema}.kit_position
"""
PENDING = "SELECT count(*) AS n FROM {schema}.kit_outbox"
UNMATCHED = "SELECT count(*) AS n FROM sbom_matcher.pending_match"
UNSENT = """
SELECT count(*) AS n FROM notification.delivery
WHERE state = 'queued' AND next_at <= clock_timestamp() + interval '2 seconds'
"""
UNTOLD = "SELECT count(*) AS n FROM deployment_tracker.coverage_due"
UNCHECKED = "SELECT count(*) AS n FROM notification.recheck"

Rows = dict[str, list[str]]
"""The rows of each table, as JSON text, sorted; tables are named `schema.table`."""


@dataclass(frozen=True, slots=True)
class Books:
    """The stores of one fleet, read as their administrator."""

    stack: Stack

    def ask(self, *queries: str) -> list[list[asyncpg.Record]]:
        """Give the rows of each query, all read over one connection."""

        async def read() -> list[list[asyncpg.Record]]:
            db = await asyncpg.connect(self.stack.postgres.admin_dsn)
            try:
                return [await db.fetch(each) for each in queries]
            finally:
                await db.close()

        with ThreadPoolExecutor(1) as pool:  # a thread of its own: the caller may have a loop
            return pool.submit(asyncio.run, read()).result()

    def tables(self) -> Rows:
        """Read every business table and what is armed; bookkeeping and audit left out."""
        quoted = ", ".join(f"'{schema(each)}'" for each in SERVICES)
        (named,) = self.ask(TABLES.replace("$1::text[]", f"ARRAY[{quoted}]"))
        names = [f"{each['schema']}.{each['name']}" for each in named]
        reading = [f"SELECT to_jsonb(t)::text AS row FROM {name} t ORDER BY 1" for name in names]
        timers = {f"{schema(each)}.kit_timer": _of(TIMERS, each) for each in SERVICES}
        found = self.ask(*reading, *timers.values())
        return {
            name: [row["row"] for row in rows]
            for name, rows in zip([*names, *timers], found, strict=True)
        }

    def ids(self) -> list[UUID]:
        """Give the id of every event in every topic of ours, as often as it is there."""
        own = [each.name for each in TOPICS.values() if set(each.written_by) & set(SERVICES)]
        return [
            UUID(dict(record)["ce_id"])
            for name in own
            for record in self._headers(name)
            if "ce_id" in dict(record)
        ]

    def _headers(self, name: str) -> Iterable[list[tuple[str, str]]]:
        for record in self.records(name):
            headers = record.headers() or []
            yield [
                (key, value.decode(errors="replace"))
                for key, value in headers
                if isinstance(value, bytes)
            ]

    def records(self, name: str) -> list[Any]:
        """Read every record that a topic holds now, partition by partition."""
        kafka = self.stack.kafka
        reader = Consumer({
            **kafka.client(kafka.admin_user), "group.id": "books", "enable.auto.commit": False,
            "enable.partition.eof": False, "log_level": 0,
        })  # fmt: skip
        topic = self.stack.topic_prefix + name
        try:
            left: dict[int, int] = {}
            for partition in range(TOPICS[name].partitions):
                low, high = reader.get_watermark_offsets(TopicPartition(topic, partition))
                if high > low:
                    left[partition] = high
            reader.assign([TopicPartition(topic, each, 0) for each in left])
            found: list[Any] = []
            while left:
                taken = reader.consume(1000, 0.1)
                found += [record for record in taken if record.error() is None]
                left = {
                    each: end
                    for each, end in left.items()
                    if reader.position([TopicPartition(topic, each)])[0].offset < end
                }
            return found
        finally:
            reader.close()

    def ends(self) -> dict[tuple[str, int], int]:
        """Give the end of every partition that holds or held a record."""
        kafka = self.stack.kafka
        reader = Consumer({**kafka.client(kafka.admin_user), "group.id": "books", "log_level": 0})
        try:
            found = {}
            for topic in TOPICS.values():
                for partition in range(topic.partitions):
                    place = TopicPartition(self.stack.topic_prefix + topic.name, partition)
                    _, high = reader.get_watermark_offsets(place)
                    if high:
                        found[topic.name, partition] = high
            return found
        finally:
            reader.close()

    def unread(self) -> list[str]:
        """Say which consumers have not come to the end of which partition."""
        ends = self.ends()
        positions = self.ask(*(_of(POSITIONS, each) for each in SERVICES))
        come = {
            (row["consumer"], row["topic"], row["partition"]): row["next_offset"]
            for rows in positions
            for row in rows
        }
        return [
            f"{intent.consumer}: {topic}-{partition} at "
            f"{come.get((intent.consumer, topic, partition))} of {end}"
            for intent in intents()
            for (topic, partition), end in ends.items()
            if topic in intent.topics and come.get((intent.consumer, topic, partition), 0) < end
        ]

    def waiting(self) -> list[str]:
        """Say what is not done yet: events to publish, versions to match, messages to send."""
        queries = {each: _of(PENDING, each) for each in SERVICES}
        queries |= {
            "matches": UNMATCHED, "deliveries": UNSENT, "coverage": UNTOLD, "rechecks": UNCHECKED,
        }  # fmt: skip
        found = self.ask(*queries.values())
        counts = {name: rows[0]["n"] for name, rows in zip(queries, found, strict=True)}
        return [f"{name}: {n} waiting" for name, n in counts.items() if n]

    def come_to_rest(self, patience: float = PATIENCE) -> Rows:
        """Wait until all is read, published, matched and sent and no table moves; give the tables.

        Raises:
            AssertionError: something still moved in the end; the message says what.
        """
        deadline = time.monotonic() + patience
        before: Rows = {}
        while True:
            moving = self.waiting() or self.unread()
            now = {} if moving else self.tables()
            if now and now == before:
                return now
            assert time.monotonic() < deadline, moving or different(before, now)
            before = now
            time.sleep(_STILL)


def intents() -> Iterator[Intent]:
    """Give what every consumer of the fleet has subscribed to."""
    for service in SERVICES:
        wired = import_module(f"services.{schema(service)}.app").SERVICE
        for each in wired.consumers:
            yield from each.intents


def different(before: Rows, after: Rows) -> dict[str, list[str]]:
    """Give, for each table that differs, the rows that went (-) and came (+)."""
    found: dict[str, list[str]] = {}
    for name in sorted({*before, *after}):
        old, new = before.get(name, []), after.get(name, [])
        if old != new:
            gone, come = sorted(set(old) - set(new)), sorted(set(new) - set(old))
            found[name] = [f"- {row}" for row in gone[:5]] + [f"+ {row}" for row in come[:5]]
    return found


def _of(query: str, service: str) -> str:
    return query.format(schema=schema(service))
