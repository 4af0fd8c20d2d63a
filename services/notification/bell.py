"""Wakes a task of this process when a commit brought it work."""

import asyncio
from contextlib import suppress


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


DELIVERIES = Bell()
"""Rings when a message waits to be sent."""

RECHECKS = Bell()
"""Rings when drafts wait to be looked at again."""
