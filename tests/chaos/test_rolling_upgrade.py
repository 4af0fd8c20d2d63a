"""A rolling upgrade with a release that is really older: it lacks a rule that open clocks rest on.

Both releases are processes of their own, each from its own tree of sources, on one database, one
Kafka and one Redis.
"""

import asyncio
import importlib.resources
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
import yaml

from deploy.embedded.ports import free_port
from schemas.cases import CaseReport, CaseScoped
from schemas.clocks import ClockEscalated
from tests.component.deadline_clock import story
from tests.component.deadline_clock.wire import Fleet
from tests.neighbours import eventually, neighbours
from tests.world import World

pytestmark = pytest.mark.stack

SERVICE = "deadline-clock"
FAST = {"PATCHVIGIL_SANDBOX": "true", "PATCHVIGIL_TIME_COMPRESSION": "10000"}
"""72 hours pass in 26 seconds, 48 in 17."""
OLD_VERSION = "2026.10.1"
NEW_RULE, OLD_RULE = "band.critical.mitigation", "cvd.acknowledge"
STEPS = ("T-24h", "T-6h", "T+0")
CASES = tuple(f"U-{n}" for n in range(20))
TOLD_BY_HAND_AFTER = timedelta(seconds=60)
"""When the auditor would say that nobody was told."""


def older_release(folder: Path) -> Path:
    """Sources of a release in which the newer rule is not there yet."""
    root = Path(str(importlib.resources.files("services"))).parent
    for package in ("services", "schemas"):
        shutil.copytree(root / package, folder / package)
    file = folder / "services" / "deadline_clock" / "packs" / "clinical-bands.yaml"
    pack = yaml.safe_load(file.read_text("utf-8"))
    pack["version"] = OLD_VERSION
    pack["rules"] = [each for each in pack["rules"] if each["id"] != NEW_RULE]
    for point in pack["open_points"]:
        point["rules"] = [each for each in point["rules"] if each != NEW_RULE]
    file.write_text(yaml.safe_dump(pack, sort_keys=False), "utf-8")
    return folder


@asynccontextmanager
async def release(world: World, sources: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Run one replica of a release; it has stopped cleanly when the context ends."""
    port = free_port()
    command = (
        sys.executable, "-m", "uvicorn", "--factory", "services.deadline_clock.app:app",
        "--port", str(port), "--no-access-log", "--log-level", "critical",
    )  # fmt: skip
    environment = {**os.environ, **world.environment(SERVICE), **FAST, "PYTHONPATH": str(sources)}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=sources, env=environment, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

            async def ready() -> bool:
                assert process.returncode is None, "the replica ended before it was ready"
                try:
                    return (await client.get("/health/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await eventually(ready)
            yield client
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def reported(case: str) -> CaseScoped:
    """A case that somebody reported, which asks for an acknowledgement in 48 hours."""
    told = CaseReport(
        report=f"R-{case}", incident=False, title="Flaw", product="gateway", received_at=story.NOW
    )
    return story.scoped(case, "gateway").model_copy(update={"reports": (told,)})


async def counted(client: httpx.AsyncClient, name: str) -> float:
    """The sum of one of a replica's counters, over the labels that are not named."""
    lines = (await client.get("/metrics")).text.splitlines()
    return sum(float(each.split()[-1]) for each in lines if each.startswith(name))


async def test_an_upgrade_from_a_release_without_a_rule_loses_no_step_and_tells_none_twice(
    new_world: World, tmp_path: Path
) -> None:
    here = Path(str(importlib.resources.files("services"))).parent
    old = await asyncio.to_thread(older_release, tmp_path)
    async with neighbours(new_world) as wire, release(new_world, here) as newer:
        fleet = Fleet(wire, newer, new_world)
        await fleet.publish(story.MAKER, story.product("gateway"))
        for case in CASES:
            await fleet.publish(reported(case), story.banded(case, "gateway", "critical"))
        for case in CASES:
            for rule in (NEW_RULE, OLD_RULE):
                await fleet.clock(case, rule, "gateway", state="running")
        async with release(new_world, old) as older:
            pack = await Fleet(wire, older, new_world).get("/v1/packs/clinical-bands")
            assert pack["version"] == OLD_VERSION

            async def met_both() -> bool:
                done = await counted(older, "timer_fired_total")
                unknown = await counted(older, 'timer_errors_total{kind="handler"}')
                return done > 0 and unknown > 0

            await eventually(met_both, patience=40)

        async def every_step_was_told() -> Counter[tuple[str, str, str]] | None:
            said = Counter(
                (each.clock.case, each.clock.rule, each.step)
                for each in await fleet.said_of(CASES, ClockEscalated)
                if each.clock.rule in {NEW_RULE, OLD_RULE} and each.step in STEPS
            )
            return said if len(said) == len(CASES) * 2 * len(STEPS) else None

        told = await eventually(every_step_was_told, patience=60)
        assert set(told.values()) == {1}
        assert await latest(new_world) < TOLD_BY_HAND_AFTER


async def latest(world: World) -> timedelta:
    """How late the latest of the fired timers was."""
    db = await asyncpg.connect(world.admin_dsn, server_settings={"search_path": "deadline_clock"})
    try:
        found: timedelta = await db.fetchval(
            "SELECT max(fired_at - fire_at) FROM kit_timer WHERE state = 'fired'"
        )
        return found
    finally:
        await db.close()
