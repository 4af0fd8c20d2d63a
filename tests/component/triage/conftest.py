"""Triage running on the real stack, with its neighbours on the wire and people at its HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from schemas.cases import CaseOpened
from services.triage.app import app
from tests.neighbours import Neighbours, eventually, neighbours, serving
from tests.world import World


@dataclass(frozen=True, slots=True)
class Triage:
    """The service with everybody around it."""

    world: World
    wire: Neighbours
    client: httpx.AsyncClient

    async def get(self, path: str, who: str = "psirt", **query: str) -> Any:
        answer = await self.client.get(path, headers=self.world.headers(who), params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: dict[str, Any], who: str = "psirt") -> httpx.Response:
        return await self.client.post(path, json=body, headers=self.world.headers(who))

    async def done(self, path: str, body: dict[str, Any], who: str = "psirt") -> Any:
        answer = await self.post(path, body, who)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    async def case_of(self, vulnerability: str) -> str:
        return (await self.wire.event(CaseOpened, vulnerability=vulnerability)).case

    async def until(self, check: Callable[[], Awaitable[Any]]) -> Any:
        return await eventually(check)

    async def sql(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """Look into, or meddle with, the service's own schema."""
        db = await asyncpg.connect(
            self.world.dsn("triage"), server_settings={"search_path": "triage"}
        )
        try:
            return await db.fetch(statement, *values)
        finally:
            await db.close()

    async def difference(self) -> int:
        return int((await self.get("/v1/reconcile", "admin"))["difference"])


@pytest.fixture(scope="module")
async def triage(world: World) -> AsyncIterator[Triage]:
    async with neighbours(world) as wire, serving(app, world, "triage") as client:
        yield Triage(world, wire, client)
