"""Deliveries again, waits that end, and documents that meet: nothing lost, nothing told twice."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from schemas.advisories import AdvisoryPublished
from schemas.sboms import SbomRegistered
from schemas.submissions import SubmissionRejected
from services.intake import desk
from services.intake.handlers import submission
from services.kit import clock
from services.kit.actors import Actor
from services.kit.records import Headers, RawRecord
from services.kit.unit import Units
from tests.component.intake import documents
from tests.component.intake.conftest import Intake
from tests.component.intake.documents import encoded

pytestmark = pytest.mark.stack


def units(intake: Intake) -> Units:
    """The running service's units of work."""
    transport = intake.client._transport
    found: Units = getattr(transport, "app").state.context.units  # noqa: B009
    return found


async def count(intake: Intake, query: str, *values: object) -> int:
    db = await asyncpg.connect(
        intake.world.dsn("intake"), server_settings={"search_path": "intake"}
    )
    try:
        found: int = await db.fetchval(query, *values)
    finally:
        await db.close()
    return found


async def test_a_record_delivered_again_with_the_inbox_emptied_changes_nothing(
    intake: Intake,
) -> None:
    first = encoded(documents.cve(8001, fixed="2.0"))
    second = encoded(documents.cve(8001, fixed="3.0", updated="2026-06-01T00:00:00Z"))
    await intake.publish(first, "again-1")
    await intake.fate("again-1")
    await intake.publish(second, "again-1")
    await intake.others.events(AdvisoryPublished, at_least=2, advisory="cve/CVE-2026-8001")
    headers = Headers({"ce_subject": "again-2"})
    actor = submission_actor()
    records = [
        RawRecord("submissions", 0, 10**9 + n, clock.now(), None, raw, headers, actor)
        for n, raw in enumerate((encoded(documents.cve(8002)), encoded(documents.cve(8003))))
    ]
    for _ in range(3):
        async with units(intake).begin() as unit:
            await desk.take_in(unit, [submission(each, unit) for each in records])
    assert await count(intake, "SELECT count(*) FROM submission WHERE document = 'again-2'") == 2
    assert len(await intake.others.events(AdvisoryPublished, advisory="cve/CVE-2026-8002")) == 1


def submission_actor() -> Actor:
    return Actor("feed-mirror", "Feed mirror", "integration", frozenset({"integration"}))


async def test_a_wait_in_vain_ends_in_a_rejection_that_says_how_to_mend_it(intake: Intake) -> None:
    answer = await intake.post(encoded(documents.sbom("Nobody", "1")), name="nobody")
    armed = await count(
        intake,
        "SELECT extract(epoch FROM due_at - now())::int FROM kit_timer WHERE subject = $1",
        f"submission/{answer.json()['id']}",
    )
    assert timedelta(days=6, hours=23) < timedelta(seconds=armed) <= timedelta(days=7)
    await count(
        intake,
        "UPDATE kit_timer SET fire_at = now(), due_at = due_at WHERE subject = $1 RETURNING 1",
        f"submission/{answer.json()['id']}",
    )
    rejection = await intake.others.event(SubmissionRejected, document="nobody")
    assert (rejection.code, "register the product" in rejection.mend) == ("unknown_product", True)
    shown = (await intake.get(answer.headers["location"])).json()
    assert shown["status"] == "rejected"
    await intake.post(documents.product("nobody", "1"), name="late-nobody")
    again = await intake.post(encoded(documents.sbom("Nobody", "1")), name="nobody")
    assert again.json()["status"] == "published"


async def test_an_sbom_and_its_product_never_miss_each_other(intake: Intake) -> None:
    async def meet(number: int) -> None:
        bom = intake.post(encoded(documents.sbom(f"meet{number}", "1")), name=f"bom{number}")
        product = intake.post(documents.product(f"meet{number}", "1"), name=f"product{number}")
        calls = [bom, product] if number % 2 else [product, bom]
        answers = await asyncio.gather(*calls)
        assert {each.status_code for each in answers} == {202}

    for start in range(0, 40, 4):
        await asyncio.gather(*(meet(number) for number in range(start, start + 4)))
    assert await count(intake, "SELECT count(*) FROM sbom WHERE product LIKE 'meet%'") == 40
    assert (await intake.get("/v1/reconcile", who="admin")).json() == {"differences": []}
    boms = await intake.others.events(SbomRegistered, at_least=40)
    met = [each.product for each in boms if each.product.startswith("meet")]
    assert len(met) == len(set(met)) == 40


async def test_an_sbom_meets_its_product_that_comes_later_in_the_same_batch(
    intake: Intake,
) -> None:
    values = [
        encoded(documents.sbom("together", "1", components=1)),
        encoded(documents.sbom("together", "1", components=3)),
        documents.product("together", "1").encode(),
    ]
    records = [
        RawRecord(
            "submissions", 1, 10**9 + n, clock.now(), None, raw,
            Headers({"ce_subject": f"together-{n}"}), submission_actor(),
        )
        for n, raw in enumerate(values)
    ]  # fmt: skip
    async with units(intake).begin() as unit:
        await desk.take_in(unit, [submission(each, unit) for each in records])
    fates = [(await intake.fate(f"together-{n}"))["status"] for n in range(3)]
    assert fates == ["superseded", "published", "published"]
    event = await intake.others.event(SbomRegistered, product="together")
    assert len(event.components) == 3
    assert (await intake.get("/v1/reconcile", who="admin")).json() == {"differences": []}


async def test_the_same_document_from_many_at_once_is_published_once(intake: Intake) -> None:
    record = encoded(documents.cve(8100))
    answers = await asyncio.gather(
        *(intake.post(record, name="same", source=f"mirror-{n % 3}") for n in range(9))
    )
    assert sorted(each.json()["status"] for each in answers) == ["published"] + ["unchanged"] * 8


async def test_an_idempotency_key_repeats_the_answer(intake: Intake) -> None:
    headers = intake.world.headers("integration") | {"Idempotency-Key": "once-1"}
    record = encoded(documents.cve(8101))
    first, second = [
        await intake.client.post("/v1/submissions", content=record, headers=headers)
        for _ in range(2)
    ]
    assert first.json() == second.json()
    assert first.json()["status"] == "published"
