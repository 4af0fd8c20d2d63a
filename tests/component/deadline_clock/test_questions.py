"""Questions on the real stack: why a clock stands so, who knew what, and what if."""

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from schemas.catalogue import QualificationKind
from schemas.clocks import Clock
from services.deadline_clock.app import app
from tests.component.deadline_clock import story
from tests.component.deadline_clock.story import NOW
from tests.component.deadline_clock.wire import FINAL, NOTIFICATION, WARNING, Fleet
from tests.neighbours import eventually, neighbours, serving
from tests.unit.deadline_clock.test_packs import CRA
from tests.world import World

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
async def fleet(world: World) -> AsyncIterator[Fleet]:
    async with neighbours(world) as wire, serving(app, world, "deadline-clock") as http:
        made = Fleet(wire, http, world)
        await made.publish(
            story.MAKER,
            story.product("gateway"),
            story.product("pump", QualificationKind.DEVICE),
        )
        await wire.publish(story.signalled("ready", "gateway"))
        await made.clock("ready", WARNING, "gateway", mode="mandatory")
        yield made


async def ask(fleet: Fleet, status: int = 200, **body: Any) -> Any:
    """Ask what if."""
    answer = await fleet.http.post("/v1/what-if", json=body, headers=fleet.world.headers("psirt"))
    assert answer.status_code == status, answer.text
    return answer.json()


async def explained(fleet: Fleet, case: str, product: str = "gateway") -> dict[str, Any]:
    """The rules on a product, as explained."""
    found = await fleet.get(f"/v1/cases/{case}/explanation")
    return {each["rule"]: each for each in found["rules"] if each["product"] == product}


async def running(fleet: Fleet, case: str) -> dict[str, Any]:
    """A case with a confirmed exploitation; its early warning's clock."""
    await fleet.publish(story.signalled(case, "gateway"), story.assessed(case, "gateway"))
    return await fleet.clock(case, WARNING, "gateway", state="running")


async def test_golden_5_a_final_report_awaits_its_anchor(fleet: Fleet) -> None:
    await running(fleet, "Q-1")
    final = (await explained(fleet, "Q-1"))[FINAL]
    assert (final["state"], final["due_operational"]) == ("awaiting_anchor", None)


async def test_golden_8_the_platforms_counter_stands_beside_the_law(fleet: Fleet) -> None:
    warning = await running(fleet, "Q-2")
    clock = Clock.model_validate(
        {name: held for name, held in warning.items() if name in Clock.model_fields}
    )
    await fleet.publish(story.filed(clock, NOW + timedelta(hours=20)))
    await fleet.clock("Q-2", WARNING, "gateway", state="met")
    second = (await explained(fleet, "Q-2"))[NOTIFICATION]
    assert datetime.fromisoformat(second["due_operational"]) == NOW + timedelta(hours=72)
    assert datetime.fromisoformat(second["platform"]["due"]) == NOW + timedelta(hours=68)


async def test_golden_9_exploitation_known_before_the_duty_is_off(fleet: Fleet) -> None:
    known = datetime.fromisoformat("2026-09-10T12:00:00+00:00")
    await fleet.publish(story.signalled("Q-3", "gateway", held_at=known))
    await fleet.publish(story.assessed("Q-3", "gateway", aware_at=known))
    await fleet.clock("Q-3", WARNING, "gateway", state="not_applicable")
    warning = (await explained(fleet, "Q-3"))[WARNING]
    assert (warning["mode"], bool(warning["reopen_trigger"])) == ("off", True)


async def test_every_rule_that_did_not_start_says_why_not(fleet: Fleet) -> None:
    await running(fleet, "Q-4")
    for each in (await explained(fleet, "Q-4")).values():
        assert (each["clock"] is None) == bool(each["why_not"])


async def test_a_case_that_nobody_knows_is_no_such_case(fleet: Fleet) -> None:
    for what in ("explanation", "awareness"):
        answer = await fleet.http.get(
            f"/v1/cases/none/{what}", headers=fleet.world.headers("psirt")
        )
        assert (answer.status_code, answer.json()["parameter"]) == (404, "case")


async def test_a_corrected_awareness_keeps_both_values(fleet: Fleet) -> None:
    await running(fleet, "Q-5")
    earlier = NOW - timedelta(hours=1)
    await fleet.publish(story.assessed("Q-5", "gateway", aware_at=earlier))
    due = (earlier + timedelta(hours=24)).isoformat().replace("+00:00", "Z")
    await fleet.clock("Q-5", WARNING, "gateway", due_operational=due)
    found = await fleet.get("/v1/cases/Q-5/awareness")
    assert [each["corrected"] for each in found["known"] if each["who"] == "psirt"].count(True) == 1
    cra = next(each for each in found["aware"] if each["regime"] == "cra")
    assert datetime.fromisoformat(cra["anchor"]["at"]) == earlier
    assert NOW.isoformat() in cra["former"][0]
    others = {each["regime"]: each["anchor"] for each in found["aware"] if each["regime"] != "cra"}
    assert set(others.values()) == {None}


