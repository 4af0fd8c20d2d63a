"""Every subscriber of every service is safe: FastStream's own defaults lose records."""

import importlib
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from faststream import AckPolicy

from schemas.topics import SERVICES
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
            assert arguments["fetch_max_wait_ms"] == (int(intent.linger * 1_000) or 500)
            assert arguments.get("fetch_min_bytes", 1) == (512 * 1024 if intent.linger else 1)
            assert subscriber.max_records <= (BULK_RECORDS if intent.bulk else 500)
        assert broker.config.broker_config.allow_auto_create_topics is False


class _Client:
    """What a consumer asks for records: an idle consumer must leave it alone for long."""

    async def getmany(self, *, timeout_ms: int, max_records: int) -> dict[str, list[int]]:
        assert timeout_ms >= 1_000
        return {"p": [1] * max_records, "q": [2]}


async def test_an_idle_consumer_waits_to_be_woken_and_does_not_look_again_and_again() -> None:
    broker = make_broker(Settings(), "triage")
    units = Units(cast("Any", None), "triage", cast("Any", None), lambda: None)
    running = consumers()[0].attach(broker, units, Settings())[0]
    most = running.lane.intent.max_records
    found = await running.subscriber.get_msg(cast("Any", _Client()))
    assert found == (*[1] * most, 2)


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
