"""Drills on the real stack: deadline-clock starts one, notification pages and drafts it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from schemas.clocks import ClockEscalated, ClockEvent, ClockStarted
from services.cli import drills
from services.deadline_clock.app import app as deadline_clock
from services.notification.app import app as notification
from tests.component.notification.receivers import Hooks, Inbox, hooks, inbox
from tests.component.notification.stage import roster
from tests.neighbours import eventually, neighbours, read_all, serving, type_of
from tests.world import World

pytestmark = pytest.mark.stack

RECEIVERS = ("psirt-1", "psirt-2", "platform-1", "tickets")


@dataclass(frozen=True, slots=True)
class Exercise:
    """Deadline-clock and notification, and those who receive its messages."""

    clock: httpx.AsyncClient
    notification: httpx.AsyncClient
    hooks: Hooks
    mail: Inbox
    world: World

    async def get(self, client: httpx.AsyncClient, path: str, **query: str) -> Any:
        answer = await client.get(path, params=query, headers=self.world.headers("psirt"))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(
        self, client: httpx.AsyncClient, path: str, body: dict[str, Any], status: int,
        who: str = "psirt",
    ) -> Any:  # fmt: skip
        answer = await client.post(path, json=body, headers=self.world.headers(who))
        assert answer.status_code == status, answer.text
        return answer.json()

    async def start(self, minutes: int = 60) -> dict[str, Any]:
        return dict(await self.post(self.clock, "/v1/drills", {"minutes": minutes}, 201))

    async def alerts(self, case: str) -> list[dict[str, Any]]:
        return list((await self.get(self.notification, "/v1/alerts", case=case))["items"])

    async def paged(self, case: str) -> dict[str, Any]:
        async def delivered() -> dict[str, Any] | None:
            for alert in await self.alerts(case):
                if any(each["delivered_at"] for each in alert["deliveries"]):
                    return alert
            return None

        return dict(await eventually(delivered))

    async def draft(self, case: str) -> dict[str, Any]:
        async def prepared() -> dict[str, Any] | None:
            found = await self.get(self.notification, "/v1/drafts", case=case)
            return found["items"][0] if found["items"] else None

        return dict(await eventually(prepared))

    async def said(self, case: str) -> list[ClockEvent]:
        records = await read_all(self.world, ["clocks"])
        events = [type_of(each).model_validate_json(each.value) for each in records]
        return [each for each in events if isinstance(each, ClockEvent) and each.key == case]


@pytest.fixture(scope="module")
async def exercise(world: World) -> AsyncIterator[Exercise]:
    secrets = {name: f"secret of {name}".encode() for name in RECEIVERS}
    async with hooks(secrets) as calls, inbox() as mail, neighbours(world):
        settings = {"PATCHVIGIL_ROSTER_FILE": str(roster(world.folder, calls, mail))}
        async with (
            serving(deadline_clock, world, "deadline-clock") as clock,
            serving(notification, world, "notification", **settings) as told,
        ):
            yield Exercise(clock, told, calls, mail, world)


async def test_a_drill_pages_through_the_roster_and_is_marked_wherever_it_is_read(
    exercise: Exercise,
) -> None:
    drill = await exercise.start()
    case = drill["drill"]
    assert case.startswith("DRILL-")
    alert = await exercise.paged(case)
    assert alert["content"]["summary"].startswith("DRILL - [DRILL: ")
    assert alert["content"]["drill"] is True
    assert alert["content"]["duty"].startswith("DRILL")
    [call] = exercise.hooks.to("psirt-1", kind="page", alert=alert["alert"])
    assert call.body["summary"].startswith("DRILL")

    async def mailed() -> list[Any]:
        return [each for each in exercise.mail.to("psirt-1@example.org") if case in str(each)]

    mail = (await eventually(mailed))[0]
    assert mail["Subject"].startswith("DRILL")
    assert "nothing of this is real" in mail.get_content()
    draft = await exercise.draft(case)
    document = await exercise.get(exercise.notification, f"/v1/drafts/{draft['draft']}.json")
    assert document["legal_duty"].startswith("DRILL")
    events = await exercise.said(case)
    assert {type(each) for each in events} >= {ClockStarted, ClockEscalated}
    assert all(each.clock.drill for each in events)


async def test_a_drill_is_in_no_list_of_what_is_real(exercise: Exercise) -> None:
    case = (await exercise.start())["drill"]
    await exercise.paged(case)
    await exercise.draft(case)
    for client, path in (
        (exercise.clock, "/v1/clocks"),
        (exercise.notification, "/v1/alerts"),
        (exercise.notification, "/v1/drafts"),
    ):
        everything = await exercise.get(client, path)
        assert everything["items"] == []
        assert (await exercise.get(client, path, case=case))["items"]
    answer = await exercise.clock.get("/v1/reconcile", headers=exercise.world.headers("admin"))
    assert answer.json()["differences"] == []
    assert answer.json()["cases"] == 0


async def test_a_drill_is_neither_approved_nor_recorded_as_filed(exercise: Exercise) -> None:
    drill = await exercise.start()
    draft = await exercise.draft(drill["drill"])
    filing = {
        "clock": drill["clock"], "receipt": "r-1", "filed_at": datetime.now(UTC).isoformat(),
        "products": ["drill-product"], "draft": draft["draft"], "revision": draft["revision"],
    }  # fmt: skip
    refused = await exercise.post(
        exercise.notification, "/v1/filings", filing, 409, who="regulatory"
    )
    assert "drill" in refused["detail"]
    approval = {"revision": draft["revision"], "digest": draft["digest"]}
    path = f"/v1/drafts/{draft['draft']}/approve"
    await exercise.post(exercise.notification, path, approval, 409, who="regulatory")


async def test_its_times_are_those_of_its_alert_and_its_draft(exercise: Exercise) -> None:
    drill = await exercise.start()
    case = drill["drill"]
    alert = await exercise.paged(case)
    await exercise.draft(case)
    path = f"/v1/alerts/{alert['alert']}/ack"
    await exercise.post(exercise.notification, path, {}, 200)

    class Opened:
        """The command line's door, answering from what the services say."""

        def __init__(self, answers: dict[str, list[Any]]) -> None:
            self.answers = answers

        def items(self, _service: str, path: str, **_: str) -> list[Any]:
            return self.answers[path]

    drafts = (await exercise.get(exercise.notification, "/v1/drafts", case=case))["items"]
    opened = Opened({"/v1/alerts": await exercise.alerts(case), "/v1/drafts": drafts})
    found = drills.measured(opened, drill)  # type: ignore[arg-type]
    assert 0 < found["seconds_to_page"] < found["seconds_to_acknowledge"]
    assert found["seconds_to_draft"] > 0
    assert found["acknowledged_by"] == "psirt"


