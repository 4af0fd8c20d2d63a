"""Wakes a task of this process when a commit brought it work, and lets pages go before drafts."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Bell:
    """Rung after a commit, heard by the tasks that wait; a task polls too, for other replicas."""

    def __init__(self) -> None:
        self._listening: set[asyncio.Event] = set()

    def ring(self) -> None:
        """Wake everyone who listens."""
        for event in self._listening:
            event.set()

    def listen(self) -> asyncio.Event:
        """Start listening; the event stays with the caller until `leave`."""
        event = asyncio.Event()
        self._listening.add(event)
        return event

    def leave(self, event: asyncio.Event) -> None:
        """Stop listening."""
        self._listening.discard(event)


async def heard(event: asyncio.Event, seconds: float) -> None:
    """Wait until the bell rings, or for so long."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    event.clear()


class Precedence:
    """Counts the urgent work in hand in this process, so that work that can wait stands back."""

    def __init__(self) -> None:
        self._in_hand = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Urgent work is in hand until the block ends."""
        self._in_hand += 1
        try:
            yield
        finally:
            self._in_hand -= 1

    async def stand_back(self, most: float) -> None:
        """Let urgent work go first, for at most so many seconds: drafts are never starved."""
        await asyncio.sleep(0)
        waited = 0.0
        while self._in_hand and waited < most:
            await asyncio.sleep(_STEP)
            waited += _STEP


_STEP = 0.005

DELIVERIES = Bell()
"""Rings when a message waits to be sent."""

RECHECKS = Bell()
"""Rings when drafts wait to be looked at again."""

PAGES = Precedence()
"""Taken while clocks are told of and while pages leave."""
