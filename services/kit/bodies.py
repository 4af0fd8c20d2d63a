"""Bounds the bytes of request bodies that a process holds at once: who is beyond that waits a turn.

Each body has a limit of its own; without this, many at their limit together would fill the memory.
Room is taken before the first byte is read, so that two half-read bodies never wait for each other.
Short bodies have room of their own: an urgent one waits behind no upload.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_MIB = 1024 * 1024
SHORT = _MIB
"""Bytes up to which a body is a short one."""

PATIENCE = 30.0
"""Seconds that a request waits for room before its sender is asked to come again."""


class NoRoomError(Exception):
    """There was no room for a body within the time that a request may wait."""


class Room:
    """Bytes, given out in the order in which they are asked for."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, size: int, patience: float) -> None:
        """Take `size` bytes, as soon as they are free.

        Raises:
            NoRoomError: they were not within `patience` seconds.
        """
        asked = (size, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        self._serve()
        try:
            async with asyncio.timeout(patience):
                await asked[1]
        except BaseException as error:
            if asked in self._waiting:
                self._waiting.remove(asked)
                self._serve()
            else:  # it was given at the moment at which nobody wanted it any more
                self.give_back(size)
            if isinstance(error, TimeoutError):
                raise NoRoomError from error
            raise

    def give_back(self, size: int) -> None:
        """Free bytes that were taken."""
        self._free += size
        self._serve()

    def _serve(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free:
            size, turn = self._waiting.popleft()
            self._free -= size
            if not turn.done():
                turn.set_result(None)


class Bodies:
    """The room for bodies of a process: for long ones, and for short ones."""

    def __init__(self, long: int = 200 * _MIB, short: int = 64 * _MIB) -> None:
        self._long, self._short = Room(long), Room(short)

    @asynccontextmanager
    async def held(self, size: int, patience: float | None = None) -> AsyncIterator[None]:
        """Hold room for a body of `size` bytes while it is used.

        Raises:
            NoRoomError: there was none within `patience` seconds, by default PATIENCE.
        """
        room = self._short if size <= SHORT else self._long
        await room.take(size, PATIENCE if patience is None else patience)
        try:
            yield
        finally:
            room.give_back(size)
