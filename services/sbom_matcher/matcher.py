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

_TARGET_SECONDS = 0.04
"""A match holds its lock and the loop for about this long; the limit for bulk work is 0.05."""

_MOST = 128
_LEARNING = 0.2
"""How much the last match counts in what one subject is expected to take: one slow one is noise."""


@dataclass(slots=True)
class Pace:
    """How many subjects of a lane are matched at once, so that a match takes the time it may."""

    seconds: float = _TARGET_SECONDS / 8

    @property
    def size(self) -> int:
        """The number of subjects of the next match."""
        return max(1, min(_MOST, int(_TARGET_SECONDS / self.seconds)))

    def learn(self, took: float, subjects: int) -> None:
        """Take a match of so many subjects into account, in seconds."""
        self.seconds += _LEARNING * (took / subjects - self.seconds)

    def go_singly(self) -> None:
        """Match one subject next, to find out which of them cannot be."""
        self.seconds = _TARGET_SECONDS


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
    paces: dict[bool, Pace] = field(default_factory=lambda: {False: Pace(), True: Pace()})

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
        pace = self.paces[bulk]
        async with connection(self.units.pool) as db:
            waiting = await pending.following(db, pace.size, bulk=bulk)
        if not waiting:
            return False
        try:
            pace.learn(await self._match(waiting), len(waiting))
        except TRANSIENT:
            raise
        except OvertakenError as error:
            _log.debug("matching again: %s", error)
        except Exception:  # noqa: BLE001 - whatever it was, the log tells, and other subjects go on
            if len(waiting) > 1:
                pace.go_singly()
                return True
            _log.exception("a subject cannot be matched and is put off")
            await self._put_off(waiting)
        return True

    async def _match(self, waiting: list[Pending]) -> float:
        """Match them, and say for how many seconds that held the lock."""
        async with self.units.begin() as unit:
            await rematch.lock(unit)
            started = clock.elapsed()
            await rematch.rematch(unit, waiting)
            return clock.elapsed() - started

    async def _put_off(self, waiting: list[Pending]) -> None:
        async with connection(self.units.pool) as db:
            await pending.put_off(db, waiting)
