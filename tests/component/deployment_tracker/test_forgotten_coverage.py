"""The topic `coverage` forgets a campaign 30 days after it ended; PostgreSQL does not."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest

from schemas.campaigns import CampaignAborted, CampaignCompleted, CoverageChanged, CoverageForgotten
from schemas.devices import DeviceReported, DeviceState
from services.deployment_tracker.app import app
from tests.component.deployment_tracker.stage import NOW, Fleet, staged
from tests.neighbours import Neighbours, eventually, neighbours, read_all, serving
from tests.world import World

THIRTY_DAYS_IN_TWO_SECONDS = 30 * 24 * 3600 / 2


@pytest.fixture(scope="module")
async def service(world: World) -> AsyncIterator[tuple[httpx.AsyncClient, Neighbours]]:
    hasty = {
        "PATCHVIGIL_SANDBOX": "true",
        "PATCHVIGIL_TIME_COMPRESSION": str(THIRTY_DAYS_IN_TWO_SECONDS),
    }
    async with (
        neighbours(world) as others,
        serving(app, world, "deployment-tracker", **hasty) as client,
    ):
        yield client, others


@pytest.fixture
async def fleet(world: World, service: tuple[httpx.AsyncClient, Neighbours]) -> Fleet:
    client, others = service
    return await staged(client, others, world)


async def told(fleet: Fleet, campaign: str) -> dict[str, list[Any]]:
    """Give the records of a campaign's cells by key, each in its order."""
    found: dict[str, list[Any]] = {}
    for record in await read_all(fleet.world, ["coverage"]):
        if record.key.decode().startswith(f"{campaign}/"):
            found.setdefault(record.key.decode(), []).append(record)
    return found


def kinds(records: Sequence[Any]) -> list[str]:
    return [dict(record.headers)["ce_type"].decode() for record in records]


async def forgotten(fleet: Fleet, campaign: str, times: int = 1) -> dict[str, list[Any]]:
    """Wait until every cell of a campaign has ended so many times, and give its records."""

    async def ended() -> dict[str, list[Any]] | None:
        cells = await told(fleet, campaign)
        done = [kinds(each).count(CoverageForgotten.TYPE) == times for each in cells.values()]
        return cells if done and all(done) else None

    found: dict[str, list[Any]] = await eventually(ended)
    return found


async def completed(fleet: Fleet) -> str:
    """Run a campaign of two waves, so of two cells, to its end."""
    campaign = await fleet.plan(50, 100)
    for wave in (1, 2):
        await fleet.start(campaign, wave)
        for name in fleet.devices:
            await fleet.report(campaign, name, DeviceState.VERIFIED, wave)
    await fleet.others.event(CampaignCompleted, campaign=campaign)
    return campaign


async def test_the_cells_of_a_completed_campaign_end_and_its_counts_stay(fleet: Fleet) -> None:
    campaign = await completed(fleet)
    cells = await forgotten(fleet, campaign)
    assert len(cells) == 2
    for records in cells.values():
        *before, last = records
        assert set(kinds(before)) == {CoverageChanged.TYPE}
        assert last.value is None
        headers = {name: value.decode() for name, value in last.headers}
        assert headers["ce_type"] == "coverage.forgotten.v1"
        assert headers["ce_source"] == "deployment-tracker"
        assert headers["ce_case"] == "PV-2026-0001"
        assert int(headers["ce_revision"]) == len(records)
    assert await fleet.covered(campaign) == 30
    assert (await fleet.get("/v1/reconcile", "admin"))["differences"] == []


async def test_the_cells_of_an_aborted_campaign_end_too(fleet: Fleet) -> None:
    campaign = await fleet.plan(100)
    await fleet.post(f"/v1/campaigns/{campaign}/abort", {"reason": "another measure is better"})
    await fleet.others.event(CampaignAborted, campaign=campaign)
    (records,) = (await forgotten(fleet, campaign)).values()
    assert records[-1].value is None
    found = await fleet.get(f"/v1/campaigns/{campaign}/coverage")
    assert found["overall"]["states"] == {"not_offered": 30}
    assert (await fleet.get(f"/v1/campaigns/{campaign}"))["ended_at"]


async def test_a_report_that_comes_later_brings_every_cell_back_until_30_days_after_it(
    fleet: Fleet,
) -> None:
    campaign = await completed(fleet)
    before = await forgotten(fleet, campaign)
    regressed = DeviceReported(
        device=fleet.devices[0], sequence=9, state=DeviceState.VERIFIED, version="1.0",
        evidence="remote_scan", reported_at=NOW,
    )  # fmt: skip
    await fleet.others.send(
        "device-reports", regressed.model_dump_json().encode(), fleet.devices[0]
    )
    after = await forgotten(fleet, campaign, times=2)
    assert after.keys() == before.keys()
    counted = [CoverageChanged.model_validate_json(records[-2].value) for records in after.values()]
    assert sum(each.total for each in counted) == 30
    assert sum(each.covered for each in counted) == 29
    for key, records in after.items():
        assert kinds(records[len(before[key]) :]) == [CoverageChanged.TYPE, CoverageForgotten.TYPE]
    assert await fleet.covered(campaign) == 29
