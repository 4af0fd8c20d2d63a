"""Sends queued messages after their commit: woken at once, many at a time, again until accepted.

A try that dies with the process is made again after its lease, with the same id: receivers see at
least one message and know repeats. A message counts as undelivered after a permanent refusal or a
few failed tries; the next person is then tried at once, while the tries go on.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from schemas.alerts import AlertDelivered, AlertUndelivered
from services.kit import clock
from services.kit.database import TRANSIENT, connection
from services.kit.health import Health
from services.kit.unit import Unit, Units
from services.notification import alerting
from services.notification.bell import DELIVERIES, heard
from services.notification.channels import mail, webhook
from services.notification.channels.outcome import Accepted, SendError
from services.notification.domain import message as messages
from services.notification.envelopes import envelope_of, receiver_of
from services.notification.roster_file import ON_CALL, OnCall
from services.notification.store import alerts, deliveries
from services.notification.store.deliveries import Claimed

_log = logging.getLogger(__name__)

AT_ONCE = 32
"""The most messages under way at a time."""
LEASE = timedelta(seconds=60)
"""Longer than any try takes; a dead process's tries are made again after it."""
POLL = 1.0
"""How often to look for messages that another replica queued and could not send."""
UNDELIVERED_AFTER = 3
"""Failed tries after which the next person is tried."""
CEILING = timedelta(minutes=1)
_PAUSES = (0.05, 0.2, 1.0, 5.0)
GIVE_UP_AFTER = 1_000
"""Tries, at most a minute apart; by then the alert has long gone to everybody else."""


def back_off(attempts: int, retry_after: float | None) -> timedelta:
    """How long to wait before the next try: 0.5 s, 1 s, 2 s, … or what the receiver asks for."""
    own = timedelta(seconds=min(0.5 * 2 ** min(attempts - 1, 10), CEILING.total_seconds()))
    if retry_after is None:
        return own
    return min(max(own, timedelta(seconds=retry_after)), 10 * CEILING)


