"""Intake in this process on the real stores, and an integration that signs its records."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.intake.app import app
from tests.neighbours import Neighbours, eventually, neighbours, serving
from tests.world import World

SIGNER = "feed-mirror"


@dataclass(frozen=True, slots=True)
class Intake:
    """The running service, its client, and the world around it."""

    world: World
    client: httpx.AsyncClient
    others: Neighbours
    key: Ed25519PrivateKey

    async def post(
        self, document: bytes | str, who: str = "integration", **params: Any
    ) -> httpx.Response:
        return await self.client.post(
            "/v1/submissions", content=document, params=params, headers=self.world.headers(who)
        )

    async def get(self, path: str, who: str = "psirt", **params: Any) -> httpx.Response:
        return await self.client.get(path, params=params, headers=self.world.headers(who))

    async def publish(
        self,
        value: bytes,
        name: str,
        topic: str = "submissions",
        *,
        signed: bool = True,
        **more: str,
    ) -> None:
        headers = [("ce_subject", name.encode())]
        headers += [(key.replace("_", "-"), text.encode()) for key, text in more.items()]
        if signed:
            signature = base64.b64encode(self.key.sign(value))
            headers += [("pv-principal", SIGNER.encode()), ("pv-signature", signature)]
        await self.others.send(topic, value, f"{SIGNER}/{name}", headers)

    async def fate(self, document: str, status: str | None = None) -> dict[str, Any]:
        """What became of the document that was published last under a name."""

        async def look() -> dict[str, Any] | None:
            found = (await self.get("/v1/submissions", limit=500)).json()["items"]
            mine = [each for each in found if each["document"] == document]
            done = [each for each in mine if status is None or each["status"] == status]
            return done[0] if done else None

        fate: dict[str, Any] = await eventually(look)
        return fate


@pytest_asyncio.fixture(scope="module")
async def intake(world: World) -> AsyncIterator[Intake]:
    """Intake, running."""
    key = Ed25519PrivateKey.generate()
    _enrol(Path(world.stack.principals_file), key)
    async with serving(app, world, "intake") as client, neighbours(world) as others:
        yield Intake(world, client, others, key)


def _enrol(principals: Path, key: Ed25519PrivateKey) -> None:
    known = yaml.safe_load(principals.read_text())
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    known["principals"].append(
        {
            "id": SIGNER,
            "name": "Feed mirror",
            "kind": "integration",
            "roles": ["integration"],
            "public_key": public,
        }
    )
    principals.write_text(yaml.safe_dump(known))
