"""What the topic `coverage` is told is what is committed, and the same when it is told again."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.campaigns import CoverageForgotten, StopRules, WavePlan
from schemas.devices import DeviceState, Method
from services.deployment_tracker import publication
from services.deployment_tracker.domain.coverage import Cell
from services.deployment_tracker.domain.standing import Standing
from services.deployment_tracker.domain.waves import CampaignState
from services.deployment_tracker.rollout import Move, move
from services.deployment_tracker.store import campaigns as campaign_store
from services.deployment_tracker.store.campaigns import Campaign
from services.deployment_tracker.store.standings import Placed
from services.kit.blobs import open_blobs
from services.kit.database import open_pool
from services.kit.migration import migrate
from services.kit.settings import Settings
from services.kit.timers import Fired
from services.kit.unit import Unit, Units
from tests.neighbours import eventually
from tests.world import World

NOW = datetime.now(UTC)
RULES = StopRules(failure_percent=5, minimum_finished=5)
PLAN = WavePlan(wave=1, percent=100, devices=2)
OFFERED = Standing(DeviceState.OFFERED)
VERIFIED = Standing(DeviceState.VERIFIED, sequence=1)


@pytest.fixture
async def units(new_world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Units]:
    for name, value in new_world.environment("deployment-tracker").items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    pool = await open_pool(settings, "deployment-tracker")
    try:
        await migrate(pool, "deployment-tracker")
        opened = Units(pool, "deployment-tracker", open_blobs(settings.blob_url), lambda: None)
        await plan(opened)
        yield opened
    finally:
        await pool.close()


async def plan(units: Units) -> None:
    """Plan the campaign `c` over the devices `one` and `two`."""
    async with units.begin() as unit:
        await campaign_store.save_campaign(
            unit.db,
            Campaign(
                "c", "PV-2026-0001", "m", None, "pump", ("1.0",), "2.0", (PLAN,), RULES,
                CampaignState.PLANNED, "operations", NOW,
            ),
        )  # fmt: skip
        await move(unit, [Move(None, placed(name, OFFERED)) for name in ("one", "two")], None)


def placed(device: str, standing: Standing) -> Placed:
    cell = Cell("c", "pump", "1.0", "", "DE", Method.AUTOMATIC, 1)
    return Placed(device, cell, None, "2.0", standing)


async def verify(unit: Unit, device: str) -> None:
    await unit.lock("campaign", ["c"])
    await move(unit, [Move(OFFERED, placed(device, VERIFIED))], None)


async def publish(units: Units) -> None:
    async with units.begin() as unit:
        await publication.publish(unit)


async def told(units: Units) -> list[tuple[str, UUID, Any]]:
    """Give what the outbox holds: type, id and covered devices, None where a key ends."""
    async with units.pool.acquire() as db:
        rows = await db.fetch("SELECT type, id, value FROM kit_outbox ORDER BY seq")
    return [
        (row["type"], row["id"], json.loads(row["value"])["covered"] if row["value"] else None)
        for row in rows
    ]


async def test_a_count_that_is_committed_while_cells_are_published_is_not_missed(
    units: Units,
) -> None:
    async with units.begin() as unit:
        await verify(unit, "one")
        publishing = asyncio.create_task(publish(units))
        await eventually(lambda: waits(units))
    await publishing
    await publish(units)
    assert [covered for _, _, covered in await told(units)][-1] == 1


async def waits(units: Units) -> bool:
    """Tell whether a connection waits for another one's advisory lock."""
    async with units.pool.acquire() as db:
        return bool(
            await db.fetchval(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
            )
        )


DUE = Fired(UUID(int=7), "campaign/c", "coverage.forgotten", NOW, NOW, NOW)


async def end(units: Units) -> None:
    async with units.begin() as unit:
        await campaign_store.abort(unit.db, "c", NOW - timedelta(days=30))


async def forget(units: Units) -> None:
    async with units.begin() as unit:
        await publication.on_forgotten([DUE], unit)


async def test_forgetting_a_campaign_again_gives_the_same_record_and_twice_gives_none(
    units: Units,
) -> None:
    await end(units)
    async with units.begin() as unit:
        attempt = unit.db.transaction()
        await attempt.start()
        await publication.on_forgotten([DUE], unit)
        first = [each.id for each in unit.emitted]
        unit.emitted.clear()
        await attempt.rollback()  # as if the process had died here
    await forget(units)
    await forget(units)
    assert await told(units) == [(CoverageForgotten.TYPE, first[0], None)]


async def test_a_campaign_that_has_not_ended_is_not_forgotten(units: Units) -> None:
    await forget(units)
    assert await told(units) == []


async def test_what_is_still_to_be_told_of_a_forgotten_campaign_is_not_told_any_more(
    units: Units,
) -> None:
    await end(units)
    await forget(units)
    await publish(units)
    assert [kind for kind, _, _ in await told(units)] == [CoverageForgotten.TYPE]
