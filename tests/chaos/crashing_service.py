"""A service that kills itself at a chosen point of a batch: run by the crash tests, once a point.

`--crash POINT` names the point, `--slowly` makes batches last; the environment names the servers.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from services.kit import outbox
from services.kit import relay as relaying
from services.kit.broker import make_broker
from services.kit.lane import Lane
from services.kit.publish import Publisher
from services.kit.records import Batch
from services.kit.relay import Relay
from services.kit.settings import Settings
from services.kit.unit import Unit, Units
from tests.component.kit.node import SERVICE, count_effects, counting, units_of

AFTER_BATCHES = 2
"""The crash comes in the third batch: there is something before it and something after it."""

BATCH = 50

POINTS = (
    "after inbox", "after handler", "after outbox", "after commit before ack",
    "after publish before delete",
)  # fmt: skip


def die() -> None:
    """End as kill -9 would: nothing is flushed, closed or rolled back by us."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying(work: Callable[..., Awaitable[Any]], *, before: bool = False) -> Callable[..., Any]:
    """Make `work` the last thing that the process does, at its third call."""
    calls = 0

    async def last(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls <= AFTER_BATCHES:
            return await work(*given, **named)
        if not before:
            await work(*given, **named)
        die()
        return None

    return last


def arm(point: str) -> Callable[[Batch, Unit], Any]:
    """Put the crash at its point; gives the handler to use."""
    if point == "after inbox":
        return dying(count_effects, before=True)
    if point == "after handler":
        return dying(count_effects)
    if point == "after outbox":
        outbox.append = dying(outbox.append)
    elif point == "after commit before ack":
        Lane.take = dying(Lane.take)  # type: ignore[method-assign]
    elif point == "after publish before delete":
        relaying.PAGE_ROWS = BATCH  # so that there is a third page, however quick batches are
        Publisher.publish = dying(Publisher.publish)  # type: ignore[method-assign]
    return count_effects


async def slowly(batch: Batch, unit: Unit) -> None:
    """Take a second and a half for a batch, and say when it began."""
    await count_effects(batch, unit)
    sys.stdout.write("in a batch\n")
    sys.stdout.flush()
    await asyncio.sleep(1.5)


async def main(arguments: list[str]) -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    handler = arm(arguments[1]) if arguments[:1] == ["--crash"] else count_effects
    if arguments == ["--slowly"]:
        handler = slowly
    settings = Settings(brake_window=1000, kafka_session_seconds=6)
    async with AsyncExitStack() as stack:
        units = await stack.enter_async_context(units_of(settings))
        relay = Relay(settings, units.pool, SERVICE)
        units = Units(units.pool, SERVICE, units.blobs, relay.wake)
        task = asyncio.create_task(relay.run())
        stack.push_async_callback(asyncio.wait_for, task, 20)
        stack.callback(relay.stop)
        broker = make_broker(settings, SERVICE)
        counting(handler, max_records=BATCH).attach(broker, units, settings)
        await broker.start()
        stack.push_async_callback(broker.stop)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
