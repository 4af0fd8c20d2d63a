"""Every subscriber of every service is safe: FastStream's own defaults lose records."""

import importlib
import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from faststream import AckPolicy

from schemas.topics import SERVICES
from services.kit import clock
from services.kit.broker import make_broker
from services.kit.consume import BULK_RECORDS, Consumer
from services.kit.records import Batch, RawRecord
from services.kit.settings import Settings
from services.kit.unit import Unit, Units
from tests.component.kit.node import Counted, Tallied

SOURCES = Path(__file__).parents[3] / "services"


def consumers() -> list[Consumer]:
    """Give every service's consumers, and one of each kind that the kit can make."""
    sample = Consumer("triage")

    @sample.on(Counted)
    async def _(batch: Batch, unit: Unit) -> None: ...

    @sample.on(Counted, Tallied, name="both", lanes=("urgent",))
    async def _(batch: Batch, unit: Unit) -> None: ...

    @sample.raw("submissions", "submissions.bulk")
    async def _(records: list[RawRecord], unit: Unit) -> None: ...

    found = [sample]
    for service in SERVICES:
        module = f"services.{service.replace('-', '_')}.app"
        if importlib.util.find_spec(module):
            found.extend(importlib.import_module(module).SERVICE.consumers)
    return found


def test_every_subscriber_acknowledges_by_hand_from_the_earliest_in_batches() -> None:
    settings = Settings(topic_prefix="p.")
    units = Units(cast("Any", None), "triage", cast("Any", None), lambda: None)
    for consumer in consumers():
        broker = make_broker(settings, consumer.service)
        running = consumer.attach(broker, units, settings)
        subscribers = cast("list[Any]", broker.subscribers)
        assert len(subscribers) == len(running) == len(consumer.intents)
        by_group = {subscriber.group_id: subscriber for subscriber in subscribers}
        for intent in consumer.intents:
            subscriber = by_group[f"p.{intent.consumer}"]
            arguments = subscriber._connection_args
            assert subscriber.ack_policy is AckPolicy.MANUAL
            assert arguments["auto_offset_reset"] == "earliest"
            assert arguments["enable_auto_commit"] is False
            assert arguments["session_timeout_ms"] == 30_000
            assert arguments["heartbeat_interval_ms"] == 5_000
            assert subscriber.topic_names == [f"p.{topic}" for topic in intent.topics]
            assert type(subscriber).__name__ == "BatchSubscriber"
            assert arguments["fetch_max_wait_ms"] == (3_000 if intent.patient else 500)
            assert subscriber.max_records <= (BULK_RECORDS if intent.bulk else 500)
        assert broker.config.broker_config.allow_auto_create_topics is False


class _Client:
    """What a consumer asks for records: it tells how long it was left alone before each answer."""

    def __init__(self, *sizes: int) -> None:
        self.sizes = list(sizes)
        self.asked: list[float] = []

    async def getmany(self, *, timeout_ms: int, max_records: int) -> dict[str, list[int]]:
        assert timeout_ms >= 1_000, "an idle consumer must not spin"
        self.asked.append(clock.elapsed())
        return {"p": [0] * min(self.sizes.pop(0), max_records)}


@pytest.mark.parametrize(("linger", "rests"), [(0.0, [False] * 3), (0.2, [False, True, False])])
async def test_a_consumer_rests_only_after_a_batch_that_was_not_full(
    linger: float, rests: list[bool]
) -> None:
    consumer = Consumer("triage")

    async def handle(batch: Batch, unit: Unit) -> None: ...

    consumer.on(Counted, lanes=("urgent",), max_records=5, linger=linger)(handle)
    settings = Settings()
    broker = make_broker(settings, "triage")
    units = Units(cast("Any", None), "triage", cast("Any", None), lambda: None)
    (running,) = consumer.attach(broker, units, settings)
    client = _Client(5, 3, 0, 1)
    found = [await running.subscriber.get_msg(cast("Any", client)) for _ in range(4)]
    assert [len(records) for records in found] == [5, 3, 0, 1]
    gaps = [later - earlier for earlier, later in pairwise(client.asked)]
    assert [gap > 0.1 for gap in gaps] == rests


def test_a_stream_with_a_bulk_lane_has_a_consumer_for_each() -> None:
    sample = consumers()[0]
    assert [(each.consumer, each.topics, each.bulk) for each in sample.intents] == [
        ("triage.findings", ("findings",), False),
        ("triage.findings.bulk", ("findings.bulk",), True),
        ("triage.both", ("cases", "findings"), False),
        ("triage.submissions", ("submissions",), False),
        ("triage.submissions.bulk", ("submissions.bulk",), True),
    ]


def test_events_of_several_streams_need_a_name_and_names_are_unique() -> None:
    consumer = Consumer("triage")
    with pytest.raises(ValueError, match="need one name"):
        consumer.on(Counted, Tallied)

    async def handle(batch: Batch, unit: Unit) -> None: ...

    consumer.on(Counted, lanes=("urgent",))(handle)
    with pytest.raises(ValueError, match=r"two handlers are called triage\.findings"):
        consumer.on(Counted, lanes=("urgent",))(handle)


@pytest.mark.parametrize(
    "banned",
    [r"publish_batch", r"@\w+\.publisher\b", r"max_workers", r"NACK_ON_ERROR", r"ACK_FIRST"],
)
def test_what_loses_or_reorders_records_is_not_used(banned: str) -> None:
    for path in SOURCES.rglob("*.py"):
        assert not re.search(banned, path.read_text()), path


def test_inbound_days_outside_the_window_share_one_partition() -> None:
    from services.kit import clock  # noqa: PLC0415
    from services.kit.inbox import Inbox  # noqa: PLC0415

    inbox = Inbox(cast("Any", None), "triage", timedelta(days=97))
    present = clock.now()
    assert inbox.day(present) == present.date()
    rest = inbox.day(present - timedelta(days=400))
    assert rest == inbox.day(present + timedelta(days=400))
    assert rest.year == 1970
