"""Each transition of a finding, as the matcher really tells it, and what triage makes of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx
import pytest

from schemas.advisories import AdvisoryWithdrawn, Range, Score, Status
from schemas.cases import CaseClosed, CaseOpened, RiskAssessed
from services.sbom_matcher.app import app as matcher
from services.triage.app import app as triage
from tests.component.sbom_matcher.facts import advisory, npm, on_npm, product, sbom
from tests.neighbours import Neighbours, eventually, neighbours, serving
from tests.world import World

pytestmark = pytest.mark.stack

NUMBERS = count(1)
EVERY = Range()
BELOW_2 = Range(fixed="2.0.0")
SEVERE = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
MILD = "CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"


@dataclass(frozen=True, slots=True)
class Story:
    """A product with a vulnerable component, and the case that its advisory opened."""

    world: World
    wire: Neighbours
    client: httpx.AsyncClient
    number: int
    case: str

    @property
    def cve(self) -> str:
        return f"CVE-2026-77{self.number:02}"

    @property
    def source(self) -> str:
        return f"osv/t{self.number}"

    async def page(self) -> dict[str, Any]:
        return await self._get(f"/v1/cases/{self.case}")

    async def scope(self, *statuses: str) -> dict[str, Any]:
        """Wait until the case's product versions have these statuses; its page."""

        async def check() -> dict[str, Any] | None:
            page = await self.page()
            return page if [each["status"] for each in page["scope"]] == [*statuses] else None

        found: dict[str, Any] = await eventually(check)
        return found

    async def told(self, words: str) -> str:
        """Wait for an entry of the case's timeline that says this."""

        async def check() -> str | None:
            page = await self._get(f"/v1/cases/{self.case}/timeline")
            summaries: list[str] = [each["summary"] for each in page["items"]]
            return next((each for each in summaries if words in each), None)

        found: str = await eventually(check)
        return found

    async def _get(self, path: str) -> dict[str, Any]:
        answer = await self.client.get(path, headers=self.world.headers("psirt"))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture(scope="module")
async def fleet(world: World) -> AsyncIterator[tuple[Neighbours, httpx.AsyncClient]]:
    async with (
        neighbours(world) as wire,
        serving(matcher, world, "sbom-matcher"),
        serving(triage, world, "triage") as client,
    ):
        yield wire, client


@pytest.fixture
async def story(world: World, fleet: tuple[Neighbours, httpx.AsyncClient]) -> Story:
    wire, client = fleet
    made = Story(world, wire, client, next(NUMBERS), "")
    await wire.publish(product(f"pump-{made.number}", "1.0"))
    await wire.publish(sbom(f"pump-{made.number}", "1.0", npm(f"lib-{made.number}", "1.4.0")))
    await says(made, EVERY, score=SEVERE, base=9.8)
    opened = await wire.event(CaseOpened, vulnerability=made.cve)
    found = Story(world, wire, client, made.number, opened.case)
    await found.scope("affected")
    return found


async def says(story: Story, *ranges: Range, score: str, base: float) -> None:
    await story.wire.publish(
        advisory(
            story.source,
            story.cve,
            on_npm(f"lib-{story.number}", *ranges),
            scores=(Score(asserter="cna", version="3.1", vector=score, base=base),),
        )
    )


async def still_open(story: Story) -> None:
    """A person closes a case, whatever the matcher finds."""
    assert (await story.page())["status"] == "open"
    closed = await story.wire.events(CaseClosed, at_least=0)
    assert story.case not in {each.case for each in closed}


async def test_a_withdrawn_advisory_takes_the_product_out_and_leaves_the_case_to_a_person(
    story: Story,
) -> None:
    await story.wire.publish(
        AdvisoryWithdrawn(
            advisory=story.source,
            vulnerabilities=(story.cve,),
            reason="in error",
            withdrawn_at=datetime.now(UTC),
        )
    )
    page = await story.scope("not_affected")
    assert not page["bearing"]
    await story.told("in error")
    await story.told("finding cleared")
    await still_open(story)


async def test_a_severity_that_changes_is_proposed_as_another_band(story: Story) -> None:
    before = await story.wire.event(RiskAssessed, case=story.case)
    await says(story, EVERY, score=MILD, base=1.6)
    told = await story.wire.events(RiskAssessed, at_least=2, case=story.case)
    assert told[-1].proposed
    assert (told[-1].score, told[-1].band) != (before.score, before.band)
    await story.scope("affected")


async def test_a_fixed_version_that_becomes_known_is_told_in_the_case(story: Story) -> None:
    await says(story, BELOW_2, score=SEVERE, base=9.8)
    assert "finding changed" in await story.told("fixed in 2.0.0")
    await story.scope("affected")


async def test_a_component_that_leaves_with_a_new_sbom_takes_the_product_out(story: Story) -> None:
    await says(story, BELOW_2, score=SEVERE, base=9.8)
    await story.told("fixed in 2.0.0")
    await story.wire.publish(
        sbom(f"pump-{story.number}", "1.0", npm(f"lib-{story.number}", "2.0.0"))
    )
    page = await story.scope("not_affected")
    assert not page["bearing"]
    assert "no longer in" in await story.told("finding cleared")
    await still_open(story)


async def test_a_statement_of_ours_takes_the_product_out_and_says_by_whom(story: Story) -> None:
    await story.wire.publish(
        advisory(
            f"openvex/{story.number}",
            story.cve,
            on_npm(
                f"lib-{story.number}",
                asserter="Example PSIRT",
                author="psirt",
                status=Status.NOT_AFFECTED,
                product=f"pump-{story.number}",
                justification="component_not_present",
            ),
        )
    )
    page = await story.scope("not_affected")
    assert not page["bearing"]
    await story.told("by a statement of our own")
    await still_open(story)
