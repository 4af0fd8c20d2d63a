"""Watches, from a process of its own, that every escalation step has its effect; raises where not.

`python -m services.deadline_clock.auditor` runs it, `… auditor check` says whether one runs. It
reads deadline-clock's tables and nothing else: no Kafka, no Redis, no notification.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from prometheus_client import start_http_server

from services.deadline_clock import auditor_metrics
from services.deadline_clock.auditor_settings import AUDITOR_PREFIX, AuditorSettings
from services.deadline_clock.domain import auditing as wording
from services.deadline_clock.domain.auditing import AWAY, AlarmKind, Overdue
from services.deadline_clock.second_path import SecondPath, client
from services.deadline_clock.store import auditing
from services.deadline_clock.store.auditing import FRESH, Message
from services.kit import clock, ids, telemetry
from services.kit.database import TRANSIENT, Connection, Pool, connection, open_pool
from services.kit.settings import Settings

_log = logging.getLogger(__name__)

NAME = "deadline-clock"
_FIRST = 1.0
"""Seconds between looks until one has succeeded."""

_FAILING: tuple[type[Exception], ...] = (*TRANSIENT, asyncpg.PostgresError, OSError)


class Auditor:
    """One run of the auditor."""

    def __init__(self, settings: Settings, chosen: AuditorSettings, path: SecondPath) -> None:
        self._settings = settings
        self._chosen = chosen
        self._path = path
        self._pool: Pool | None = None
        self._run = ids.uuid7()
        self._begun = False
        self._lost_at: datetime | None = None
        self._lost: Message | None = None
        self._raised_lost: Message | None = None

    async def watch(self, over: asyncio.Event) -> None:
        """Look again and again until told to end."""
        if not self._chosen.channels:
            _log.critical(
                "the auditor has no second path: set %sWEBHOOK_URL or %sMAIL_TO",
                AUDITOR_PREFIX, AUDITOR_PREFIX,
            )  # fmt: skip
        while not over.is_set():
            await self.look()
            await self._path.beat()
            every = self._chosen.every_seconds
            try:  # at first soon again: the service may still be making its tables
                await asyncio.wait_for(over.wait(), every if self._begun else min(every, _FIRST))
            except TimeoutError:
                continue
        if self._pool is not None:
            self._pool.terminate()

    async def look(self) -> None:
        """Find, raise and tell, once; without PostgreSQL raise that."""
        try:
            if self._pool is None:
                self._pool = await open_pool(
                    self._settings.model_copy(update={"postgres_connections": 2}), NAME
                )
            await asyncio.wait_for(self._audit(self._pool), self._chosen.overdue_seconds)
        except _FAILING as error:
            await self._without_database(error)
            return
        auditor_metrics.LOOKED.set(clock.now().timestamp())

    async def _audit(self, pool: Pool) -> None:
        async with connection(pool) as db, db.transaction():
            await self._heartbeat(db)
            found = await auditing.overdue(db, timedelta(seconds=self._chosen.overdue_seconds))
            fresh = await auditing.unknown(db, found)
            if fresh:
                await self._raise(db, fresh)
            if len(found) < auditing.MOST:
                await auditing.clear(db, found)
        self._begun = True
        self._lost_at = self._lost = self._raised_lost = None
        auditor_metrics.OVERDUE.set(len(found))
        await self._tell(pool)

    async def _heartbeat(self, db: Connection) -> None:
        if self._begun:
            await auditing.beat(db, self._run)
        else:
            seen = await auditing.begin(
                db, self._run, socket.gethostname(), os.getpid(), self._chosen.channels
            )
            now = clock.now()
            if seen is not None:
                _log.info("the auditor runs again, it was last seen at %s", seen)
            if seen is not None and now - seen > AWAY:
                await self._add(db, wording.auditor_away(seen, now))
        if self._raised_lost is not None:
            lost = self._raised_lost
            raised = wording.Raised(AlarmKind.DATABASE_AWAY, lost.summary, lost.lines)
            await auditing.add(
                db, lost.message, raised, webhook_told=lost.webhook_told, mail_told=lost.mail_told
            )

    async def _raise(self, db: Connection, fresh: list[Overdue]) -> None:
        raised = wording.overdue(fresh, clock.now())
        _log.critical("%s", raised.summary)
        message = await self._add(db, raised)
        await auditing.find(db, fresh, message)

    async def _add(self, db: Connection, raised: wording.Raised) -> UUID:
        message = ids.uuid7()
        auditor_metrics.ALARMS.labels(raised.kind.value).inc()
        channels = self._chosen.channels
        await auditing.add(
            db, message, raised,
            webhook_told="webhook" not in channels, mail_told="mail" not in channels,
        )  # fmt: skip
        return message

    async def _tell(self, pool: Pool) -> None:
        async with connection(pool) as db:
            waiting = await auditing.claim(db)
        for message in waiting:
            faults = await self._path.send(message, clock.now())
            for channel, fault in faults.items():
                auditor_metrics.FAULTS.labels(channel).inc(bool(fault))
            async with connection(pool) as db:
                await auditing.told(
                    db, message.message, webhook=faults.get("webhook") == "",
                    mail=faults.get("mail") == "",
                    error="; ".join(filter(None, faults.values())) or None,
                )  # fmt: skip

    async def _without_database(self, error: Exception) -> None:
        """Say on the second path that PostgreSQL is away; once an hour, under one id an hour."""
        now = clock.now()
        self._lost_at = self._lost_at or now
        _log.error("the auditor cannot look: %s: %s", type(error).__name__, error)
        if now - self._lost_at < timedelta(seconds=self._chosen.overdue_seconds):
            return
        said = f"{type(error).__name__}: {error}".strip(": ")
        message = ids.derived("auditor", "database away", f"{now:%Y-%m-%dT%H}")
        if self._lost is None or self._lost.message != message:
            raised = wording.database_away(self._lost_at, now, said)
            auditor_metrics.ALARMS.labels(raised.kind.value).inc()
            channels = self._chosen.channels
            self._lost = Message(
                message, raised.kind.value, now, raised.summary, raised.lines,
                "webhook" not in channels, "mail" not in channels,
            )  # fmt: skip
        faults = await self._path.send(self._lost, now)
        self._lost = Message(
            message, self._lost.kind, self._lost.raised_at, self._lost.summary, self._lost.lines,
            self._lost.webhook_told or faults.get("webhook") == "",
            self._lost.mail_told or faults.get("mail") == "",
        )  # fmt: skip
        self._raised_lost = self._lost


async def run() -> None:
    """Watch until SIGTERM or SIGINT."""
    settings, chosen = Settings(), AuditorSettings()
    provider = telemetry.set_up("deadline-clock-auditor", settings)
    over = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, over.set)
    if chosen.metrics_port:
        start_http_server(
            chosen.metrics_port, addr=settings.http_host, registry=auditor_metrics.REGISTRY
        )
    async with client() as http:
        await Auditor(settings, chosen, SecondPath(chosen, http)).watch(over)
    provider.shutdown()


async def check() -> bool:
    """Tell whether an auditor has left its heartbeat just now."""
    pool = await open_pool(Settings(), NAME)
    async with connection(pool) as db:
        found = (await auditing.standing(db, 0))["run"]
    await pool.close()
    return found is not None and found["now"] - found["seen_at"] < FRESH


def main() -> int:
    """Run the auditor, or with `check` only look whether one runs; answers the exit status."""
    if sys.argv[1:] == ["check"]:
        return 0 if asyncio.run(check()) else 1
    asyncio.run(run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
