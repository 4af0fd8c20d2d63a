"""Clocks on the real stack: from facts on the wire to clocks, steps and pages on the wire."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from schemas.cases import CaseSplit
from schemas.catalogue import QualificationKind
from schemas.clocks import (
    ClockEnded,
    ClockEscalated,
    ClockLate,
    ClockMet,
    ClockMode,
    ClockMoved,
    ClockStarted,
    Severity,
)
from services.deadline_clock.app import app
from tests.component.deadline_clock import story
from tests.component.deadline_clock.story import NOW
from tests.component.deadline_clock.wire import FINAL, NOTIFICATION, WARNING, Fleet
from tests.neighbours import eventually, neighbours, serving
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


async def test_a_signal_starts_provisional_clocks_and_pages_at_once_to_assess(
    fleet: Fleet,
) -> None:
    await fleet.publish(story.scoped("C-1", "gateway"), story.signalled("C-1", "gateway"))
    warning = await fleet.clock("C-1", WARNING, "gateway", mode="mandatory")
    assert warning["state"] == "provisional"
    assert warning["anchor"]["name"] == "signal_held_at"
    assert warning["due_operational"].startswith((NOW + timedelta(hours=24)).isoformat()[:19])
    final = await fleet.clock("C-1", FINAL, "gateway")
    assert (final["state"], final["anchor"]) == ("awaiting_anchor", None)
    escalated = [each for each in await fleet.said("C-1", ClockEscalated) if each.step == "start"]
    pages = [each for each in escalated if each.severity is Severity.PAGE]
    assert [each.clock.rule for each in pages] == [WARNING]
    assert "assessment" in pages[0].stops_when
    assert pages[0].next_step_at == NOW + timedelta(hours=12)


async def test_a_confirmation_makes_both_clocks_run_from_awareness(fleet: Fleet) -> None:
    aware = NOW + timedelta(minutes=30)
    await fleet.publish(story.signalled("C-2", "gateway"))
    await fleet.clock("C-2", WARNING, "gateway", state="provisional")
    await fleet.publish(story.assessed("C-2", "gateway", aware_at=aware))
    warning = await fleet.clock("C-2", WARNING, "gateway", state="running")
    await fleet.clock("C-2", NOTIFICATION, "gateway", state="running")
    assert warning["anchor"]["set_by"] == "psirt"
    detail = await fleet.get(f"/v1/clocks/{warning['clock']}")
    assert [each["clock"]["state"] for each in detail["history"]] == ["provisional", "running"]
    armed = [each["step"] for each in detail["alarms"] if each["state"] == "armed"]
    assert armed == ["T-12h", "T-6h", "T-2h", "T-30m", "T+0"]
    due = [each["due_at"] for each in detail["alarms"] if each["state"] == "armed"][-1]
    assert due == warning["due_operational"]


async def test_a_device_gets_a_shadow_clock_that_never_pages(fleet: Fleet) -> None:
    await fleet.publish(story.signalled("C-3", "pump"))
    warning = await fleet.clock("C-3", WARNING, "pump", mode="shadow")
    assert warning["mode_reason"].startswith("not a legal duty: MDR device: CRA Article 2(2)")
    assert {each.severity for each in await fleet.said("C-3", ClockEscalated)} == {Severity.TICKET}


async def test_a_filing_meets_its_clock_and_nothing_else(fleet: Fleet) -> None:
    await fleet.publish(story.signalled("C-4", "gateway"), story.assessed("C-4", "gateway"))
    await fleet.clock("C-4", WARNING, "gateway", state="running")
    started = [each.clock for each in await fleet.said("C-4", ClockStarted)]
    mine = next(each for each in started if each.rule == WARNING)
    await fleet.publish(story.filed(mine, NOW + timedelta(hours=1)))
    met = await fleet.clock("C-4", WARNING, "gateway", state="met")
    assert not met["late"]
    assert (await fleet.clocks("C-4"))[(NOTIFICATION, "gateway")]["state"] == "running"
    assert [each.by for each in await fleet.said("C-4", ClockMet)] == [
        f"filing filing-{mine.clock} by ra"
    ]
    alarms = (await fleet.get(f"/v1/clocks/{met['clock']}"))["alarms"]
    assert "armed" not in {each["state"] for each in alarms}


async def test_a_rejection_ends_the_clocks_and_a_later_confirmation_brings_them_back(
    fleet: Fleet,
) -> None:
    await fleet.publish(story.signalled("C-5", "gateway"))
    await fleet.publish(story.assessed("C-5", "gateway", exploited=False))
    ended = await fleet.clock("C-5", WARNING, "gateway", state="not_applicable")
    assert ended["reopen_trigger"] == "a path to it is found"
    assert {each.decided_by for each in await fleet.said("C-5", ClockEnded)} == {"psirt"}
    await fleet.publish(story.assessed("C-5", "gateway"))
    again = await fleet.clock("C-5", WARNING, "gateway", state="running")
    assert again["clock"] == ended["clock"]


async def test_a_deadline_that_moves_earlier_is_told_at_once(fleet: Fleet) -> None:
    await fleet.publish(story.signalled("C-6", "gateway"))
    await fleet.publish(story.assessed("C-6", "gateway", aware_at=NOW - timedelta(hours=3)))
    await fleet.clock("C-6", WARNING, "gateway", state="running")
    steps = {
        each.clock.rule: each.severity
        for each in await fleet.said("C-6", ClockEscalated)
        if each.step == "moved-earlier"
    }
    assert steps == {WARNING: Severity.PAGE, NOTIFICATION: Severity.PAGE}


async def test_awareness_long_ago_is_late_at_once_and_late_for_ever(fleet: Fleet) -> None:
    await fleet.publish(story.signalled("C-7", "gateway"))
    await fleet.publish(story.assessed("C-7", "gateway", aware_at=NOW - timedelta(hours=30)))
    late = await fleet.clock("C-7", WARNING, "gateway", state="late")
    assert late["late"] is True
    assert [each.late_at for each in await fleet.said("C-7", ClockLate)] == [
        NOW - timedelta(hours=6)
    ]
    clock = next(
        each.clock for each in await fleet.said("C-7", ClockStarted) if each.clock.rule == WARNING
    )
    await fleet.publish(story.filed(clock))
    met = await fleet.clock("C-7", WARNING, "gateway", state="met")
    assert met["late"] is True


async def test_a_deadline_that_passes_rings_and_makes_the_clock_late(fleet: Fleet) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=3) - timedelta(hours=24)
    await fleet.publish(story.signalled("C-8", "gateway", held_at=soon))
    await fleet.publish(story.assessed("C-8", "gateway", aware_at=soon))
    await fleet.clock("C-8", WARNING, "gateway", state="late")
    warning = [e for e in await fleet.said("C-8", ClockEscalated) if e.clock.rule == WARNING]
    last = warning[-1]
    assert (last.step, last.severity, last.ignore_ack) == ("T+0", Severity.PAGE, True)
    assert last.next_step_at == last.clock.due_operational + timedelta(minutes=5)


async def test_the_final_report_runs_from_the_measure_or_from_awareness_if_later(
    fleet: Fleet,
) -> None:
    await fleet.publish(story.signalled("C-9", "gateway"), story.assessed("C-9", "gateway"))
    await fleet.publish(story.available("C-9", "gateway", at=NOW - timedelta(days=2)))
    final = await fleet.clock("C-9", FINAL, "gateway", state="running")
    assert final["anchor"]["at"].startswith(NOW.isoformat()[:19])
    assert final["anchor"]["note"].startswith("interpretation")


async def test_approval_starts_a_provisional_806_clock_until_a_person_decides(
    fleet: Fleet,
) -> None:
    rule = "us806.report"
    await fleet.publish(story.approved("C-10", "pump", "gateway"))
    provisional = await fleet.clock("C-10", rule, "pump", state="provisional")
    assert "interpretation" in provisional["anchor"]["note"]
    assert (rule, "gateway") not in await fleet.clocks("C-10")
    await fleet.publish(story.decided("C-10", "pump", "reportable"))
    await fleet.clock("C-10", rule, "pump", state="running", mode="mandatory")
    await fleet.publish(story.decided("C-10", "pump", "discretion_claimed"))
    claimed = await fleet.clock("C-10", rule, "pump", state="superseded")
    assert "no exemption" in claimed["because"]


async def test_policy_clocks_are_never_law_and_end_with_a_measure_or_coverage(
    fleet: Fleet,
) -> None:
    await fleet.publish(story.banded("C-11", "pump", "critical"))
    await fleet.publish(story.available("C-11", "pump", at=NOW + timedelta(hours=1)))
    mitigation = await fleet.clock("C-11", "band.critical.mitigation", "pump", state="met")
    assert (mitigation["kind"], mitigation["mode_reason"][:19]) == ("policy", "company policy, not")
    await fleet.clock("C-11", "band.critical.coverage", "pump", state="running")
    await fleet.publish(story.covered("C-11", "pump", 100, 94))
    await fleet.publish(story.covered("C-11", "pump", 100, 95))
    met = await fleet.clock("C-11", "band.critical.coverage", "pump", state="met")
    assert met["because"] == "95.0 % of 100 devices verified"


async def test_exploitation_known_before_the_law_applied_starts_no_mandatory_clock(
    fleet: Fleet,
) -> None:
    old = datetime(2026, 3, 1, tzinfo=UTC)
    await fleet.publish(story.signalled("C-12", "gateway", backfill=True, reported_at=old))
    proposed = await fleet.clock("C-12", WARNING, "gateway")
    assert (proposed["mode"], proposed["state"]) == ("off", "not_applicable")
    assert "no person has confirmed" in proposed["assumed"][0]
    assert await fleet.said("C-12", ClockEscalated) == []


async def test_catalogue_facts_that_come_late_move_the_mode(fleet: Fleet) -> None:
    await fleet.publish(story.signalled("C-13", "late-pump"))
    assumed = await fleet.clock("C-13", WARNING, "late-pump", mode="mandatory")
    assert "not in the catalogue" in assumed["assumed"][0]
    await fleet.publish(story.product("late-pump", QualificationKind.DEVICE))
    moved = await fleet.clock("C-13", WARNING, "late-pump", mode="shadow")
    assert moved["clock"] == assumed["clock"]
    assert {each.clock.mode for each in await fleet.said("C-13", ClockMoved)} == {ClockMode.SHADOW}


async def test_clocks_follow_a_merged_case_and_the_earliest_anchor_wins(fleet: Fleet) -> None:
    early = NOW - timedelta(hours=2)
    await fleet.publish(story.signalled("C-14a", "gateway", held_at=NOW, signal="one"))
    await fleet.publish(story.signalled("C-14b", "gateway", held_at=early, signal="two"))
    await fleet.clock("C-14a", WARNING, "gateway", state="provisional")
    older = await fleet.clock("C-14b", WARNING, "gateway", state="provisional")
    await fleet.publish(
        story.merged("C-14a", "C-14b"),
        story.merged("C-14a", "C-14b").model_copy(update={"case": "C-14b"}),
    )

    async def followed() -> bool:
        page = await fleet.get("/v1/clocks", case="C-14a")
        states = [(e["clock"], e["state"]) for e in page["items"] if e["rule"] == WARNING]
        return len(states) == 2 and (older["clock"], "provisional") in states

    await eventually(followed)
    states = {
        each["state"]
        for each in (await fleet.get("/v1/clocks", case="C-14b"))["items"]
        if each["rule"] == WARNING
    }
    assert states == {"provisional", "superseded"}
    # A fact that still comes under the absorbed case's key reaches the survivor.
    await fleet.publish(story.assessed("C-14b", "gateway", aware_at=early))

    async def running() -> bool:
        page = await fleet.get("/v1/clocks", case="C-14a", state="running")
        return older["clock"] in {each["clock"] for each in page["items"]}

    await eventually(running)


async def test_a_case_that_was_split_off_keeps_the_awareness_that_a_person_stated(
    fleet: Fleet,
) -> None:
    aware = NOW - timedelta(minutes=20)
    await fleet.publish(story.signalled("C-30", "gateway", held_at=aware))
    await fleet.publish(story.assessed("C-30", "gateway", aware_at=aware))
    running = await fleet.clock("C-30", WARNING, "gateway", state="running")
    await fleet.publish(story.signalled("C-31", "gateway", held_at=aware, signal="apart"))
    await fleet.publish(CaseSplit(case="C-30", separated="C-31", because="two flaws", split_at=NOW))
    apart = await fleet.clock("C-31", WARNING, "gateway", state="running")
    assert apart["due_operational"] == running["due_operational"]
    assert apart["clock"] != running["clock"]


async def test_a_redelivered_fact_changes_nothing_and_tells_nobody_twice(fleet: Fleet) -> None:
    await fleet.publish(story.signalled("C-15", "gateway"), repeat=3)
    await fleet.clock("C-15", WARNING, "gateway")
    await fleet.quiet()
    assert len(await fleet.said("C-15", ClockStarted)) == 3
    starts = [e for e in await fleet.said("C-15", ClockEscalated) if e.step == "start"]
    assert len(starts) == 2


async def test_a_catalogue_and_a_case_never_miss_each_other(fleet: Fleet) -> None:
    names = [f"raced-{n}" for n in range(40)]
    await asyncio.gather(
        *(fleet.publish(story.signalled(f"R-{name}", name, signal=f"s-{name}")) for name in names),
        *(fleet.publish(story.product(name, QualificationKind.DEVICE)) for name in names),
    )
    for name in names:
        await fleet.clock(f"R-{name}", WARNING, name, mode="shadow")


async def test_packs_show_source_date_and_confidence(fleet: Fleet) -> None:
    packs = {each["id"]: each for each in (await fleet.get("/v1/packs"))["items"]}
    assert {packs["cra"]["kind"], packs["clinical-bands"]["kind"]} == {"law", "policy"}
    rule = (await fleet.get("/v1/packs/us-806"))["content"][0]
    assert (rule["id"], rule["confidence"], rule["fires"]) == ("us806.report", "verified", True)


async def test_a_deadline_can_be_counted_without_a_case(fleet: Fleet) -> None:
    found = await fleet.get("/v1/due", rule=FINAL, anchor="2026-11-28T09:00:00Z", country="BE")
    assert found["due_operational"] == "2026-12-12T09:00:00Z"
    assert found["due_legal_outer"] == "2026-12-14T22:59:59Z"
    waits = await fleet.get("/v1/due", rule=FINAL, fact="aware_at=2026-11-20T10:00:00+01:00")
    assert (waits["state"], waits["due_operational"]) == ("awaiting_anchor", None)
    path, headers = "/v1/due", fleet.world.headers("psirt")
    for query, field in (
        ({"rule": "cra.none", "anchor": "2026-11-28T09:00:00Z"}, "rule"),
        ({"rule": FINAL, "anchor": "2026-11-28T09:00:00"}, "anchor"),
        ({"rule": FINAL, "anchor": "2026-11-28T09:00:00Z", "country": "NO"}, "country"),
        ({"rule": FINAL, "anchor": "2026-11-28T09:00:00Z", "zone": "Europe/Oz"}, "zone"),
        ({"rule": FINAL, "fact": "aware_at=soon"}, "fact"),
    ):
        answer = await fleet.http.get(path, params=query, headers=headers)
        assert (answer.status_code, answer.json()["parameter"]) == (422, field)


async def test_deciding_everything_anew_finds_nothing(fleet: Fleet) -> None:
    await fleet.quiet()
    found = await fleet.get("/v1/reconcile", who="admin")
    assert found["cases"] > 50
    assert found["differences"] == []
    refused = await fleet.http.get("/v1/reconcile", headers=fleet.world.headers("psirt"))
    assert refused.status_code == 403
