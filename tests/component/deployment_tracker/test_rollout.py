"""A campaign on real Kafka and PostgreSQL: gates, waves, reports, stop rules, coverage."""

import asyncio
import base64
from collections.abc import AsyncIterator

import httpx
import pytest

from schemas.campaigns import (
    CampaignCompleted,
    CoverageChanged,
    SafetyStopped,
    WaveCompleted,
    WaveHalted,
    WaveRequested,
    WaveStarted,
)
from schemas.devices import DeviceRetired, DeviceState
from services.deployment_tracker.app import app
from tests.component.deployment_tracker.stage import NOW, NUMBERS, Fleet, device, staged
from tests.neighbours import Neighbours, eventually, neighbours, serving
from tests.world import World


@pytest.fixture(scope="module")
async def service(world: World) -> AsyncIterator[tuple[httpx.AsyncClient, Neighbours]]:
    async with neighbours(world) as others, serving(app, world, "deployment-tracker") as client:
        yield client, others


@pytest.fixture
async def fleet(world: World, service: tuple[httpx.AsyncClient, Neighbours]) -> Fleet:
    client, others = service
    return await staged(client, others, world)


async def test_a_wave_starts_only_after_its_gates_have_answered(fleet: Fleet) -> None:
    campaign = await fleet.plan(100)
    answer = await fleet.post(f"/v1/campaigns/{campaign}/waves/1/start", {})
    request = answer.json()["request"]
    asked = await fleet.others.event(WaveRequested, campaign=campaign)
    assert asked.request == request
    found = await fleet.get(f"/v1/campaigns/{campaign}/coverage")
    assert found["overall"]["states"] == {"not_offered": 30}
    await fleet.answer(campaign, 1, request, passed=True)
    started = await fleet.others.event(WaveStarted, campaign=campaign)
    assert started.devices == 30


async def test_a_wave_without_a_gate_is_refused_with_the_reason(fleet: Fleet) -> None:
    campaign = await fleet.plan(100)
    await fleet.start(campaign, passed=False)

    async def refused() -> object:
        (wave,) = (await fleet.get(f"/v1/campaigns/{campaign}"))["waves"]
        return wave if wave["gates"] else None

    wave = await eventually(refused)
    assert wave["state"] == "planned"
    assert wave["gates"][0]["reason"] == "no risk file on record"


async def test_a_later_wave_waits_for_the_one_before(fleet: Fleet) -> None:
    campaign = await fleet.plan(10, 100)
    answer = await fleet.post(f"/v1/campaigns/{campaign}/waves/2/start", {})
    assert answer.status_code == 409
    assert "wave 1 comes first" in answer.json()["detail"]


async def test_only_verified_devices_are_covered_and_complete_the_campaign(fleet: Fleet) -> None:
    campaign = await fleet.plan(100)
    await fleet.start(campaign)
    for name in fleet.devices:
        await fleet.report(campaign, name, DeviceState.INSTALLED_UNCONFIRMED, 1)

    async def installed() -> bool:
        found = await fleet.get(f"/v1/campaigns/{campaign}/coverage")
        return bool(found["overall"]["states"] == {"installed_unconfirmed": 30})

    await eventually(installed)
    assert await fleet.covered(campaign) == 0
    for name in fleet.devices:
        await fleet.report(campaign, name, DeviceState.VERIFIED, 2)
    await fleet.others.event(WaveCompleted, campaign=campaign)
    await fleet.others.event(CampaignCompleted, campaign=campaign)
    assert await fleet.covered(campaign) == 30
    cell = await fleet.others.event(CoverageChanged, campaign=campaign, covered=30)
    assert cell.total == 30