TABLES = (
    "case_file", "case_product", "clock", "clock_history", "escalation_step", "told_together",
    "pack", "kit_timer", "kit_outbox",
)  # fmt: skip


async def content(fleet: Fleet) -> dict[str, str]:
    """A digest of everything in the tables that what-if reads or could move."""
    db = await asyncpg.connect(fleet.world.dsn("deadline-clock"))
    try:
        await db.execute("SET search_path TO deadline_clock")
        return {
            name: await db.fetchval(
                f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t"
            )
            for name in TABLES
        }
    finally:
        await db.close()


async def told(fleet: Fleet) -> bool:
    """Whether Kafka has taken everything that the service said: what waits is removed then."""
    return (await content(fleet))["kit_outbox"] == hashlib.md5(
        b"", usedforsecurity=False
    ).hexdigest()


async def test_what_if_shows_the_moves_and_writes_nothing(fleet: Fleet) -> None:
    await running(fleet, "Q-6")
    await fleet.quiet()
    await eventually(lambda: told(fleet))
    before = await content(fleet)
    found = await ask(fleet, case="Q-6", aware_at=(NOW - timedelta(hours=2)).isoformat())
    moved = {each["after"]["rule"]: each for each in found["moved"]}
    assert {WARNING, NOTIFICATION} <= set(moved)
    assert {each["what"] for each in moved[WARNING]["steps"]} == {
        "armed", "taken back", "fires at once (page)",
    }  # fmt: skip
    assert await content(fleet) == before


async def test_what_if_of_all_cases_goes_through_every_page(fleet: Fleet) -> None:
    for case in ("Q-7a", "Q-7b", "Q-7c"):
        await running(fleet, case)
    text = CRA.replace("2026.11.25", "2026.12.1").replace("period: 24", "period: 12")
    seen: set[str] = set()
    after: str | None = ""
    while after is not None:
        page = await ask(fleet, pack=text, after=after, limit=2)
        assert page["cases"] <= 2
        seen |= {each["after"]["case"] for each in page["moved"]}
        after = page["next"]
    assert {"Q-7a", "Q-7b", "Q-7c"} <= seen
    assert (await fleet.clock("Q-7a", WARNING, "gateway"))["pack"] == "cra@2026.11.25"


async def test_a_bad_pack_is_refused_with_its_line_and_mend(fleet: Fleet) -> None:
    text = CRA.replace("unit: hour", "unit: fortnight", 1)
    problem = await ask(fleet, 422, pack=text, pack_name="mine.yaml")
    assert problem["parameter"] == "pack"
    assert problem["detail"].startswith("mine.yaml:")
    assert "take one of" in problem["detail"]


async def test_a_text_that_changed_under_its_version_is_refused(fleet: Fleet) -> None:
    problem = await ask(fleet, 422, pack=CRA.replace("period: 24", "period: 12"))
    assert "give it a new version" in problem["detail"]


async def test_as_of_answers_what_a_clock_showed_then(fleet: Fleet) -> None:
    await fleet.publish(story.signalled("Q-8", "gateway"))
    held = await fleet.clock("Q-8", WARNING, "gateway", state="provisional")
    history = (await fleet.get(f"/v1/clocks/{held['clock']}"))["history"]
    then = history[-1]["at"]
    await fleet.publish(story.assessed("Q-8", "gateway"))
    await fleet.clock("Q-8", WARNING, "gateway", state="running")
    page = await fleet.get("/v1/clocks", case="Q-8", as_of=then)
    assert {each["state"] for each in page["items"]} >= {"provisional"}
    assert "running" not in {each["state"] for each in page["items"]}
    one = await fleet.get(f"/v1/clocks/{held['clock']}", as_of=then)
    assert (one["state"], one["anchor"]["name"]) == ("provisional", "signal_held_at")
    told = await fleet.get("/v1/cases/Q-8/explanation", as_of=then)
    assert "running" not in {each["state"] for each in told["rules"]}
    before = (datetime.fromisoformat(history[0]["at"]) - timedelta(seconds=1)).isoformat()
    assert (await fleet.get("/v1/clocks", case="Q-8", as_of=before))["items"] == []
