"""The auditor on the real stack: what nobody was told of in time is raised past Kafka, once."""

import asyncio
import signal

import httpx
import pytest

from deploy.embedded.ports import free_port
from services.deadline_clock.app import app
from tests.component.auditor.conftest import SERVICE, Stage
from tests.component.deadline_clock import story
from tests.neighbours import eventually, neighbours, serving

pytestmark = pytest.mark.stack

FAST = {"PATCHVIGIL_SANDBOX": "true", "PATCHVIGIL_TIME_COMPRESSION": "3600"}
"""T-12h of a 24 h clock fires after twelve seconds."""

OVERDUE_TIMER = """
INSERT INTO kit_timer (id, subject, step, due_at, fire_at)
SELECT gen_random_uuid(), 'subject-' || n, 'T-2h', clock_timestamp() - interval '90 seconds',
    clock_timestamp() - interval '90 seconds' FROM generate_series(1, $1) n
"""
FIRE = "UPDATE kit_timer SET state = 'fired', fired_at = clock_timestamp()"
UNTOLD = """
INSERT INTO kit_outbox (topic, bulk, key, type, id, time, revision, value)
VALUES ('clocks', false, 'C', 'clock.escalated.v1', gen_random_uuid(),
    clock_timestamp() - interval '90 seconds', 1, convert_to(
    '{"step": "T-6h", "clock": {"clock": "01a20441-6de0-7000-9640-f85af5ca7fe1"}}', 'UTF8'))
"""
OPEN = "SELECT count(*) FROM auditor_finding WHERE cleared_at IS NULL"


async def test_a_step_that_a_killed_timer_loop_leaves_is_raised_once_by_webhook_and_mail(
    stage: Stage,
) -> None:
    service = await stage.serve(**FAST)
    await stage.start()
    async with neighbours(stage.world) as wire:
        await wire.publish(story.MAKER, story.product("gateway"))
        await wire.publish(story.scoped("C-1", "gateway"), story.signalled("C-1", "gateway"))
        armed = "SELECT count(*) FROM escalation_step WHERE state = 'armed' AND step = 'T-12h'"

        async def waits() -> bool:
            return bool(await stage.one(armed))

        await eventually(waits)
        await stage.stop(service, signal.SIGKILL)

        def lines() -> list[str]:
            return [line for body in stage.raised("overdue") for line in body["lines"]]

        async def both() -> bool:
            raised = any("C-1" in line and "T-12h, mandatory" in line for line in lines())
            return raised and bool(stage.mails("overdue"))

        for _ in range(3):  # twelve seconds of compressed time, before the patience begins
            await asyncio.sleep(4)
        await eventually(both)
        assert all(call.genuine for call in stage.hooks.to("second"))
        await asyncio.sleep(2)  # several more looks
        steps = "SELECT count(*) = count(DISTINCT (subject, step, due_at)) FROM auditor_finding"
        assert await stage.one(steps)
        told = [
            line for body in stage.raised("overdue") for line in body["lines"] if "-12h" in line
        ]
        assert len(told) == len(set(told))
        assert len(stage.raised("overdue")) == len(stage.mails("overdue"))
        await stage.serve(**FAST)

        async def cleared() -> bool:
            return not await stage.one(OPEN)

        await eventually(cleared)


async def test_many_overdue_steps_are_one_message_and_a_refused_one_is_tried_again_with_its_id(
    stage: Stage,
) -> None:
    stage.hooks.answers["second"] = [500, 503]
    await stage.db.execute(OVERDUE_TIMER, 60)
    await stage.start()

    async def taken() -> bool:
        return bool(await stage.one("SELECT true FROM auditor_alarm WHERE told_at IS NOT NULL"))

    await eventually(taken)
    calls = stage.hooks.to("second")
    assert len(calls) >= 2
    assert len({call.id for call in calls}) == 1
    assert "60 escalation steps" in calls[0].body["summary"]
    assert "and 10 more" in " ".join(calls[0].body["lines"])
    assert len(stage.mails("overdue")) == 1


async def test_a_step_that_fired_but_that_kafka_did_not_take_is_raised(stage: Stage) -> None:
    await stage.db.execute(UNTOLD)
    await stage.start()

    async def raised() -> bool:
        return bool(stage.raised("overdue"))

    await eventually(raised)
    assert "Kafka has not taken" in stage.raised("overdue")[0]["lines"][0]


async def test_a_killed_auditor_raises_nothing_twice_and_says_that_it_was_away(
    stage: Stage,
) -> None:
    await stage.db.execute(OVERDUE_TIMER, 1)
    first = await stage.start()

    async def raised() -> bool:
        return bool(await stage.one("SELECT true FROM auditor_alarm WHERE told_at IS NOT NULL"))

    await eventually(raised)
    await stage.stop(first, signal.SIGKILL)
    await stage.db.execute("UPDATE auditor_run SET seen_at = seen_at - interval '10 minutes'")
    await stage.start()

    async def told() -> bool:
        return bool(stage.raised("auditor_away") and stage.mails("did not run"))

    await eventually(told)
    await asyncio.sleep(1)
    assert len(stage.raised("overdue")) == 1
    assert len(stage.mails("overdue")) == 1
    assert "10 m" in stage.raised("auditor_away")[0]["summary"]


async def test_it_says_once_that_it_cannot_reach_postgresql(stage: Stage) -> None:
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port([])}/none"
    await stage.start(PATCHVIGIL_POSTGRES_DSN=nowhere)

    async def told() -> bool:
        return bool(stage.raised("database_away") and stage.mails("cannot be reached"))

    await eventually(told)
    await asyncio.sleep(1.5)
    assert len(stage.raised("database_away")) == len(stage.mails("cannot be reached")) == 1


async def test_deadline_clock_tells_how_its_auditor_stands(stage: Stage) -> None:
    async def state(http: httpx.AsyncClient) -> dict[str, object]:
        answer = await http.get("/v1/auditor", headers=stage.world.headers("psirt"))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async with serving(app, stage.world, SERVICE) as http:
        before = await state(http)
        assert (before["runs"], before["seen_at"]) == (False, None)
        auditor = await stage.start()

        async def runs() -> bool:
            return bool((await state(http))["runs"])

        await eventually(runs)
        assert (await state(http))["channels"] == ["webhook", "mail"]
        await stage.stop(auditor)
        await stage.db.execute("UPDATE auditor_run SET seen_at = seen_at - interval '2 minutes'")
        assert not (await state(http))["runs"]
