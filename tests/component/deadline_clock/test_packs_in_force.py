"""Packs that two people put in force, on the real stack: refusals, moves, crashes, replicas."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from schemas.clocks import ClockEscalated, ClockMoved
from services.deadline_clock import in_force, moving
from services.deadline_clock.app import app
from services.deadline_clock.store import packs
from tests.component.deadline_clock import story
from tests.component.deadline_clock.story import NOW
from tests.component.deadline_clock.wire import NOTIFICATION, WARNING, Fleet
from tests.neighbours import eventually, neighbours, serving
from tests.unit.deadline_clock.test_packs import BANDS, CRA, STEPS
from tests.world import World

pytestmark = pytest.mark.stack


@pytest.fixture
async def fleet(new_world: World) -> AsyncIterator[Fleet]:
    async with (
        neighbours(new_world) as wire,
        serving(app, new_world, "deadline-clock") as http,
    ):
        made = Fleet(wire, http, new_world)
        await made.publish(story.MAKER, story.product("gateway"))
        await wire.publish(story.signalled("ready", "gateway"))
        await made.clock("ready", WARNING, "gateway", mode="mandatory")
        yield made


def version(text: str, number: int, **periods: int) -> str:
    """A pack's text under another version, with other periods in hours."""
    text = text.replace("2026.11.25", f"2026.12.{number}", 1)
    for old, new in periods.items():
        text = text.replace(f"period: {old.removeprefix('h')}\n", f"period: {new}\n")
    return text


def company(name: str, rule: str) -> str:
    """A policy pack of the company's own with one rule."""
    head, _, _ = BANDS.partition("\nrules:\n")
    _, _, rules = BANDS.partition("\nrules:\n")
    first = rules.split("\n  - id: ")[0].replace("band.critical.mitigation", rule)
    head = head.partition("\nopen_points:")[0].replace("id: clinical-bands", f"id: {name}", 1)
    return f"{head}\nrules:\n{first}\n"


async def post(fleet: Fleet, path: str, who: str, status: int, body: Any = None) -> Any:
    answer = await fleet.http.post(
        f"/v1/packs{path}", json=body or {}, headers=fleet.world.headers(who)
    )
    assert answer.status_code == status, answer.text
    return answer.json()


async def propose(fleet: Fleet, text: str, who: str = "regulatory", status: int = 201) -> Any:
    return await post(fleet, "/proposals", who, status, {"text": text, "name": "ours.yaml"})


async def approve(fleet: Fleet, made: Any, who: str = "quality", status: int = 200) -> Any:
    return await post(fleet, f"/proposals/{made['proposal']}/approve", who, status)


async def moved(fleet: Fleet, made: Any) -> Any:
    """The proposal, once the clocks of every case have moved."""

    async def done() -> Any:
        found = await fleet.get(f"/v1/packs/proposals/{made['proposal']}")
        return found if found["moved_at"] else None

    return await eventually(done, 60.0)


async def running(fleet: Fleet, *names: str) -> dict[str, Any]:
    """Cases with a confirmed exploitation; the last one's early warning."""
    for case in names:
        await fleet.publish(story.signalled(case, "gateway"), story.assessed(case, "gateway"))
    found = [await fleet.clock(case, WARNING, "gateway", state="running") for case in names]
    return found[-1]


async def rows(fleet: Fleet, query: str, *arguments: Any) -> list[Any]:
    db = await asyncpg.connect(fleet.world.dsn("deadline-clock"))
    try:
        await db.execute("SET search_path TO deadline_clock")
        return list(await db.fetch(query, *arguments))
    finally:
        await db.close()


async def pack(fleet: Fleet, name: str) -> Any:
    return await fleet.get(f"/v1/packs/{name}")


async def test_two_people_put_a_pack_in_force_and_its_clocks_move_with_history(
    fleet: Fleet,
) -> None:
    clock = await running(fleet, "P-1")
    made = await propose(fleet, version(CRA, 1, h24=12))
    assert (made["state"], made["proposed_by"]) == ("waiting", "regulatory")
    assert (await pack(fleet, "cra"))["origin"] == "packaged"
    waiting = await fleet.get("/v1/packs/proposals", state="waiting")
    assert [each["proposal"] for each in waiting["items"]] == [made["proposal"]]

    await approve(fleet, made)
    done = await moved(fleet, made)
    assert (done["state"], done["settled_by"], done["cases"] >= 2) == ("approved", "quality", True)
    due = (NOW + timedelta(hours=12)).isoformat().replace("+00:00", "Z")
    after = await fleet.clock("P-1", WARNING, "gateway", due_operational=due)
    assert (after["pack"], after["because"]) == ("cra@2026.12.1", clock["because"])

    line = (await fleet.get(f"/v1/clocks/{clock['clock']}"))["history"][-1]
    assert line["because"].startswith(
        "pack cra@2026.12.1 came into force in the place of cra@2026.11.25, "
        "proposed by regulatory, approved by quality; "
    )
    assert line["decided_by"] == "quality"
    assert line["clock"]["due_operational"] == due
    shown = await pack(fleet, "cra")
    assert (shown["origin"], shown["beneath"], shown["proposed_by"], shown["approved_by"]) == (
        "applied", "cra@2026.11.25", "regulatory", "quality",
    )  # fmt: skip


