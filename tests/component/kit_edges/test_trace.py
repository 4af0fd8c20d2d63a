"""One trace goes from a call through the outbox, Kafka, a handler and a timer to what follows."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.kit.records import Batch
from services.kit.unit import Unit
from tests.component.kit_edges.conftest import Starting
from tests.component.kit_edges.ledger import ledger

pytestmark = pytest.mark.stack

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


async def test_a_trace_goes_on_across_outbox_kafka_and_timer(start: Starting) -> None:
    seen: dict[str, str | None] = {}
    done = asyncio.Event()

    async def on_batch(batch: Batch, _unit: Unit) -> None:
        seen.update({f"{each.type} {each.key}": each.traceparent for each in batch})
        if "case.reopened.v1 traced" in seen:
            done.set()

    async with start(ledger(on_batch)) as client:
        remind_at = (datetime.now(UTC) + timedelta(seconds=0.3)).isoformat()
        for name, headers in (("traced", {"traceparent": PARENT}), ("alone", {})):
            body = {"id": name, "text": "x", "remind_at": remind_at}
            answer = await client.post("/v1/notes", json=body, headers=headers)
            assert answer.status_code == 201
        async with asyncio.timeout(20):
            await done.wait()
        stored = await client.context.pool.fetchval(
            "SELECT traceparent FROM kit_timer WHERE subject = 'traced'"
        )
    opened, reopened = seen["case.opened.v1 traced"], seen["case.reopened.v1 traced"]
    assert opened is not None
    assert reopened is not None
    assert opened.split("-")[1] == reopened.split("-")[1] == stored.split("-")[1] == TRACE
    other = seen["case.opened.v1 alone"]
    assert other is not None
    assert other.split("-")[1] != TRACE


async def test_a_problem_quotes_the_trace_of_its_call(start: Starting) -> None:
    async with start(ledger()) as client:
        answer = await client.get("/nowhere", headers={"traceparent": PARENT})
    assert answer.json()["trace"] == TRACE
