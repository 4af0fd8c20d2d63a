"""Runs matches beside the handlers: urgent work first, bulk work in pieces that never delay it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from services.kit import clock
from services.kit.database import TRANSIENT, connection
from services.kit.unit import Units
from services.sbom_matcher import rematch
from services.sbom_matcher.store import pending
from services.sbom_matcher.store.pending import Pending
from services.sbom_matcher.telling import OvertakenError

_log = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
"""Nothing is lost if a wake-up is: what waits is a row."""

_TARGET_SECONDS = 0.025
"""A match holds its lock and the loop for about this long; the limit for bulk work is 0.05."""

_MOST = 128


@dataclass(slots=True)
class Bell:
    """Wakes the matchers of this process when a commit brought work."""

    _listeners: list[Callable[[], None]] = field(default_factory=list)

    def ring(self) -> None:
        """Wake them; called after a commit."""
        for listener in self._listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Be called at each ring; the returned function ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)


BELL = Bell()


@dataclass(slots=True)
class Matcher:
    """Takes what waits from the table, lane by lane."""

    units: Units
    sizes: dict[bool, int] = field(default_factory=lambda: {False: 8, True: 8})

    async def run(self) -> None:
        """Match until cancelled."""
        awake = asyncio.Event()
        deaf = BELL.listen(awake.set)
        try:
            while True:
                awake.clear()
                if not await self._some():
                    with_timeout = asyncio.wait_for(awake.wait(), _POLL_SECONDS)
                    try:
                        await with_timeout
                    except TimeoutError:
                        continue
        finally:
            deaf()

    async def drain(self) -> None:
        """Match until nothing waits that may be tried now."""
        while await self._some():
            pass

    async def _some(self) -> bool:
        """Match one piece, urgent before bulk; tell whether there was one."""
        try:
            return await self._piece(bulk=False) or await self._piece(bulk=True)
        except TRANSIENT as error:
            _log.warning("matching waits for PostgreSQL: %s", type(error).__name__)
            await asyncio.sleep(_POLL_SECONDS)
            return True

    async def _piece(self, *, bulk: bool) -> bool:
        """Match some of a lane's subjects.

        An error that is not PostgreSQL's being away is looked for one subject at a time, and the
        one that has it is put off: it stays visible as waiting, and others go on.
        """
        async with connection(self.units.pool) as db:
            waiting = await pending.following(db, self.sizes[bulk], bulk=bulk)
        if not waiting:
            return False
        try:
            await self._match(waiting, bulk=bulk)
        except TRANSIENT:
            raise
        except OvertakenError as error:
            _log.debug("matching again: %s", error)
        except Exception:  # noqa: BLE001 - whatever it was, the log tells, and other subjects go on
            if len(waiting) > 1:
                self.sizes[bulk] = 1
                return True
            _log.exception("a subject cannot be matched and is put off")
            await self._put_off(waiting)
        return True

    async def _match(self, waiting: list[Pending], *, bulk: bool) -> None:
        async with self.units.begin() as unit:
            await rematch.lock(unit)
            started = clock.elapsed()
            await rematch.rematch(unit, waiting)
            took = clock.elapsed() - started
        if took > _TARGET_SECONDS:
            self.sizes[bulk] = max(1, self.sizes[bulk] // 2)
        elif took < _TARGET_SECONDS / 2 and len(waiting) == self.sizes[bulk]:
            self.sizes[bulk] = min(_MOST, self.sizes[bulk] * 2)

    async def _put_off(self, waiting: list[Pending]) -> None:
        async with connection(self.units.pool) as db:
            await pending.put_off(db, waiting)