async def test_a_deadline_that_a_pack_moves_earlier_is_told_at_once(fleet: Fleet) -> None:
    await running(fleet, "P-2")
    made = await propose(fleet, version(CRA, 1, h24=12))
    await approve(fleet, made)
    await moved(fleet, made)

    async def told() -> bool:
        steps = [each.step for each in await fleet.said("P-2", ClockEscalated)]
        said = [each.because for each in await fleet.said("P-2", ClockMoved)]
        return "moved-earlier" in steps and any("approved by quality" in each for each in said)

    assert await eventually(told)


async def test_who_proposed_a_pack_cannot_approve_it(fleet: Fleet) -> None:
    made = await propose(fleet, version(CRA, 1), "quality")
    problem = await approve(fleet, made, "quality", 403)
    assert "quality proposed cra@2026.12.1: another person has to approve it" in problem["detail"]
    assert (await pack(fleet, "cra"))["origin"] == "packaged"


@pytest.mark.parametrize(
    ("text", "who"),
    [(CRA, "psirt"), (CRA, "operations"), (BANDS, "regulatory"), (BANDS, "integration")],
)
async def test_law_and_policy_ask_for_their_own_roles(fleet: Fleet, text: str, who: str) -> None:
    problem = await propose(fleet, version(text, 1), who, 403)
    assert "lacks the role" in problem["detail"]


async def test_a_bad_pack_is_refused_with_line_and_mend_and_the_running_pack_stays(
    fleet: Fleet,
) -> None:
    before = await pack(fleet, "cra")
    bad = version(CRA, 1).replace("unit: hour", "unit: fortnight", 1)
    problem = await propose(fleet, bad, status=422)
    assert problem["errors"][0]["detail"].startswith("ours.yaml:")
    assert problem["errors"][0]["mend"].startswith("take one of")
    assert await pack(fleet, "cra") == before
    assert (await fleet.get("/v1/packs/proposals"))["items"] == []


def later_step(number: int) -> str:
    """The escalation policy with its last warning but two an hour later."""
    return version(STEPS, number).replace("at: T-6h", "at: T-5h")


async def test_an_escalation_policy_plans_the_steps_of_running_clocks_anew_with_history(
    fleet: Fleet,
) -> None:
    clock = await running(fleet, "E-1")
    asked = {"pack": later_step(1), "pack_name": "escalation.yaml", "case": "E-1"}
    would = await fleet.http.post("/v1/what-if", json=asked, headers=fleet.world.headers("psirt"))
    steps = {
        (step["step"], step["what"])
        for each in would.json()["moved"]
        if each["after"]["clock"] == clock["clock"]
        for step in each["steps"]
    }
    assert steps == {("T-6h", "taken back"), ("T-5h", "armed")}

    made = await propose(fleet, later_step(1), who="psirt")
    await approve(fleet, made)
    done = await moved(fleet, made)
    assert done["clocks"] > 0
    after = await fleet.get(f"/v1/clocks/{clock['clock']}")
    states = {each["step"]: each["state"] for each in after["alarms"]}
    assert (states["T-6h"], states["T-5h"]) == ("taken_back", "armed")
    timers = await rows(
        fleet, "SELECT step FROM kit_timer WHERE subject = $1 AND state = 'armed'", clock["clock"]
    )
    assert {"T-5h", "T+0"} <= {each["step"] for each in timers}
    assert "T-6h" not in {each["step"] for each in timers}
    line = after["history"][-1]
    assert line["because"].startswith(
        "pack escalation@2026.12.1 came into force, proposed by psirt, approved by quality; "
    )
    assert (line["decided_by"], line["events"]) == ("quality", [])
    assert after["due_operational"] == clock["due_operational"]
    shown = await pack(fleet, "escalation")
    assert (shown["origin"], shown["beneath"]) == ("applied", "escalation@2026.11.25")


