"""Steps on the real stack: one that asks how far the draft is, one that others rest on."""

import pytest

from schemas.catalogue import QualificationKind
from schemas.clocks import ClockEscalated
from schemas.drafts import Draft, DraftApproved
from services.deadline_clock.app import app
from tests.component.deadline_clock import story
from tests.component.deadline_clock.wire import NOTIFICATION, Fleet
from tests.neighbours import eventually, neighbours, serving
from tests.world import World

pytestmark = pytest.mark.stack

FAST = {"PATCHVIGIL_SANDBOX": "true", "PATCHVIGIL_TIME_COMPRESSION": "14400"}
"""T-48h of a 72 h clock fires after six seconds, T-24h after twelve."""


async def test_a_page_that_asks_for_an_unapproved_draft_is_silent_once_it_is_approved(
    new_world: World,
) -> None:
    async with (
        neighbours(new_world) as wire,
        serving(app, new_world, "deadline-clock", **FAST) as http,
    ):
        fleet = Fleet(wire, http, new_world)
        await fleet.publish(story.MAKER, story.product("gateway"))
        for case in ("C-1", "C-2"):
            await fleet.publish(story.scoped(case, "gateway"), story.assessed(case, "gateway"))
        clock = await fleet.clock("C-1", NOTIFICATION, "gateway", state="running")
        draft = Draft(
            draft="d-1", revision=1, clock=clock["clock"], rule=NOTIFICATION, template="t@1",
            shadow=False, digest="0" * 64, prepared_at=story.NOW,
        )  # fmt: skip
        await fleet.publish(
            DraftApproved(
                case="C-1", draft=draft, approved_by="ra", approvals=1, complete=True,
                approved_at=story.NOW,
            )
        )  # fmt: skip

        async def told(case: str, step: str) -> bool:
            said = await fleet.said(case, ClockEscalated)
            return any((e.step, e.clock.rule) == (step, NOTIFICATION) for e in said)

        async def later() -> bool:
            return await told("C-1", "T-24h") and await told("C-2", "T-24h")

        await eventually(later)
        assert await told("C-2", "T-48h")
        assert not await told("C-1", "T-48h")
        detail = await fleet.get(f"/v1/clocks/{clock['clock']}")
        assert {a["state"] for a in detail["alarms"] if a["step"] == "T-48h"} == {"fired"}


SIXTY_DAYS_IN_SIX_SECONDS = FAST | {"PATCHVIGIL_TIME_COMPRESSION": "864000"}


async def test_a_day_of_the_2016_guidance_that_passes_brings_the_806_clock_back(
    new_world: World,
) -> None:
    async with (
        neighbours(new_world) as wire,
        serving(app, new_world, "deadline-clock", **SIXTY_DAYS_IN_SIX_SECONDS) as http,
    ):
        fleet = Fleet(wire, http, new_world)
        await fleet.publish(
            story.MAKER,
            story.product("pump", QualificationKind.DEVICE),
            story.scoped("C-1", "pump"),
            story.approved("C-1", "pump"),
            story.banded("C-1", "pump", "critical"),
            story.decided("C-1", "pump", "discretion_claimed"),
        )
        stands = await fleet.clock("C-1", "us806.report", "pump", state="running")
        assert "day 30 or day 60" in stands["because"]
        history = (await fleet.get(f"/v1/clocks/{stands['clock']}"))["history"]
        assert "superseded" in {each["clock"]["state"] for each in history}
        said = await fleet.said("C-1", ClockEscalated)
        assert any((e.step, e.clock.rule) == ("start", "us806.report") for e in said)