async def test_failures_over_the_limit_halt_the_wave_and_a_person_resumes_it(fleet: Fleet) -> None:
    campaign = await fleet.plan(100)
    await fleet.start(campaign)
    for name in fleet.devices[:4]:
        await fleet.report(campaign, name, DeviceState.VERIFIED, 1)
    await fleet.report(campaign, fleet.devices[4], DeviceState.FAILED, 1)
    halted = await fleet.others.event(WaveHalted, campaign=campaign)
    assert halted.rule == "failure_rate"
    assert "1 of 5 finished attempts failed" in halted.because
    answer = await fleet.post(
        f"/v1/campaigns/{campaign}/waves/1/resume", {"reason": "one unit had a flat battery"}
    )
    assert answer.status_code == 202
    await fleet.answer(campaign, 1, answer.json()["request"], passed=True)

    async def running() -> bool:
        (wave,) = (await fleet.get(f"/v1/campaigns/{campaign}"))["waves"]
        return bool(wave["state"] == "started")

    assert await eventually(running)


async def test_one_safety_event_halts_every_wave_of_the_product(fleet: Fleet) -> None:
    first = await fleet.plan(100)
    second = await fleet.plan(100)
    await fleet.start(first)
    await fleet.start(second)
    await fleet.report(first, fleet.devices[0], DeviceState.SAFETY_EVENT, 1)
    stopped = await fleet.others.event(SafetyStopped, campaign=first)
    assert stopped.device == fleet.devices[0]
    for campaign in (first, second):
        assert (await fleet.others.event(WaveHalted, campaign=campaign)).rule == "safety_event"
    answer = await fleet.post(f"/v1/campaigns/{first}/waves/1/resume", {"reason": "let us go on"})
    assert answer.status_code == 403


async def test_a_revoked_gate_halts_a_running_wave(fleet: Fleet) -> None:
    campaign = await fleet.plan(100)
    await fleet.start(campaign)
    request = (await fleet.others.event(WaveStarted, campaign=campaign)).request
    await fleet.answer(campaign, 1, request, passed=False)
    halted = await fleet.others.event(WaveHalted, campaign=campaign)
    assert halted.rule == "gate_revoked"
    assert "risk_file" in halted.because


async def test_doubles_and_reordering_change_nothing_and_the_recount_agrees(fleet: Fleet) -> None:
    campaign = await fleet.plan(100)
    await fleet.start(campaign)
    for name in fleet.devices:
        await fleet.report(campaign, name, DeviceState.VERIFIED, 3)
        await fleet.report(campaign, name, DeviceState.VERIFIED, 3)
        await fleet.report(campaign, name, DeviceState.DOWNLOADING, 1)
    await fleet.others.event(CampaignCompleted, campaign=campaign)
    assert await fleet.covered(campaign) == 30
    found = await fleet.get("/v1/reconcile", "admin")
    assert found["differences"] == []


async def test_a_device_that_appears_or_retires_during_a_campaign_is_counted_so(
    fleet: Fleet,
) -> None:
    campaign = await fleet.plan(100)
    await fleet.start(campaign)
    new = f"{fleet.product}-new"
    await fleet.others.publish(device(fleet.product, new))
    gone = device(fleet.product, fleet.devices[0])
    await fleet.others.publish(DeviceRetired(last=gone, retired_at=NOW))

    async def settled() -> bool:
        found = await fleet.get(f"/v1/campaigns/{campaign}/coverage")
        return bool(found["overall"]["states"] == {"offered": 30, "retired": 1})

    await eventually(settled)


async def test_devices_and_campaigns_that_arrive_together_never_miss_each_other(
    fleet: Fleet,
) -> None:
    names = [f"{fleet.product}-race-{n}" for n in range(300)]
    publishing = asyncio.gather(
        *(fleet.others.publish(device(fleet.product, name)) for name in names)
    )
    campaigns = [await fleet.plan(100) for _ in range(10)]
    await publishing

    async def met() -> bool:
        totals = [
            (await fleet.get(f"/v1/campaigns/{name}/coverage"))["overall"]["total"]
            for name in campaigns
        ]
        return set(totals) == {330}

    assert await eventually(met)
    assert (await fleet.get("/v1/reconcile", "admin"))["differences"] == []


