"""Prepares drafts after the commits that changed their facts: many at a time, behind all pages.

A case's facts come in quick succession (a signal starts two clocks and raises two alerts), so that
its drafts are prepared once, when they have come to rest. A transaction prepares few drafts, others
have their turn between any two of them, and pages go before each.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from services.kit.database import TRANSIENT, connection
from services.kit.health import Health
from services.kit.unit import Units
from services.notification import drafting
from services.notification.bell import PAGES, RECHECKS, heard
from services.notification.store import facts

_log = logging.getLogger(__name__)

SUBJECTS = 200
"""The most subjects that are taken at a time."""
CASES = 16
"""The most cases whose drafts one transaction prepares; one subject may bear on thousands."""
REST = timedelta(milliseconds=250)
LONGEST = timedelta(seconds=1)
"""A subject whose facts never rest is taken after so long all the same."""
POLL = 1.0
_TICK = 0.25
_STAND_BACK = 0.25
_PAUSE_AFTER_ERROR = 1.0
BECAUSE = "facts changed"


async def recheck(units: Units) -> int:
    """Look at one batch of subjects again and count them; what is too much is queued again."""
    async with units.begin() as unit:
        subjects = await facts.take_rechecks(unit.db, SUBJECTS, REST, LONGEST)
        if subjects:
            cases = await facts.cases_of(unit.db, subjects)
            await facts.recheck_now(unit.db, [f"case/{case}" for case in cases[CASES:]])
            await unit.lock(drafting.LOCK, cases[:CASES])
            await drafting.redraft(unit, cases[:CASES], BECAUSE)
    return len(subjects)


async def run(units: Units) -> None:
    """Recheck until cancelled."""
    bell = RECHECKS.listen()
    try:
        while True:
            try:
                await _drain(units)
            except TRANSIENT as error:
                _log.warning("drafts wait, a store is away: %s", type(error).__name__)
            except Exception:  # noqa: BLE001  (whatever it is, the subjects must stay queued)
                # The subjects stay queued (the transaction was rolled back) and are tried again.
                _log.exception("drafts could not be prepared")
                await asyncio.sleep(_PAUSE_AFTER_ERROR)
            await heard(bell, POLL)
            await asyncio.sleep(_TICK)
    finally:
        RECHECKS.leave(bell)


async def _drain(units: Units) -> None:
    """Recheck until nothing is left; what is not at rest yet is looked for again."""
    while True:
        await PAGES.stand_back(_STAND_BACK)
        if await recheck(units):
            continue
        async with connection(units.pool) as db:
            if await facts.waiting(db) == 0:
                return
        await asyncio.sleep(_TICK)


@asynccontextmanager
async def rechecking(units: Units, health: Health) -> AsyncIterator[None]:
    """Recheck beside the service, watched by its readiness."""
    async with health.beside("rechecker", lambda: run(units)):
        yield
