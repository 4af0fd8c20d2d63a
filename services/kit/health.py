"""Whether a service lives, whether it may be given work, and its metrics.

Live: the event loop answers. Ready: every check of the service passes (PostgreSQL, Kafka, no
consumer and no background task stopped). Gauges that mirror tables are read when metrics are
scraped, so that an idle service polls nothing.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import orjson
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.kit import metrics
from services.kit.database import Pool, connection
from services.kit.running import Running

_log = logging.getLogger(__name__)

Check = Callable[[], Awaitable[str | None]]
"""Answers what is wrong, or None."""

_PATIENCE = 2.0
_IN_HAND = 5.0

GAUGES = """
SELECT
    (SELECT count(*) FROM kit_outbox) AS pending,
    (SELECT extract(epoch FROM clock_timestamp() - min(time)) FROM kit_outbox) AS oldest,
    (SELECT count(*) FROM kit_timer WHERE state = 'armed') AS armed,
    (SELECT extract(epoch FROM clock_timestamp() - min(fire_at)) FROM kit_timer
        WHERE state = 'armed') AS overdue,
    (SELECT count(*) FROM kit_audit_unsealed) AS unsealed
"""
WAITING = """
SELECT topic, count(*) AS records FROM kit_quarantine WHERE state IN ('faulty', 'parked')
GROUP BY topic
"""


@dataclass(slots=True)
class Health:
    """The checks of one service; whoever starts something that may fail adds one."""

    checks: dict[str, Check] = field(default_factory=dict)

    @asynccontextmanager
    async def beside(
        self, name: str, run: Callable[[], Awaitable[None]], stop: Callable[[], None] | None = None
    ) -> AsyncIterator[None]:
        """Run something beside the service; readiness turns false if it ends by itself.

        With `stop` it is asked to end after what it has in hand, else it is cancelled.
        """

        async def runs() -> None:
            try:
                await run()
            except Exception:  # noqa: BLE001  (whatever it was, readiness and the log tell)
                _log.critical("%s has stopped", name, exc_info=True)

        task = asyncio.create_task(runs(), name=name)

        async def running() -> str | None:
            return "has stopped" if task.done() else None

        self.checks[name] = running
        try:
            yield
        finally:
            if stop is not None:
                stop()
                await asyncio.wait([task], timeout=_IN_HAND)
            while not task.done():
                task.cancel()  # again, where a library has swallowed one
                await asyncio.wait([task], timeout=_PATIENCE)

    def consumers(self, running: Sequence[Running]) -> None:
        """Watch the consumers, and Kafka through one of them."""

        async def stand() -> str | None:
            still = [f"{each.name}: {each.standstill}" for each in running if each.standstill]
            return "stand still: " + "; ".join(still) if still else None

        async def kafka() -> str | None:
            client = next((found for each in running if (found := each.subscriber.consumer)), None)
            if client is None:
                return "not asked: no consumer runs"
            await client.topics()
            return None

        self.checks["consumers"] = stand
        if running:
            self.checks["kafka"] = kafka

    async def report(self) -> dict[str, str]:
        """Run every check, each with a time limit; `ok`, or what is wrong."""
        found = await asyncio.gather(*(self._run(check) for check in self.checks.values()))
        return dict(zip(self.checks, found, strict=True))

    @staticmethod
    async def _run(check: Check) -> str:
        try:
            return await asyncio.wait_for(check(), _PATIENCE) or "ok"
        except Exception as error:  # noqa: BLE001  (whatever it is, it is the answer)
            return f"does not answer: {type(error).__name__}"


def postgres(pool: Pool) -> Check:
    """Check that PostgreSQL answers."""

    async def answers() -> str | None:
        async with connection(pool) as db:
            await db.fetchval("SELECT 1")
        return None

    return answers


async def read_gauges(pool: Pool) -> None:
    """Bring the gauges up to date that mirror tables."""
    async with connection(pool) as db:
        row = await db.fetchrow(GAUGES)
        waiting = await db.fetch(WAITING)
    if row is None:
        raise AssertionError("a SELECT without FROM has one row")
    metrics.OUTBOX_PENDING.set(row["pending"])
    metrics.OUTBOX_OLDEST.set(max(0.0, float(row["oldest"] or 0)))
    metrics.TIMERS_ARMED.set(row["armed"])
    metrics.ALARM_OVERDUE.set(max(0.0, float(row["overdue"] or 0)))
    metrics.AUDIT_UNSEALED.set(row["unsealed"])
    metrics.QUARANTINE_RECORDS.clear()
    for each in waiting:
        metrics.QUARANTINE_RECORDS.labels(each["topic"]).set(each["records"])


router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live() -> dict[Literal["status"], str]:
    """Answer that the process is alive; a platform restarts it otherwise."""
    return {"status": "live"}


@router.get("/health/ready", responses={503: {"description": "A check failed: see the body."}})
async def ready(request: Request) -> Response:
    """Answer whether the service may be given work, check by check."""
    checks = await request.app.state.context.health.report()
    fine = all(answer == "ok" for answer in checks.values())
    status = "ready" if fine else "not ready"
    body = orjson.dumps({"status": status, "pid": os.getpid(), "checks": checks})
    return Response(body, 200 if fine else 503, media_type="application/json")


@router.get("/metrics", response_class=Response)
async def prometheus(request: Request) -> Response:
    """Answer the metrics in Prometheus's text format; table gauges stay as they were if stale."""
    try:
        await asyncio.wait_for(read_gauges(request.app.state.context.pool), _PATIENCE)
    except Exception as error:  # noqa: BLE001  (the other metrics matter all the more)
        _log.warning("gauges are stale: %s", type(error).__name__)
    text = generate_latest(metrics.REGISTRY)
    return Response(text, headers={"content-type": CONTENT_TYPE_LATEST})