async def test_a_report_of_an_unknown_device_is_quarantined_and_the_others_count(
    fleet: Fleet,
) -> None:
    campaign = await fleet.plan(100)
    await fleet.start(campaign)
    await fleet.report(campaign, "never-seen", DeviceState.VERIFIED, 1)
    await fleet.others.send("device-reports", b"\xff not json", "bad")
    await fleet.report(campaign, fleet.devices[0], DeviceState.VERIFIED, 1)

    async def counted() -> bool:
        return await fleet.covered(campaign) == 1

    await eventually(counted)

    async def kept() -> object:
        found = await fleet.get("/v1/quarantine", "admin")
        return found["items"] if "never-seen" in str(found) else None

    items = await eventually(kept)
    assert "submit a device file" in str(items)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"product": "nothing"}, "/product"),
        ({"measure": "nothing"}, "/measure"),
        ({"release": "nothing"}, "/release"),
        ({"case": "PV-2026-9999"}, "/case"),
    ],
)
async def test_a_campaign_that_names_what_does_not_exist_is_refused_at_that_field(
    fleet: Fleet, change: dict[str, object], pointer: str
) -> None:
    body = {
        "campaign": f"bad-{next(NUMBERS)}", "case": "PV-2026-0001", "measure": fleet.measure,
        "product": fleet.product, "from_versions": ["1.0"], "target_version": "2.0",
        "waves": [{"percent": 100}], **change,
    }  # fmt: skip
    answer = await fleet.post("/v1/campaigns", body)
    assert answer.status_code == 422
    assert answer.json()["pointer"] == pointer
    assert answer.json()["mend"]


async def test_a_release_with_a_signature_that_does_not_hold_is_refused(fleet: Fleet) -> None:
    body = {
        "release": "r-1", "product": fleet.product, "version": "2.0", "digest": "0" * 64,
        "signature": base64.b64encode(b"0" * 64).decode(), "signed_by": "integration",
    }  # fmt: skip
    answer = await fleet.post("/v1/releases", body)
    assert answer.status_code == 422
    assert answer.json()["pointer"] == "/signature"


async def test_a_release_that_nobody_published_is_named_and_leads_to_the_list(
    fleet: Fleet,
) -> None:
    answer = await fleet.client.get("/v1/releases/none", headers=fleet.world.headers("operations"))
    assert answer.status_code == 404
    assert "GET /v1/releases" in answer.json()["mend"]
    assert (await fleet.get(f"/v1/releases?product={fleet.product}"))["items"] == []


async def test_a_person_without_the_role_cannot_plan_or_start(fleet: Fleet) -> None:
    campaign = await fleet.plan(100)
    answer = await fleet.post(f"/v1/campaigns/{campaign}/waves/1/start", {}, who="psirt")
    assert answer.status_code == 403


async def test_what_a_device_runs_is_what_it_attested_last_else_what_is_registered(
    fleet: Fleet,
) -> None:
    name = fleet.devices[0]
    before = await fleet.get(f"/v1/devices/{name}")
    assert (before["version"], before["registered"], before["attested"]) == ("1.0", "1.0", None)
    campaign = await fleet.plan(100)
    await fleet.start(campaign)
    await fleet.report(campaign, name, DeviceState.VERIFIED, 1)

    async def attested() -> bool:
        return bool((await fleet.get(f"/v1/devices/{name}"))["attested"])

    await eventually(attested)
    found = await fleet.get(f"/v1/devices/{name}")
    assert (found["version"], found["registered"], found["attested"]) == ("2.0", "1.0", "2.0")
    assert (found["product"], found["campaign"]) == (fleet.product, campaign)
    absent = await fleet.client.get("/v1/devices/none", headers=fleet.world.headers("operations"))
    assert absent.status_code == 404