async def test_clocks_that_start_later_follow_the_escalation_policy_in_force(fleet: Fleet) -> None:
    made = await propose(fleet, later_step(1), who="psirt")
    await approve(fleet, made)
    await moved(fleet, made)
    clock = await running(fleet, "E-2")
    alarms = (await fleet.get(f"/v1/clocks/{clock['clock']}"))["alarms"]
    assert "T-5h" in {each["step"] for each in alarms}


async def test_a_version_is_one_text_for_ever_also_after_another_replaced_it(fleet: Fleet) -> None:
    for number in (1, 2):
        await approve(fleet, await propose(fleet, version(CRA, number)))
    problem = await propose(fleet, version(CRA, 1) + "# a word more\n", status=422)
    assert "cra@2026.12.1: the text changed under its version" in problem["detail"]
    back = await propose(fleet, version(CRA, 1))
    await approve(fleet, back)
    assert (await pack(fleet, "cra"))["version"] == "2026.12.1"


async def test_what_is_in_force_or_waits_already_is_not_proposed_again(fleet: Fleet) -> None:
    assert "in force with this very text" in (await propose(fleet, CRA, status=409))["detail"]
    made = await propose(fleet, version(CRA, 1))
    problem = await propose(fleet, version(CRA, 1), "quality", 409)
    assert f"pack approve {made['proposal']}" in problem["mend"]


async def test_a_proposal_is_settled_once(fleet: Fleet) -> None:
    made = await propose(fleet, version(CRA, 1))
    path = f"/proposals/{made['proposal']}"
    because = {"because": "the period is wrong"}
    assert (await post(fleet, f"{path}/reject", "regulatory", 200, because))["state"] == "rejected"
    assert "was rejected by regulatory" in (await approve(fleet, made, status=409))["detail"]
    await post(fleet, f"{path}/reject", "quality", 409, because)
    await approve(fleet, {"proposal": 999}, status=404)
    assert (await pack(fleet, "cra"))["origin"] == "packaged"


async def test_a_pack_without_the_rule_of_open_clocks_is_refused_and_names_their_count(
    fleet: Fleet,
) -> None:
    await running(fleet, "P-3")
    repealed = version(CRA, 1).replace("status: in_force", "status: repealed", 1)
    problem = await post(fleet, "/check", "psirt", 422, {"text": repealed})
    assert f"2 open clocks rest on rule {WARNING}" in problem["detail"]
    await propose(fleet, repealed, status=422)


async def test_every_step_is_audited(fleet: Fleet) -> None:
    made = await propose(fleet, version(CRA, 1))
    await approve(fleet, made)
    await moved(fleet, made)
    found = await rows(
        fleet, "SELECT actor, action, subject FROM kit_audit WHERE action LIKE 'pack%' ORDER BY seq"
    )
    assert [tuple(each) for each in found] == [
        ("regulatory", "pack.propose", "pack/cra@2026.12.1"),
        ("quality", "pack.approve", "pack/cra@2026.12.1"),
        ("nobody", "pack.moved", "pack/cra@2026.12.1"),
    ]


async def test_two_packs_applied_at_once_are_both_in_force(fleet: Fleet) -> None:
    await running(fleet, "P-4")
    await fleet.publish(story.banded("P-4", "gateway", "critical"))
    await fleet.clock("P-4", "band.critical.mitigation", "gateway", state="running")
    law = await propose(fleet, version(CRA, 1, h24=12))
    policy = await propose(fleet, version(BANDS, 1, h72=48), "psirt")
    await asyncio.gather(approve(fleet, law), approve(fleet, policy))
    await moved(fleet, law)
    await moved(fleet, policy)
    clocks = await fleet.clocks("P-4")
    assert clocks[WARNING, "gateway"]["pack"] == "cra@2026.12.1"
    band = clocks["band.critical.mitigation", "gateway"]
    assert band["pack"] == "clinical-bands@2026.12.1"
    line = (await fleet.get(f"/v1/clocks/{band['clock']}"))["history"][-1]
    assert "clinical-bands@2026.12.1 came into force" in line["because"]
    assert "proposed by psirt" in line["because"]
    assert (await fleet.get("/v1/reconcile", who="admin"))["differences"] == []


async def test_of_two_packs_that_exclude_each_other_the_second_is_refused(fleet: Fleet) -> None:
    first = await propose(fleet, company("ours", "company.fix"), "psirt")
    second = await propose(fleet, company("theirs", "company.fix"), "psirt")
    headers = fleet.world.headers("quality")
    answers = await asyncio.gather(
        *(
            fleet.http.post(f"/v1/packs/proposals/{each['proposal']}/approve", headers=headers)
            for each in (first, second)
        )
    )
    assert sorted(each.status_code for each in answers) == [200, 422]
    refused = next(each for each in answers if each.status_code == 422)
    assert "rule company.fix is also in" in refused.json()["detail"]


