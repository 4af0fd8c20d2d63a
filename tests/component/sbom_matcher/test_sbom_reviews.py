"""Revisions of SBOMs, what differs between them, and the review of their completeness."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from schemas.catalogue import ProductRetired
from schemas.sboms import ReviewReason, SbomRegistered, SbomReviewDue, SbomReviewed
from services.kit.unit import Units
from services.sbom_matcher.app import app
from services.sbom_matcher.domain.sboms import review
from services.sbom_matcher.handlers import on_sboms
from tests.component.sbom_matcher.conftest import received
from tests.component.sbom_matcher.facts import NOW, npm, product, sbom
from tests.neighbours import Neighbours, eventually, neighbours, serving
from tests.world import World

pytestmark = pytest.mark.stack

FLAT = ("root", "a-1")
DEEP = (FLAT, ("a-1", "b-1"), ("b-1", "c-1"))


@dataclass(frozen=True, slots=True)
class Desk:
    """The running service as its callers reach it."""

    client: httpx.AsyncClient
    others: Neighbours
    world: World

    async def get(self, path: str, status: int = 200, **query: Any) -> Any:
        headers = self.world.headers("quality")
        answer = await self.client.get(path, params=query, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def review(
        self, name: str, who: str = "quality", status: int = 201, **body: Any
    ) -> dict[str, Any]:
        given = {
            "product": name, "version": "1", "complete": True, "note": "Held against the build",
        }  # fmt: skip
        key = body.pop("key", None)
        headers = self.world.headers(who) | ({"idempotency-key": key} if key else {})
        answer = await self.client.post("/v1/sbom-reviews", json=given | body, headers=headers)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def revisions(self, name: str, at_least: int = 1) -> list[dict[str, Any]]:
        async def look() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = (await self.get("/v1/sbom-revisions", product=name))[
                "items"
            ]
            return found if len(found) >= at_least else []

        found: list[dict[str, Any]] = await eventually(look)
        return found

    async def due(self, name: str, at_least: int = 1) -> list[SbomReviewDue]:
        return await self.others.events(SbomReviewDue, at_least=at_least, product=name)

    async def sql(self, query: str, *values: object) -> Any:
        settings = {"search_path": "sbom_matcher"}
        db = await asyncpg.connect(self.world.dsn("sbom-matcher"), server_settings=settings)
        try:
            return await db.fetchval(query, *values)
        finally:
            await db.close()

    def units(self) -> Units:
        transport = self.client._transport
        found: Units = getattr(transport, "app").state.context.units  # noqa: B009
        return found


@pytest.fixture(scope="module")
async def desk(world: World) -> AsyncIterator[Desk]:
    async with neighbours(world) as others, serving(app, world, "sbom-matcher") as client:
        yield Desk(client, others, world)


def numbered(name: str, revision: int, *versions: str, **more: Any) -> SbomRegistered:
    """The SBOM of three components in these versions, as intake numbers it."""
    parts = [npm(each, number) for each, number in zip("abc", versions or "111", strict=False)]
    return sbom(name, "1", *parts).model_copy(update={"revision": revision, **more})


async def test_a_registered_revision_is_due_for_review_and_its_flat_graph_is_named(
    desk: Desk,
) -> None:
    await desk.others.publish(numbered("flat", 1, root="root", dependencies=(FLAT,)))
    [fact] = await desk.due("flat")
    assert (fact.reason, fact.revision, fact.components) == (ReviewReason.RELEASE, 1, 3)
    assert (fact.depth, fact.flat, fact.last_reviewed_at) == (1, True, None)
    [row] = await desk.revisions("flat")
    assert (row["flat"], row["due"], row["complete"]) == (True, ["release"], None)
    assert row["elements"]["version"] == {"have": 3, "of": 3}


async def test_a_deep_graph_is_not_flat_and_lost_ends_are_counted(desk: Desk) -> None:
    edges = (*DEEP, ("b-1", "gone"))
    await desk.others.publish(numbered("deep", 1, root="root", dependencies=edges))
    [fact] = await desk.due("deep")
    assert (fact.depth, fact.flat, fact.unresolved) == (3, False, 1)


async def test_the_same_record_again_makes_nothing_due_again_with_the_inbox_emptied_too(
    desk: Desk,
) -> None:
    event = numbered("again", 1)
    await desk.others.publish(event, repeat=2)
    await desk.due("again")
    for _ in range(2):
        async with desk.units().begin() as unit:
            await on_sboms(received(event), unit)
    await desk.others.publish(numbered("again", 2, "2"))
    facts = await desk.due("again", at_least=2)
    assert [each.revision for each in facts] == [1, 2]
    assert len(await desk.revisions("again", 2)) == 2
    armed = "SELECT count(*) FROM kit_timer WHERE subject LIKE 'again%' AND state = 'armed'"
    assert await desk.sql(armed) == 1


async def test_a_record_older_than_the_registry_is_matched_and_asks_for_no_review(
    desk: Desk,
) -> None:
    await desk.others.publish(sbom("older", "1", npm("a", "1")), numbered("newer", 1))
    await desk.due("newer")
    found = await desk.get("/v1/sbom-revisions", product="older")
    assert found["items"] == []


async def test_any_two_revisions_are_compared(desk: Desk) -> None:
    first = numbered("diffed", 1, "1", "1")
    third = sbom("diffed", "2", npm("b", "3")).model_copy(update={"revision": 1})
    await desk.others.publish(first, numbered("diffed", 2, "2", "1", "1"), third)
    await desk.revisions("diffed", 3)
    asked: dict[str, Any] = {"product": "diffed", "version": "1", "revision": 1, "to_version": "1"}
    found = await desk.get("/v1/sbom-comparison", **asked)
    assert (found["before"], found["after"], found["unchanged"]) == (1, 2, 1)
    assert [each["name"] for each in found["added"]] == ["c"]
    [changed] = found["changed_version"]
    assert (changed["before"]["version"], changed["after"]["version"]) == ("1", "2")
    across = await desk.get("/v1/sbom-comparison", **{**asked, "to_version": "2"})
    assert [each["name"] for each in across["removed"]] == ["a"]
    absent = await desk.get("/v1/sbom-comparison", 404, **{**asked, "revision": 9})
    assert "diffed@1 revision 9" in absent["detail"]


async def test_a_revision_is_judged_in_full_with_each_component_that_lacks_something(
    desk: Desk,
) -> None:
    await desk.others.publish(numbered("judged", 1, author_stated=True))
    await desk.revisions("judged")
    found = await desk.get("/v1/sbom-quality", product="judged", version="1")
    elements = {each["element"]: each for each in found["elements"]}
    assert (elements["matchable"]["have"], elements["author_of_sbom_data"]["have"]) == (3, 1)
    assert [each["name"] for each in elements["supplier"]["lacking"]] == ["a", "b", "c"]
    assert (found["good"], found["flat"]) == (False, True)


async def test_a_review_meets_what_is_due_is_told_and_audited_and_begins_a_new_quarter(
    desk: Desk,
) -> None:
    await desk.others.publish(numbered("reviewed", 1), numbered("reviewed", 2, "2"))
    facts = await desk.due("reviewed", at_least=2)
    answer = await desk.review("reviewed", complete=False, note="The RTOS lacks its parts")
    told = await desk.others.event(SbomReviewed, product="reviewed")
    assert set(told.meets) == {each.duty for each in facts}
    assert (told.complete, told.revision, told.reviewed_by) == (False, 2, "quality")
    assert (told.review, told.note) == (answer["review"], "The RTOS lacks its parts")
    _, row = await desk.revisions("reviewed", 2)
    assert (row["due"], row["complete"], row["reviewed_by"]) == ([], False, "quality")
    audited = "SELECT count(*) FROM kit_audit WHERE action = 'sbom.reviewed' AND subject LIKE $1"
    assert await desk.sql(audited, "sbom/reviewed@1%") == 1
    due_at = "SELECT due_at FROM kit_timer WHERE subject LIKE 'reviewed%' AND state = 'armed'"
    assert await desk.sql(due_at) == review.next_quarter(told.reviewed_at)
    [listed] = (await desk.get("/v1/sbom-reviews", product="reviewed"))["items"]
    assert listed["review"] == answer["review"]


async def test_a_repeated_request_records_one_review(desk: Desk) -> None:
    await desk.others.publish(numbered("once", 1))
    await desk.due("once")
    first = await desk.review("once", key="once")
    assert await desk.review("once", key="once") == first
    assert len((await desk.get("/v1/sbom-reviews", product="once"))["items"]) == 1


async def test_a_quarter_without_a_review_makes_one_due_and_the_next_one_is_awaited(
    desk: Desk,
) -> None:
    await desk.others.publish(numbered("quarterly", 1))
    await desk.due("quarterly")
    await desk.review("quarterly")
    wake = "UPDATE kit_timer SET fire_at = now() WHERE subject LIKE $1 AND state = 'armed'"
    due_at = await desk.sql(f"{wake} RETURNING due_at", "quarterly%")
    _, fact = await desk.due("quarterly", at_least=2)
    assert (fact.reason, fact.due_since) == (ReviewReason.QUARTER, due_at)
    assert fact.last_reviewed_at is not None
    armed = "SELECT due_at FROM kit_timer WHERE subject LIKE 'quarterly%' AND state = 'armed'"
    assert await desk.sql(armed) == review.next_quarter(due_at)
    [row] = await desk.revisions("quarterly")
    assert row["due"] == ["quarter"]


async def test_a_retired_product_is_not_due(desk: Desk) -> None:
    await desk.others.publish(product("gone", "1"), numbered("gone", 1), numbered("stays", 1))
    await desk.due("gone")
    await desk.others.publish(ProductRetired(last=product("gone", "1"), retired_at=NOW))

    async def retired() -> Any:
        return await desk.sql("SELECT retired FROM product WHERE product = 'gone'")

    await eventually(retired)
    await desk.due("stays")
    wake = "UPDATE kit_timer SET fire_at = now() WHERE state = 'armed' AND subject LIKE ANY($1)"
    await desk.sql(f"{wake} RETURNING 1", ["gone%", "stays%"])
    await desk.due("stays", at_least=2)
    assert len(await desk.due("gone")) == 1


@pytest.mark.parametrize("who", ["integration", "operations", "auditor"])
async def test_a_review_is_the_act_of_a_person_with_the_role(desk: Desk, who: str) -> None:
    await desk.others.publish(numbered(f"by-{who}", 1))
    await desk.due(f"by-{who}")
    refused = await desk.review(f"by-{who}", who, 403)
    assert "lacks the role psirt or quality or regulatory" in refused["detail"]


async def test_a_revision_that_was_replaced_cannot_be_reviewed(desk: Desk) -> None:
    await desk.others.publish(numbered("replaced", 1), numbered("replaced", 2, "2"))
    await desk.due("replaced", at_least=2)
    refused = await desk.review("replaced", status=409, revision=1)
    assert (refused["pointer"], "revision 2" in refused["detail"]) == ("/revision", True)
    unsaid = await desk.review("replaced", status=422, note=" ")
    assert unsaid["pointer"] == "/note"
    assert "nothing@1" in (await desk.review("nothing", status=404))["detail"]
