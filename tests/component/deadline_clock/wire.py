"""Deadline-clock on the wire and over HTTP, as its tests talk to it."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import httpx

from schemas.clocks import ClockEvent
from tests.component.deadline_clock import story
from tests.neighbours import Neighbours, eventually, read_all, type_of
from tests.world import World

WARNING, NOTIFICATION, FINAL = (
    "cra.aev.early_warning",
    "cra.aev.notification",
    "cra.aev.final",
)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The wire, and deadline-clock's HTTP."""

    wire: Neighbours
    http: httpx.AsyncClient
    world: World

    async def publish(self, *events: Any, repeat: int = 1) -> None:
        await self.wire.publish(*events, repeat=repeat)

    async def get(self, path: str, who: str = "psirt", **query: str) -> Any:
        answer = await self.http.get(path, params=query, headers=self.world.headers(who))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def clocks(self, case: str) -> dict[tuple[str, str | None], dict[str, Any]]:
        page = await self.get("/v1/clocks", case=case)
        return {(each["rule"], each["product"]): each for each in page["items"]}

    async def clock(
        self, case: str, rule: str, product: str | None, **equal: Any
    ) -> dict[str, Any]:
        """The clock, once it has these values; without a product where the duty is an entity's."""

        async def has() -> dict[str, Any] | None:
            found = (await self.clocks(case)).get((rule, product))
            wanted = found is not None and all(found[k] == v for k, v in equal.items())
            return found if wanted else None

        return dict(await eventually(has))

    async def said(self, case: str, kind: type[ClockEvent]) -> list[Any]:
        """What was said of a case's clocks on the wire, of one kind."""
        return await self.said_of([case], kind)

    async def said_of(self, cases: Collection[str], kind: type[ClockEvent]) -> list[Any]:
        """What was said of the clocks of these cases on the wire, of one kind."""
        records = await read_all(self.world, ["clocks"])
        events = [type_of(each).model_validate_json(each.value) for each in records]
        return [each for each in events if type(each) is kind and each.key in cases]

    async def quiet(self) -> None:
        """Wait until the service has taken everything that was published so far."""
        marker = f"marker-{asyncio.get_running_loop().time()}"
        await self.publish(
            *(
                story.signalled(f"{marker}-{n}", "gateway", signal=f"{marker}-{n}")
                for n in range(12)
            )
        )
        for n in range(12):
            await self.clock(f"{marker}-{n}", WARNING, "gateway")