async def test_a_move_that_dies_between_pages_goes_on_when_the_service_starts_again(
    new_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "_CASES_AT_ONCE", 1)
    names = [f"P-5{letter}" for letter in "abcdef"]
    really, calls = moving.move, 0

    async def dying(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        await really(*arguments)
        if calls == 3:  # before its commit: as if the process were gone
            raise asyncio.CancelledError

    async with neighbours(new_world) as wire:
        with monkeypatch.context() as patch:
            patch.setattr(moving, "move", dying)
            async with serving(app, new_world, "deadline-clock") as http:
                fleet = Fleet(wire, http, new_world)
                await fleet.publish(story.MAKER, story.product("gateway"))
                await running(fleet, *names)
                made = await propose(fleet, version(CRA, 1, h24=12))
                await approve(fleet, made)

                async def died() -> bool:
                    return calls == 3

                await eventually(died)
                found = await fleet.get(f"/v1/packs/proposals/{made['proposal']}")
                assert (found["cases"], found["moved_at"]) == (2, None)
        async with serving(app, new_world, "deadline-clock") as http:
            fleet = Fleet(wire, http, new_world)
            done = await moved(fleet, made)
            assert done["cases"] == len(names)
            lines = await rows(
                fleet,
                "SELECT clock, count(*) FROM clock_history WHERE because LIKE '%came into force%' "
                "AND body ->> 'rule' = $1 GROUP BY clock",
                WARNING,
            )
            assert [each["count"] for each in lines] == [1] * len(names)
            assert (await fleet.get("/v1/reconcile", who="admin"))["differences"] == []


async def test_another_replica_decides_by_the_new_pack_without_a_restart(fleet: Fleet) -> None:
    async with serving(app, fleet.world, "deadline-clock") as other:
        second = Fleet(fleet.wire, other, fleet.world)
        assert (await pack(second, "cra"))["origin"] == "packaged"
        await approve(fleet, await propose(fleet, version(CRA, 1, h24=12)))
        in_force._known.clear()  # what one process has read is no other's
        assert (await pack(second, "cra"))["version"] == "2026.12.1"
        due = await second.get("/v1/due", rule=WARNING, anchor="2026-11-20T15:42:10Z")
        assert due["due_operational"] == "2026-11-21T03:42:10Z"
    await running(fleet, "P-6")
    started = (await fleet.clocks("P-6"))[WARNING, "gateway"]
    assert started["pack"] == "cra@2026.12.1"


async def test_an_applied_pack_stays_in_force_when_the_service_starts_again(
    new_world: World,
) -> None:
    async with neighbours(new_world) as wire:
        async with serving(app, new_world, "deadline-clock") as http:
            await approve(
                Fleet(wire, http, new_world),
                await propose(Fleet(wire, http, new_world), version(CRA, 1)),
            )
        in_force._known.clear()
        async with serving(app, new_world, "deadline-clock") as http:
            assert (await pack(Fleet(wire, http, new_world), "cra"))["version"] == "2026.12.1"


async def test_who_decides_holds_the_packs_and_an_approval_waits_for_its_end(fleet: Fleet) -> None:
    made = await propose(fleet, version(CRA, 1))
    db = await asyncpg.connect(fleet.world.dsn("deadline-clock"))
    try:
        await db.execute("SET search_path TO deadline_clock")
        async with db.transaction():
            await packs.hold(db, "deadline-clock")
            approving = asyncio.create_task(approve(fleet, made))
            await asyncio.sleep(1)
            assert not approving.done()
            assert (await pack(fleet, "cra"))["origin"] == "packaged"
            case = "P-7"
            await fleet.publish(story.signalled(case, "gateway"))
            await fleet.clock(case, NOTIFICATION, "gateway")  # it holds up nobody else
        await approving
    finally:
        await db.close()
    await moved(fleet, made)
    clock = await fleet.clock("P-7", WARNING, "gateway")
    assert clock["pack"] == "cra@2026.12.1"


async def test_what_if_is_asked_of_the_packs_in_force(fleet: Fleet) -> None:
    await running(fleet, "P-8")
    made = await propose(fleet, version(CRA, 1, h24=12))
    await approve(fleet, made)
    await moved(fleet, made)
    answer: httpx.Response = await fleet.http.post(
        "/v1/what-if", json={"pack": CRA}, headers=fleet.world.headers("psirt")
    )
    moves = {each["after"]["rule"]: each for each in answer.json()["moved"]}
    assert moves[WARNING]["before"]["pack"] == "cra@2026.12.1"
    due = NOW + timedelta(hours=24)
    assert moves[WARNING]["after"]["due_operational"] == due.isoformat().replace("+00:00", "Z")
