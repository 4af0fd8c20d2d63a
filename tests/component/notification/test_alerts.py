"""From an escalated clock to people: pages, tickets, acknowledgements, and whom to try next."""

import asyncio
import re
from datetime import datetime, timedelta

import asyncpg
import pytest

from schemas.alerts import AlertAcknowledged, AlertDelivered, AlertRaised, AlertUndelivered
from schemas.clocks import ClockMet, ClockMode, ClockMoved, ClockState, Severity
from services.kit import locks
from services.notification import drafting
from tests.component.notification.conftest import Running
from tests.component.notification.stage import Stage, settled
from tests.neighbours import eventually


async def test_an_escalation_reaches_webhook_and_mail_with_what_a_page_must_say(
    service: Running, stage: Stage
) -> None:
    await stage.facts()
    clock = stage.clock()
    await stage.start(clock)
    await stage.draft()
    await service.others.publish(stage.step(clock))
    raised = await service.others.event(AlertRaised, case=stage.case)

    async def delivered() -> bool:
        found = await service.others.events(AlertDelivered, case=stage.case, at_least=2)
        return {each.channel for each in found} == {"webhook", "email"}

    assert await eventually(delivered)
    [call] = service.hooks.to("psirt-1", alert=raised.alert)
    assert call.genuine
    assert call.body["kind"] == "page"
    assert call.body["dedup_key"] == f"pv:{clock.clock}:{_epoch(clock)}:start"
    assert call.body["content"]["do_not"]
    assert call.body["content"]["draft"]["missing"] == []
    [mail] = [m for m in service.mail.to("psirt-1@example.org") if stage.case in m["Subject"]]
    text = mail.get_content()
    for wanted in (
        "23 h 0 m left", "CRA 24 h early warning", "cra.aev.early_warning (verified)",
        "cra@2026.11.21", "mandatory", "aware_at", "set by psirt", "a filing is recorded",
        "prepared, not sent", "Europe/Berlin", "/ack/",
        "Engineer psirt-2, if nobody acknowledges within 15 min",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert service.hooks.to("psirt-2", alert=raised.alert) == []


async def test_a_page_leaves_while_its_draft_waits(service: Running, stage: Stage) -> None:
    await stage.facts()
    clock = stage.clock()
    db = await asyncpg.connect(stage.world.dsn("notification"))
    try:
        async with db.transaction():  # as whoever prepares or fills a draft of the case would
            await locks.take(db, "notification", drafting.LOCK, [stage.case])
            await stage.start(clock)
            await service.others.publish(stage.step(clock))

            async def told() -> bool:
                return bool(service.hooks.to("psirt-1", alert=found["alert"]))

            found = await stage.alert(state="open")
            assert await eventually(told)
            assert (await stage.get(f"/v1/drafts?case={stage.case}"))["items"] == []
    finally:
        await db.close()
    [call] = service.hooks.to("psirt-1", alert=found["alert"])
    assert call.body["summary"].endswith("draft is being prepared")
    draft = await stage.draft()
    assert call.body["draft_url"].endswith(f"/v1/drafts/{draft['draft']}.html")


async def test_a_page_that_arrives_after_its_alert_ended_is_closed_where_it_rang(
    service: Running, stage: Stage
) -> None:
    service.hooks.answers["psirt-1"] = [503]
    clock = stage.clock()
    await service.others.publish(stage.step(clock))
    found = await stage.alert(state="open")

    async def tried() -> bool:
        return bool(service.hooks.to("psirt-1", alert=found["alert"]))

    assert await eventually(tried)
    db = await asyncpg.connect(stage.world.dsn("notification"))
    try:
        # The alert ends while a try is under way: accepted there, not yet recorded here.
        await db.execute("SET search_path TO notification")
        delivery = await db.fetchval(
            "UPDATE delivery SET next_at = 'infinity' WHERE alert = $1 AND channel = 'webhook'"
            " RETURNING delivery",
            found["alert"],
        )
        met = clock.model_copy(update={"state": ClockState.MET})
        await service.others.publish(ClockMet(clock=met, by="filing f-1"))
        await stage.alert(alert=found["alert"], state="resolved")
        await db.execute(
            "UPDATE delivery SET state = 'queued', next_at = now() WHERE delivery = $1", delivery
        )
    finally:
        await db.close()

    async def closed() -> bool:
        return bool(service.hooks.to("psirt-1", alert=found["alert"], kind="resolved"))

    assert await eventually(closed)


def _epoch(clock: object) -> int:
    due = getattr(clock, "due_operational")  # noqa: B009  (any clock)
    return int(due.timestamp())


async def test_when_nobody_acknowledges_the_next_person_is_tried_and_then_the_platform_is_told(
    service: Running, stage: Stage
) -> None:
    await service.others.publish(stage.step(stage.clock(), target="impatient"))
    found = await stage.alert(state="exhausted")
    assert found["because"] == "psirt-2 did not acknowledge in time"
    name = found["alert"]

    async def told() -> bool:
        return all(
            service.hooks.to(who, alert=name) for who in ("psirt-1", "psirt-2", "platform-1")
        )

    assert await eventually(told)
    queued = {each["to"]: each["queued_at"] for each in found["deliveries"]}
    raised, second = (datetime.fromisoformat(t) for t in (found["raised_at"], queued["psirt-2"]))
    assert second - raised >= timedelta(seconds=1)
    assert service.hooks.to("platform-1", alert=name)[0].body["kind"] == "exhausted"
    exhausted = await service.others.event(AlertUndelivered, alert=name, exhausted=True)
    assert exhausted.to == "psirt-2"


async def test_an_undeliverable_page_goes_to_the_next_person_at_once(
    service: Running, stage: Stage
) -> None:
    service.mail.refused.add("mail-only@example.org")
    await service.others.publish(stage.step(stage.clock(), target="by-mail"))
    found = await stage.alert(turn_of="psirt-2")
    failed = await service.others.event(AlertUndelivered, alert=found["alert"])
    assert (failed.to, failed.exhausted) == ("mail-only", False)
    assert "refused" in failed.error

    async def told() -> bool:
        return bool(service.hooks.to("psirt-2", alert=found["alert"]))

    assert await eventually(told)


async def test_a_receiver_that_fails_for_a_moment_gets_the_same_message_again(
    service: Running, stage: Stage
) -> None:
    service.hooks.answers["psirt-2"] = [503, 429]
    await service.others.publish(stage.step(stage.clock(), target="impatient"))

    async def three() -> bool:
        return len(service.hooks.to("psirt-2", summary=_summary(service, stage))) == 3

    assert await eventually(three)
    calls = service.hooks.to("psirt-2", summary=_summary(service, stage))
    assert len({call.id for call in calls}) == 1


def _summary(service: Running, stage: Stage) -> str | None:
    found = [c.body["summary"] for c in service.hooks.calls if stage.case in c.body["summary"]]
    return found[0] if found else None


async def test_an_acknowledgement_link_asks_on_get_and_works_once_on_post(
    service: Running, stage: Stage
) -> None:
    await service.others.publish(stage.step(stage.clock()))
    found = await stage.alert(state="open")

    async def link() -> str | None:
        calls = service.hooks.to("psirt-1", alert=found["alert"])
        return str(calls[0].body["ack_url"]) if calls else None

    url = await eventually(link)
    for _ in range(2):  # a mail scanner follows it, and nothing happens
        asked = await service.client.get(url)
        assert asked.status_code == 200
        assert "Acknowledge this page?" in asked.text
        assert asked.headers["content-security-policy"].startswith("default-src 'self'")
    assert (await stage.alert(alert=found["alert"]))["state"] == "open"
    done = await service.client.post(url)
    assert (done.status_code, "The clock runs on" in done.text) == (200, True)
    told = await service.others.event(AlertAcknowledged, alert=found["alert"])
    assert (told.by, told.through) == ("psirt-1", "link")
    assert (await service.client.post(url)).status_code == 410
    assert (await service.client.get(url)).status_code == 410
    damaged = re.sub(r".$", "A" if not url.endswith("A") else "B", url)
    assert (await service.client.post(damaged)).status_code == 410


async def test_an_acknowledged_step_does_not_mute_the_next_one(
    service: Running, stage: Stage
) -> None:
    clock = stage.clock()
    await service.others.publish(stage.step(clock))
    first = await stage.alert(step="start")
    answer = await stage.post(f"/v1/alerts/{first['alert']}/ack")
    assert answer.status_code == 200, answer.text
    assert answer.json()["acknowledged_by"] == "psirt"
    again = await stage.post(f"/v1/alerts/{first['alert']}/ack")
    assert again.status_code == 409
    await service.others.publish(stage.step(clock, "T-12h"))
    second = await stage.alert(step="T-12h")

    async def told() -> bool:
        return bool(service.hooks.to("psirt-1", alert=second["alert"]))

    assert await eventually(told)
    assert (await stage.alert(alert=first["alert"], state="resolved"))["because"] == (
        "step T-12h was told"
    )


async def test_a_shadow_clock_is_a_ticket_whatever_the_rule_asks_for(
    service: Running, stage: Stage
) -> None:
    clock = stage.clock(mode=ClockMode.SHADOW, mode_reason="a medical device: Article 2(2)")
    await service.others.publish(stage.step(clock, severity=Severity.PAGE))
    found = await stage.alert(kind="ticket")

    async def told() -> bool:
        return bool(service.hooks.to("tickets", alert=found["alert"]))

    assert await eventually(told)
    [call] = service.hooks.to("tickets", alert=found["alert"])
    assert call.genuine
    assert call.body["kind"] == "ticket"
    assert "not a legal duty" in call.body["summary"]
    assert call.body["ack_url"] is None
    assert service.hooks.to("psirt-1", alert=found["alert"]) == []
    assert not [m for m in service.mail.mails if stage.case in m["Subject"]]


async def test_an_initial_load_is_one_page_that_lists_its_cases(
    service: Running, stage: Stage
) -> None:
    cases = tuple(f"{stage.case}-{n}" for n in range(40))
    await service.others.publish(stage.step(stage.clock(), cases=cases))
    found = await stage.alert(state="open")
    assert found["content"]["cases"] == list(cases)
    assert "initial load, 40 cases" in found["content"]["summary"]
    assert len(found["content"]["summary"].encode()) <= 1024


async def test_a_met_clock_ends_its_alerts_and_tells_the_pagers(
    service: Running, stage: Stage
) -> None:
    clock = stage.clock()
    await service.others.publish(stage.step(clock))
    found = await stage.alert(state="open")

    async def told() -> bool:
        return bool(service.hooks.to("psirt-1", alert=found["alert"]))

    assert await eventually(told)
    met = clock.model_copy(update={"state": ClockState.MET})
    await service.others.publish(ClockMet(clock=met, by="filing f-1"))
    await stage.alert(alert=found["alert"], state="resolved")

    async def closed() -> bool:
        return bool(service.hooks.to("psirt-1", alert=found["alert"], kind="resolved"))

    assert await eventually(closed)


async def test_a_step_that_arrives_after_its_clock_was_met_wakes_nobody(
    service: Running, stage: Stage
) -> None:
    clock = stage.clock()
    met = clock.model_copy(update={"state": ClockState.MET})
    await service.others.publish(ClockMet(clock=met, by="filing f-1"))
    late = stage.step(clock, "T-6h").model_copy(update={"clock": met})
    await service.others.publish(late)
    found = await stage.alert(step="T-6h")
    assert (found["state"], found["deliveries"]) == ("resolved", [])


async def test_a_moved_deadline_ends_the_old_alert_and_the_same_step_pages_again(
    service: Running, stage: Stage
) -> None:
    clock = stage.clock()
    await service.others.publish(stage.step(clock))
    old = await stage.alert(step="start")
    assert clock.due_operational is not None
    earlier = clock.model_copy(
        update={"due_operational": clock.due_operational - timedelta(hours=3)}
    )
    moved = ClockMoved(
        clock=earlier, previous_state=clock.state, previous_due=clock.due_operational,
        because="awareness was earlier",
    )  # fmt: skip
    await service.others.publish(moved, stage.step(earlier))
    await stage.alert(alert=old["alert"], state="resolved")
    new = await stage.alert(step="start", state="open")
    assert new["dedup_key"] != old["dedup_key"]


@pytest.mark.parametrize("emptied", [False, True])
async def test_a_replay_tells_nobody_anything_twice(
    service: Running, stage: Stage, *, emptied: bool
) -> None:
    await stage.facts()
    clock = stage.clock()
    await stage.start(clock)
    before = await settled(stage)
    step = stage.step(clock)
    await service.others.publish(step, repeat=3)
    found = await stage.alert(state="open")

    async def told() -> bool:
        return bool(service.hooks.to("psirt-1", alert=found["alert"]))

    assert await eventually(told)
    if emptied:  # the same events under other ids: what a replay with an emptied inbox amounts to
        await service.others.publish(stage.registered(), stage.scoped(), step)
    await asyncio.sleep(0.5)
    assert len(service.hooks.to("psirt-1", alert=found["alert"])) == 1
    assert len(await stage.alerts()) == 1
    assert len(await service.others.events(AlertRaised, case=stage.case)) == 1
    assert (await stage.draft())["digest"] == before["digest"]


async def test_a_target_that_the_roster_does_not_know_is_said_in_the_page(
    service: Running, stage: Stage
) -> None:
    step = stage.step(stage.clock(), targets=("ra-head", "psirt-oncall"))
    await service.others.publish(step)
    found = await stage.alert(state="open", turn_of="psirt-1")
    assert found["because"] == "the roster does not know: ra-head"
    await service.others.publish(stage.step(stage.clock(), "T-2h", target="ciso"))
    nobody = await stage.alert(state="exhausted")
    assert (nobody["undelivered"], nobody["chain"]) == (True, [])
    assert [each["to"] for each in nobody["deliveries"]] == ["platform-1"]


async def test_who_is_on_call_is_shown_without_addresses(stage: Stage) -> None:
    found = await stage.get("/v1/oncall?at=2026-11-22T03:00:00Z")
    [target] = [each for each in found["targets"] if each["target"] == "psirt-oncall"]
    assert [person["id"] for person in target["people"]] == ["psirt-1", "psirt-2"]
    assert "example.org" not in str(found)