@dataclass(slots=True)
class Sender:
    """The task of one process that sends what is queued."""

    units: Units
    http: httpx.AsyncClient
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Send until cancelled."""
        bell = DELIVERIES.listen()
        try:
            while True:
                try:
                    pause = await self._take()
                except TRANSIENT as error:
                    _log.warning("messages wait, a store is away: %s", type(error).__name__)
                    pause = POLL
                except Exception:  # noqa: BLE001  (whatever it is, pages must go on leaving)
                    _log.exception("messages could not be taken")
                    pause = POLL
                await heard(bell, pause)
        finally:
            DELIVERIES.leave(bell)
            for task in self._under_way:
                task.cancel()

    async def _take(self) -> float:
        """Start what is due, as far as there is room, and say how long to wait."""
        room = AT_ONCE - len(self._under_way)
        if room <= 0:
            return POLL
        async with connection(self.units.pool) as db:
            claimed = await deliveries.claim(db, room, LEASE)
            soon = None if claimed else await deliveries.soon(db)
        for each in claimed:
            task = asyncio.create_task(self._deliver(each))
            self._under_way.add(task)
            task.add_done_callback(self._finished)
        if claimed:
            return 0.0 if len(claimed) < room else POLL
        return POLL if soon is None else min(POLL, max(0.005, soon))

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a message's outcome was not recorded: it is sent again", exc_info=error)
        if len(self._under_way) == AT_ONCE - 1:
            DELIVERIES.ring()

    async def _deliver(self, message: Claimed) -> None:
        on_call = ON_CALL.current()
        try:
            accepted = await self._send(message, on_call)
        except SendError as error:
            refused = error
            await self._settle(lambda: self._refused(message, refused, on_call))
        else:
            await self._settle(lambda: self._accepted(message, accepted))

    async def _settle(self, record: Callable[[], Awaitable[None]]) -> None:
        """Record an outcome, again where a store is away or contended: a repeat would be sent."""
        for pause in _PAUSES:
            try:
                return await record()
            except TRANSIENT:
                await asyncio.sleep(pause)
        return await record()

    async def _send(self, message: Claimed, on_call: OnCall | None) -> Accepted:
        if on_call is None:
            raise SendError(alerting.NO_ROSTER)
        envelope = envelope_of(message, on_call)
        person = on_call.roster.person(message.person)
        if message.channel == "email":
            server = on_call.roster.mail
            if person is None or person.email is None or server is None:
                raise SendError("the roster has no mail address for this person", permanent=True)
            composed = mail.compose(message.content, envelope, server, person.email)
            return await mail.send(server, on_call.mail_password, composed)
        receiver = receiver_of(message, on_call)
        body = messages.body(message.content, envelope).model_dump_json().encode()
        secret = on_call.secret(receiver)
        return await webhook.send(
            self.http, receiver.url, secret, envelope.message_id, body, clock.now()
        )

    async def _accepted(self, message: Claimed, accepted: Accepted) -> None:
        async with self.units.begin() as unit:
            held = await alerts.lock(unit.db, [message.alert])
            if not await deliveries.delivered(
                unit.db, message.delivery, unit.now, accepted.receipt
            ):
                return
            unit.emit(
                AlertDelivered(
                    alert=message.alert, case=message.case, clock=message.clock,
                    to=message.person, channel=message.channel, receipt=accepted.receipt,
                    delivered_at=unit.now,
                ),
                case=message.case,
            )  # fmt: skip
            if message.purpose in {"page", "ticket"}:
                await _resolve_earlier(unit, held[message.alert])

    async def _refused(self, message: Claimed, error: SendError, on_call: OnCall | None) -> None:
        given_up = message.attempts >= GIVE_UP_AFTER
        final = error.permanent or given_up
        async with self.units.begin() as unit:
            held = await alerts.lock(unit.db, [message.alert])
            newly = await deliveries.failed(
                unit.db, message.delivery, str(error),
                back_off(message.attempts, error.retry_after), unit.now,
                final=final, undelivered=final or message.attempts >= UNDELIVERED_AFTER,
            )  # fmt: skip
            if newly:
                await _undelivered(unit, message, held[message.alert], str(error), on_call)


async def _undelivered(
    unit: Unit, message: Claimed, alert: alerts.Alert, error: str, on_call: OnCall | None
) -> None:
    unit.emit(
        AlertUndelivered(
            alert=message.alert, case=message.case, clock=message.clock, to=message.person,
            channel=message.channel, error=error, exhausted=False, failed_at=unit.now,
        ),
        case=message.case,
    )  # fmt: skip
    if message.purpose == "ticket" and alert.state == "open":
        await alerting.next_turn(unit, alert, on_call, f"undeliverable: {error}", None)
    if message.purpose != "page" or alert.state != "open":
        return
    their_turn = alert.position < len(alert.chain)
    if not their_turn or alert.chain[alert.position].person != message.person:
        return
    if await deliveries.unreachable(unit.db, alert.alert, message.person):
        because = f"{message.person} could not be reached: {error}"
        await alerting.next_turn(unit, alert, on_call, because, None)


async def _resolve_earlier(unit: Unit, alert: alerts.Alert) -> None:
    """A step was told: the clock's earlier steps need no answer any more (rollout practice)."""
    others = await alerts.open_of_clocks(unit.db, [alert.clock])
    earlier = [
        (each, f"step {alert.step} was told")
        for each in others
        if each.alert != alert.alert and each.raised_at < alert.raised_at
    ]
    await alerting.resolve(unit, earlier, None)


@asynccontextmanager
async def sending(units: Units, health: Health) -> AsyncIterator[None]:
    """Send beside the service, watched by its readiness."""
    async with webhook.client() as http, health.beside("sender", Sender(units, http).run):
        yield
