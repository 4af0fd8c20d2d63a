"""An initial load is one page, and a replay of everything changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from schemas.clocks import ClockEscalated, ClockStarted, Severity
from services.deadline_clock.app import app
from tests.component.deadline_clock import story
from tests.component.deadline_clock.wire import WARNING, Fleet
from tests.neighbours import eventually, neighbours, read_all, serving
from tests.world import World

pytestmark = pytest.mark.stack

# A quiet minute of an initial load passes in four seconds.
FAST = {"PATCHVIGIL_SANDBOX": "true", "PATCHVIGIL_TIME_COMPRESSION": "15"}

REWIND = """
DELETE FROM deadline_clock.kit_inbox;
UPDATE deadline_clock.kit_position SET next_offset = 0;
"""


@pytest.fixture
async def fleet(new_world: World) -> AsyncIterator[Fleet]:
    async with (
        neighbours(new_world) as wire,
        serving(app, new_world, "deadline-clock", **FAST) as http,
    ):
        yield Fleet(wire, http, new_world)


async def test_an_initial_load_raises_one_page_that_lists_its_cases(fleet: Fleet) -> None:
    await fleet.publish(story.MAKER, story.product("gateway"))
    old = datetime(2026, 3, 1, tzinfo=UTC)
    fresh = datetime(2026, 10, 1, tzinfo=UTC)
    recent = [f"L-{n:03}" for n in range(30)]
    for case in recent:
        await fleet.publish(
            story.signalled(case, "gateway", backfill=True, reported_at=fresh, signal=case)
        )
    for n in range(10):
        await fleet.publish(
            story.signalled(f"O-{n}", "gateway", backfill=True, reported_at=old, signal=f"o{n}")
        )

    async def told() -> list[ClockEscalated]:
        return await fleet.said_of(recent, ClockEscalated)

    (page,) = await eventually(told)
    assert page.cases == tuple(recent)
    assert (page.step, page.severity, page.clock.rule) == ("start", Severity.PAGE, WARNING)
    started = await fleet.said_of(recent, ClockStarted)
    assert {each.digest_of for each in started} == {(case,) for case in recent}
    listed = await fleet.get("/v1/clocks", state="not_applicable", mode="off", limit="500")
    assert len({each["case"] for each in listed["items"]}) == 10
    # The same load again is the same evidence: nobody is told anything twice.
    for case in recent:
        await fleet.publish(
            story.signalled(case, "gateway", backfill=True, reported_at=fresh, signal=case)
        )
    await fleet.quiet()
    await asyncio.sleep(5)
    assert len(await told()) == 1


async def test_a_replay_with_an_emptied_inbox_changes_no_clock_and_tells_nobody(
    new_world: World,
) -> None:
    async with neighbours(new_world) as wire:
        async with serving(app, new_world, "deadline-clock") as http:
            fleet = Fleet(wire, http, new_world)
            await fleet.publish(story.MAKER, story.product("gateway"))
            await fleet.publish(
                story.signalled("P-1", "gateway"),
                story.assessed("P-1", "gateway", exploited=False),
                story.assessed("P-1", "gateway"),
                story.approved("P-1", "gateway"),
                story.banded("P-1", "gateway", "critical"),
                story.banded("P-1", "gateway", "high"),
                story.available("P-1", "gateway", at=story.NOW + timedelta(hours=1)),
                story.signalled("P-2", "gateway", signal="two"),
                story.merged("P-1", "P-2"),
            )
            await fleet.clock("P-1", "band.high.fix", "gateway", state="met")
            await fleet.quiet()
            before = await _state(fleet)
            said = len(await read_all(new_world, ["clocks"]))
        admin = await asyncpg.connect(new_world.admin_dsn)
        await admin.execute(REWIND)
        await admin.close()
        async with serving(app, new_world, "deadline-clock") as http:
            fleet = Fleet(wire, http, new_world)
            await wire.publish(story.signalled("after", "gateway", signal="after"))
            await fleet.clock("after", WARNING, "gateway")
            await asyncio.sleep(2)  # for whatever a replay would wrongly say
            after = await _state(fleet)
            new = len(await fleet.said("after", ClockStarted)) + len(
                await fleet.said("after", ClockEscalated)
            )
            assert {k: v for k, v in after.items() if v[0] != "after"} == before
            assert len(await read_all(new_world, ["clocks"])) == said + new
            reconciled = await fleet.get("/v1/reconcile", who="admin")
            assert reconciled["differences"] == []


async def _state(fleet: Fleet) -> dict[str, tuple[str, str, str]]:
    page = await fleet.get("/v1/clocks", limit="500")
    assert page["next"] is None
    return {each["clock"]: (each["case"], each["state"], each["because"]) for each in page["items"]}
