"""A product with devices and a measure, on a deployment-tracker that a test module runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx

from schemas.campaigns import WaveStarted
from schemas.cases import (
    Category,
    GateAnswer,
    GateEvaluated,
    GateVerdict,
    Measure,
    MeasureApproved,
    MeasureKind,
)
from schemas.catalogue import ProductRegistered
from schemas.devices import DeviceRegistered, DeviceReported, DeviceState, Method
from tests.neighbours import Neighbours, eventually
from tests.world import World

NOW = datetime.now(UTC)
NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Fleet:
    """One product with devices, a measure for it, the service's client and its neighbours."""

    product: str
    devices: tuple[str, ...]
    client: httpx.AsyncClient
    others: Neighbours
    world: World

    @property
    def measure(self) -> str:
        return f"m-{self.product}"

    async def post(
        self, path: str, body: Mapping[str, object], who: str = "operations"
    ) -> httpx.Response:
        return await self.client.post(path, json=body, headers=self.world.headers(who))

    async def get(self, path: str, who: str = "operations") -> dict[str, Any]:
        answer = await self.client.get(path, headers=self.world.headers(who))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def plan(self, *percents: float, **more: object) -> str:
        name = f"c-{self.product}-{next(NUMBERS)}"
        body = {
            "campaign": name, "case": "PV-2026-0001", "measure": self.measure,
            "product": self.product, "from_versions": ["1.0"], "target_version": "2.0",
            "waves": [{"percent": percent} for percent in percents],
            "stop_rules": {"failure_percent": 10, "minimum_finished": 5}, **more,
        }  # fmt: skip
        answer = await self.post("/v1/campaigns", body)
        assert answer.status_code == 201, answer.text
        return name

    async def start(self, campaign: str, wave: int = 1, *, passed: bool = True) -> None:
        answer = await self.post(f"/v1/campaigns/{campaign}/waves/{wave}/start", {})
        assert answer.status_code == 202, answer.text
        await self.answer(campaign, wave, answer.json()["request"], passed=passed)
        if passed:
            await self.others.event(WaveStarted, campaign=campaign, wave=wave)

    async def answer(self, campaign: str, wave: int, request: str, *, passed: bool) -> None:
        verdict = GateVerdict.PASSED if passed else GateVerdict.MISSING
        gate = GateAnswer(gate="risk_file", verdict=verdict, reason="no risk file on record")
        await self.others.publish(
            GateEvaluated(
                case="PV-2026-0001", campaign=campaign, wave=wave, request=request, passed=passed,
                answers=(gate,), valid_until=NOW + timedelta(days=1), evaluated_at=NOW,
            )
        )  # fmt: skip

    async def report(self, campaign: str, device: str, state: DeviceState, sequence: int) -> None:
        proven = state is DeviceState.VERIFIED
        report = DeviceReported(
            device=device, campaign=campaign, sequence=sequence, state=state,
            version="2.0" if proven else None,
            evidence="device_attestation" if proven else None, reported_at=NOW,
        )  # fmt: skip
        await self.others.send("device-reports", report.model_dump_json().encode(), device)

    async def covered(self, campaign: str) -> int:
        found = await self.get(f"/v1/campaigns/{campaign}/coverage")
        return int(found["overall"]["covered"])


async def staged(client: httpx.AsyncClient, others: Neighbours, world: World) -> Fleet:
    """Register a new product with 30 devices and a measure, and wait until they are known."""
    product = f"pump-{next(NUMBERS)}"
    devices = tuple(f"{product}-{n:03}" for n in range(30))
    await others.publish(
        ProductRegistered(product=product, name="Pump", entity="e", registered_at=NOW)
    )
    await others.publish(*[device(product, name) for name in devices])
    measure = Measure(
        measure=f"m-{product}", kind=MeasureKind.PATCH, category=Category.A, title="Patch",
        products=(product,), planned_by="psirt", planned_at=NOW, approved_at=NOW,
    )  # fmt: skip
    await others.publish(MeasureApproved(case="PV-2026-0001", measure=measure))
    made = Fleet(product, devices, client, others, world)
    await eventually(lambda: _known(made))
    return made


def device(product: str, name: str, version: str = "1.0") -> DeviceRegistered:
    return DeviceRegistered(
        device=name, product=product, version=version, market="DE",
        method=Method.AUTOMATIC, registered_at=NOW,
    )  # fmt: skip


async def _known(fleet: Fleet) -> bool:
    """Plan and abort a probe until it sees the product, the measure and all devices."""
    try:
        probe = await fleet.plan(100)
    except AssertionError:
        return False
    found = await fleet.get(f"/v1/campaigns/{probe}")
    await fleet.post(f"/v1/campaigns/{probe}/abort", {"reason": "probe"})
    return sum(int(wave["devices"]) for wave in found["waves"]) == len(fleet.devices)
