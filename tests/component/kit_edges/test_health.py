"""Readiness says which part is broken; metrics mirror the tables; the standard calls answer."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.kit.actors import PrincipalsError
from services.kit.app import build
from services.kit.records import Batch, Faulty
from services.kit.settings import Settings
from services.kit.unit import Unit
from tests.component.kit_edges.conftest import Client, Starting
from tests.component.kit_edges.ledger import ledger
from tests.world import World

pytestmark = pytest.mark.stack


async def until(found: Callable[[], Awaitable[Any]], patience: float = 20) -> Any:
    """Wait until something is found, and give it.

    Raises:
        AssertionError: it did not come.
    """
    last = asyncio.get_running_loop().time() + patience
    while not (value := await found()):
        assert asyncio.get_running_loop().time() < last, "it did not come"
        await asyncio.sleep(0.05)
    return value


async def checks(client: Client) -> dict[str, str]:
    found: dict[str, str] = (await client.get("/health/ready")).json()["checks"]
    return found


async def metric(client: Client, name: str) -> float:
    text = (await client.get("/metrics")).text
    lines = (line.split() for line in text.splitlines())
    return next(float(words[1]) for words in lines if words[0] == name)


async def test_a_started_service_is_ready_and_says_what_it_checked(start: Starting) -> None:
    async def on_batch(batch: Batch, unit: Unit) -> None: ...

    async with start(ledger(on_batch)) as client:
        answer = await client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "pid": os.getpid(),
        "checks": dict.fromkeys(
            ("postgres", "consumers", "kafka", "relay", "audit sealer", "housekeeping", "timers"),
            "ok",
        ),
    }


async def test_a_stopped_consumer_turns_readiness_false_but_not_life(start: Starting) -> None:
    async def on_batch(_batch: Batch, _unit: Unit) -> None:
        raise ArithmeticError("nobody declared this")

    async with start(ledger(on_batch)) as client:
        await client.post("/v1/notes", json={"id": "poison", "text": "x"})

        async def not_ready() -> bool:
            return (await client.get("/health/ready")).status_code == 503

        await until(not_ready)
        found = await checks(client)
        alive = await client.get("/health/live")
        metrics = (await client.get("/metrics")).text
    assert "triage.ledger: " in found["consumers"]
    assert found["postgres"] == "ok"
    assert alive.status_code == 200
    assert 'consumer_stopped{consumer="triage.ledger"} 1.0' in metrics


async def test_a_task_that_ends_by_itself_turns_readiness_false(start: Starting) -> None:
    async with start(ledger()) as client:

        async def break_down() -> None:
            raise ArithmeticError("nobody declared this")

        async with client.context.health.beside("fragile", break_down):
            await asyncio.sleep(0.05)
            assert (await checks(client))["fragile"] == "has stopped"


async def test_without_postgresql_the_service_is_not_ready_and_metrics_still_answer(
    start: Starting,
) -> None:
    async with start(ledger()) as client:
        client.context.pool.terminate()
        ready, metrics = await client.get("/health/ready"), await client.get("/metrics")
        live = await client.get("/health/live")
    assert ready.status_code == 503
    assert "does not answer" in ready.json()["checks"]["postgres"]
    assert (metrics.status_code, live.status_code) == (200, 200)


async def test_gauges_mirror_the_tables(start: Starting, world: World) -> None:
    async with start(ledger()) as client:
        pool = client.context.pool
        await pool.execute(
            "INSERT INTO kit_timer (id, subject, step, due_at, fire_at, retry_at) "
            "VALUES (gen_random_uuid(), 'x', 'y', now(), now() - interval '90 s', now() + "
            "interval '1 h'), (gen_random_uuid(), 'x', 'z', now(), now() + interval '1 h', NULL)"
        )
        overdue, armed = (
            await metric(client, "alarm_overdue_seconds"),
            await metric(client, "timers_armed"),
        )
        state = (await client.get("/v1/timers", headers=world.headers("auditor"))).json()
        await pool.execute("DELETE FROM kit_timer")
    assert overdue == pytest.approx(90, abs=5)
    assert armed == 2
    assert (state["armed"], state["overdue"]) == (2, 1)
    assert [late["step"] for late in state["oldest_overdue"]] == ["y"]


async def test_the_outbox_is_shown_and_empties(start: Starting) -> None:
    async with start(ledger()) as client:
        await client.post("/v1/notes", json={"id": "outgoing", "text": "x"})

        async def empty() -> bool:
            return bool((await client.get("/v1/outbox")).json()["pending"] == 0)

        await until(empty)
        assert await metric(client, "outbox_pending") == 0


async def test_a_reminder_fires_and_its_event_is_published(start: Starting) -> None:
    got: list[str] = []

    async def on_batch(batch: Batch, _unit: Unit) -> None:
        got.extend(f"{each.type} {each.key}" for each in batch)

    async with start(ledger(on_batch)) as client:
        remind_at = datetime.now(UTC) + timedelta(seconds=0.5)
        await client.post(
            "/v1/notes", json={"id": "r-1", "text": "x", "remind_at": remind_at.isoformat()}
        )

        async def both() -> bool:
            return {"case.opened.v1 r-1", "case.reopened.v1 r-1"} <= set(got)

        await until(both)


async def test_the_quarantine_is_listed_shown_replayed_and_dropped_by_an_admin(
    start: Starting, world: World
) -> None:
    mended = False

    async def on_batch(batch: Batch, _unit: Unit) -> None:
        if not mended and any(each.key.startswith("faulty") for each in batch):
            raise Faulty("cannot take it", "/title", "rename it")

    admin = world.headers("admin")
    async with start(ledger(on_batch)) as client:
        for name in ("faulty-1", "faulty-2"):
            await client.post("/v1/notes", json={"id": name, "text": "x"})

        async def listed() -> list[dict[str, Any]] | None:
            items = (await client.get("/v1/quarantine", headers=admin)).json()["items"]
            return items if len(items) == 2 else None

        first, second = await until(listed)
        assert (first["reason"], first["field"], first["mend"]) == (
            "cannot take it", "/title", "rename it",
        )  # fmt: skip
        path = f"/v1/quarantine/{first['id']}"
        assert (await client.get(path, headers=admin)).json() == first
        assert (await client.get(path)).status_code == 403
        assert (await client.get("/v1/quarantine")).status_code == 403
        why = {"reason": "mended the handler"}
        assert (await client.post(f"{path}/replay", json=why)).status_code == 403
        assert (await client.post(f"{path}/replay", json={}, headers=admin)).status_code == 422
        mended = True
        replayed = await client.post(f"{path}/replay", json=why, headers=admin)
        again = await client.post(f"{path}/replay", json=why, headers=admin)
        dropped = await client.post(
            f"/v1/quarantine/{second['id']}/drop", json={"reason": "a test's"}, headers=admin
        )
        missing = await client.get(f"/v1/quarantine/{world_id()}", headers=admin)
        left = (await client.get("/v1/quarantine", headers=admin)).json()["items"]
        kept = await client.get("/v1/quarantine", params={"settled": True}, headers=admin)
        rows = await client.context.pool.fetch(
            "SELECT actor, action, reason FROM kit_audit "
            "WHERE action LIKE 'quarantine.%' ORDER BY seq"
        )
    assert (replayed.json()["state"], dropped.json()["state"]) == ("replayed", "dropped")
    assert (again.status_code, missing.status_code) == (409, 404)
    assert left == []
    assert len(kept.json()["items"]) == 2
    assert [tuple(row) for row in rows] == [
        ("admin", "quarantine.replay", "mended the handler"),
        ("admin", "quarantine.drop", "a test's"),
    ]


def world_id() -> str:
    return "01900000-0000-7000-8000-000000000000"


async def test_a_service_without_its_principals_file_does_not_start(settings: Settings) -> None:
    bare = settings.model_copy(update={"principals_file": None})
    app = build(ledger(), bare)
    with pytest.raises(PrincipalsError, match="PRINCIPALS_FILE is not set"):
        async with app.router.lifespan_context(app):
            pass
