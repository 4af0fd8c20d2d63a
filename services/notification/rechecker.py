"""Looks at drafts again after the commits that changed their facts, many subjects at a time."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.kit.database import TRANSIENT
from services.kit.health import Health
from services.kit.unit import Units
from services.notification import drafting
from services.notification.bell import RECHECKS, heard
from services.notification.store import facts

_log = logging.getLogger(__name__)

BATCH = 200
POLL = 1.0
GATHER = 0.1
"""Seconds for which a case's facts gather before its drafts are prepared; pages go first."""
_PAUSE_AFTER_ERROR = 1.0
BECAUSE = "facts changed"


async def recheck(units: Units) -> int:
    """Look at one batch of subjects again and count them."""
    async with units.begin() as unit:
        subjects = await facts.take_rechecks(unit.db, BATCH)
        if subjects:
            cases = await facts.cases_of(unit.db, set(subjects))
            await unit.lock(drafting.LOCK, cases)
            await drafting.redraft(unit, cases, BECAUSE)
    return len(subjects)


async def run(units: Units) -> None:
    """Recheck until cancelled."""
    bell = RECHECKS.listen()
    try:
        while True:
            try:
                while await recheck(units):
                    pass
            except TRANSIENT as error:
                _log.warning("drafts wait, a store is away: %s", type(error).__name__)
            except Exception:  # noqa: BLE001  (whatever it is, the subjects must stay queued)
                # The subjects stay queued (the transaction was rolled back) and are tried again.
                _log.exception("drafts could not be prepared")
                await asyncio.sleep(_PAUSE_AFTER_ERROR)
            await heard(bell, POLL)
            await asyncio.sleep(GATHER)
    finally:
        RECHECKS.leave(bell)


@asynccontextmanager
async def rechecking(units: Units, health: Health) -> AsyncIterator[None]:
    """Recheck beside the service, watched by its readiness."""
    async with health.beside("rechecker", lambda: run(units)):
        yield
