"""Records the messages that providers accepted: all of a short while in one transaction.

Every page is accepted somewhere, so that this is on the way of each; a refusal is rare and is
recorded on its own, by the sender.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from schemas.alerts import AlertDelivered
from services.kit.database import TRANSIENT
from services.kit.unit import Unit, Units
from services.notification import alerting
from services.notification.store import alerts, deliveries
from services.notification.store.alerts import Alert
from services.notification.store.deliveries import Claimed

_log = logging.getLogger(__name__)

GATHER = 0.02
"""Seconds for which outcomes gather before they are written together."""
_PAUSES = (0.05, 0.2, 1.0, 5.0)


async def settle(record: Callable[[], Awaitable[None]]) -> None:
    """Record an outcome, again where a store is away or contended: a repeat would be sent."""
    for pause in _PAUSES:
        try:
            return await record()
        except TRANSIENT:
            await asyncio.sleep(pause)
    return await record()


@dataclass(frozen=True, slots=True)
class Told:
    """A message that a provider accepted, with its receipt."""

    message: Claimed
    receipt: str | None


@dataclass(slots=True)
class Outcomes:
    """What one process's sender has to record."""

    units: Units
    _waiting: list[tuple[Told, asyncio.Future[None]]] = field(default_factory=list)
    _writer: asyncio.Task[None] | None = None

    async def accepted(self, message: Claimed, receipt: str | None) -> None:
        """Return once it is recorded that a provider accepted a message."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((Told(message, receipt), done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self._waiting:
            await asyncio.sleep(GATHER)
            taken, self._waiting = self._waiting, []
            try:
                await settle(partial(record, self.units, [told for told, _ in taken]))
            except Exception as error:  # noqa: BLE001  (one outcome must not cost the others theirs)
                await self._one_by_one(taken, error)
            else:
                _done(taken)

    async def _one_by_one(
        self, taken: Sequence[tuple[Told, asyncio.Future[None]]], error: Exception
    ) -> None:
        if len(taken) > 1:
            _log.warning("outcomes are recorded one by one: %s", error)
        for told, done in taken:
            try:
                await settle(partial(record, self.units, [told]))
            except Exception as own:  # noqa: BLE001  (the sender logs it and sends again)
                if not done.cancelled():
                    done.set_exception(own)
            else:
                _done([(told, done)])


def _done(taken: Sequence[tuple[Told, asyncio.Future[None]]]) -> None:
    for _, done in taken:
        if not done.cancelled():
            done.set_result(None)


async def record(units: Units, told: Sequence[Told]) -> None:
    """Record accepted messages and tell of those that were not known to be."""
    async with units.begin() as unit:
        over = await alerts.hold(unit.db, {each.message.alert for each in told})
        fresh = await deliveries.delivered(
            unit.db, {each.message.delivery: each.receipt for each in told}, unit.now
        )
        new = [each for each in told if each.message.delivery in fresh]
        for each in new:
            unit.emit(_delivered(unit, each), case=each.message.case)
        await _resolve_earlier(unit, [each.message for each in new])
        late = {each.message.alert for each in new if each.message.purpose != "resolved"}
        await alerting.tell_resolved(unit, over & late)


def _delivered(unit: Unit, told: Told) -> AlertDelivered:
    message = told.message
    return AlertDelivered(
        alert=message.alert, case=message.case, clock=message.clock, to=message.person,
        channel=message.channel, receipt=told.receipt, delivered_at=unit.now,
    )  # fmt: skip


async def _resolve_earlier(unit: Unit, messages: Sequence[Claimed]) -> None:
    """A step was told: the clock's earlier steps need no answer any more (rollout practice)."""
    telling = [each for each in messages if each.purpose in {"page", "ticket"}]
    if not telling:
        return
    others = await alerts.earlier_of_clocks(
        unit.db, [each.clock for each in telling], [each.raised_at for each in telling]
    )
    last = {each.clock: each for each in sorted(telling, key=lambda each: each.raised_at)}
    ending: list[tuple[Alert, str]] = [
        (each, f"step {last[each.clock].step} was told") for each in others
    ]
    await alerting.resolve(unit, ending, None)
