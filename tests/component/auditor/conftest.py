"""A world whose deadline-clock can be stopped, and an auditor's process with a second path."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.embedded.ports import free_port
from services.kit.database import open_pool
from services.kit.migration import migrate
from services.kit.settings import Settings
from tests.component.notification.receivers import Hooks, Inbox, hooks, inbox
from tests.world import World

SERVICE = "deadline-clock"
ADDRESS = "duty-manager@second.invalid"
ROOT = Path(__file__).parents[3]


@dataclass(slots=True)
class Stage:
    """The auditor's world: its database, its second path, and its process."""

    world: World
    db: asyncpg.Connection
    hooks: Hooks
    inbox: Inbox
    environment: dict[str, str]
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, **settings: str) -> asyncio.subprocess.Process:
        """Start the auditor as a process of its own."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.deadline_clock.auditor",
            env={**os.environ, **self.environment, **settings}, cwd=ROOT,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        self.processes.append(process)
        return process

    async def stop(self, process: asyncio.subprocess.Process, sign: int = signal.SIGTERM) -> None:
        """End it and wait for its end."""
        process.send_signal(sign)
        await process.wait()
        self.processes.remove(process)

    async def one(self, sql: str, *arguments: Any) -> Any:
        """Read one value of deadline-clock's tables."""
        return await self.db.fetchval(sql, *arguments)

    def raised(self, kind: str) -> list[dict[str, Any]]:
        """What the webhook of the second path got of one kind."""
        return [call.body for call in self.hooks.to("second", type=f"auditor.{kind}")]

    def mails(self, word: str) -> list[str]:
        """The mails of the second path whose subject holds a word."""
        return [mail["Subject"] for mail in self.inbox.to(ADDRESS) if word in mail["Subject"]]

    async def serve(self, **settings: str) -> asyncio.subprocess.Process:
        """Start deadline-clock itself as a process: its timers, its consumers, its HTTP."""
        environment = self.world.environment(SERVICE) | settings
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "uvicorn", "--factory", "services.deadline_clock.app:app",
            "--port", str(free_port([])), env={**os.environ, **environment}, cwd=ROOT,
            stderr=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        self.processes.append(process)
        return process


@pytest.fixture
async def stage(new_world: World) -> AsyncIterator[Stage]:
    """An empty deadline-clock with its tables, and a real webhook receiver and mail server."""
    environment = new_world.environment(SERVICE)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        pool = await open_pool(Settings(), SERVICE)
    await migrate(pool, SERVICE)
    async with hooks({"second": b"of the second path"}) as calls, inbox() as mails:
        second = {
            "PATCHVIGIL_AUDITOR_WEBHOOK_URL": f"{calls.url}/second",
            "PATCHVIGIL_AUDITOR_WEBHOOK_SECRET": "of the second path",
            "PATCHVIGIL_AUDITOR_MAIL_TO": ADDRESS,
            "PATCHVIGIL_AUDITOR_MAIL_PORT": str(mails.port),
            "PATCHVIGIL_AUDITOR_EVERY_SECONDS": "0.3",
            "PATCHVIGIL_AUDITOR_OVERDUE_SECONDS": "3",
        }
        async with pool.acquire() as db:
            made = Stage(new_world, db, calls, mails, environment | second)  # type: ignore[arg-type]
            try:
                yield made
            finally:
                for process in list(made.processes):
                    await made.stop(process, signal.SIGKILL)
        pool.terminate()