async def test_a_drill_ends_by_an_act_and_its_alerts_with_it(exercise: Exercise) -> None:
    drill = await exercise.start()
    case = drill["drill"]
    await exercise.paged(case)
    ended = await exercise.post(
        exercise.clock, f"/v1/drills/{case}/end", {"because": "everybody answered"}, 200
    )
    assert ended["ended_because"] == "everybody answered"

    async def resolved() -> bool:
        return all(each["state"] == "resolved" for each in await exercise.alerts(case))

    await eventually(resolved)
    shown = await exercise.get(exercise.clock, f"/v1/clocks/{drill['clock']}")
    assert shown["state"] == "not_applicable"
    assert {each["state"] for each in shown["alarms"]} <= {"fired", "taken_back"}
    again = await exercise.get(exercise.clock, "/v1/drills")
    assert case in [each["drill"] for each in again["items"]]


async def test_a_schedule_begins_a_drill_by_itself_and_sets_the_next(exercise: Exercise) -> None:
    body = {"every_days": 30, "local_time": "10:30", "zone": "Europe/Berlin", "minutes": 5}
    path = "/v1/drill-schedule"
    found = await exercise.post(exercise.clock, path, body, 200, who="admin")
    next_at = datetime.fromisoformat(found["next_at"])
    assert (next_at - datetime.now(UTC)).days in {29, 30}
    before = await exercise.get(exercise.clock, "/v1/drills")
    context = exercise.clock._transport.app.state.context  # type: ignore[attr-defined]
    sooner = "UPDATE kit_timer SET fire_at = clock_timestamp() WHERE subject = 'drill/schedule'"
    await context.pool.execute(sooner + " AND state = 'armed'")

    async def begun() -> bool:
        now = await exercise.get(exercise.clock, "/v1/drills")
        return len(now["items"]) > len(before["items"])

    await eventually(begun)
    newest = (await exercise.get(exercise.clock, "/v1/drills"))["items"][0]
    assert newest["started_by"] == "schedule of admin"
    off = await exercise.post(exercise.clock, path, {"every_days": 0}, 200, who="admin")
    assert off is None
    await asyncio.sleep(0)
    wrong = await exercise.post(exercise.clock, path, body | {"zone": "Nowhere/None"}, 422, "admin")
    assert "Nowhere/None" in str(wrong)
