"""Sends queued messages after their commit: woken at once, many at a time, again until accepted.

A try that dies with the process is made again after its lease, with the same id: receivers see at
least one message and know repeats. A message counts as undelivered after a permanent refusal or a
few failed tries; the next person is then tried at once, while the tries go on.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import httpx

from schemas.alerts import AlertUndelivered
from services.kit import clock
from services.kit.database import TRANSIENT, connection
from services.kit.health import Health
from services.kit.unit import Unit, Units
from services.notification import alerting
from services.notification.bell import DELIVERIES, PAGES, heard
from services.notification.channels import mail, webhook
from services.notification.channels.outcome import Accepted, SendError
from services.notification.domain import message as messages
from services.notification.envelopes import envelope_of, receiver_of
from services.notification.outcomes import Outcomes, settle
from services.notification.roster_file import ON_CALL, OnCall
from services.notification.store import alerts, deliveries
from services.notification.store.deliveries import Claimed

_log = logging.getLogger(__name__)

AT_ONCE = 32
"""The most messages under way at a time."""
RESERVED = 16
"""How many of them only webhooks may be: a mail server that hangs holds no page back."""
LEASE = timedelta(seconds=60)
"""Longer than any try takes; a dead process's tries are made again after it."""
POLL = 1.0
"""How often to look for messages that another replica queued and could not send."""
AGAIN = 0.1
"""The least wait for what falls due later, so that it is taken many at a time; the bell is heard
at once."""
UNDELIVERED_AFTER = 3
"""Failed tries after which the next person is tried."""
CEILING = timedelta(minutes=1)
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
    outcomes: Outcomes
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
            few = room <= RESERVED
            most = room if few else room - RESERVED
            claimed = await deliveries.claim(db, most, LEASE, webhooks_only=few)
            soon = AGAIN if claimed else await deliveries.soon(db)
        for each in claimed:
            task = asyncio.create_task(self._deliver(each))
            self._under_way.add(task)
            task.add_done_callback(self._finished)
        if len(claimed) == most:
            return 0.0  # there is more, and perhaps still room for it
        return POLL if soon is None else min(POLL, max(AGAIN, soon))

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a message's outcome was not recorded: it is sent again", exc_info=error)
        if len(self._under_way) in {AT_ONCE - 1, AT_ONCE - RESERVED - 1}:
            DELIVERIES.ring()  # there is room again

    async def _deliver(self, message: Claimed) -> None:
        on_call = ON_CALL.current()
        try:
            with PAGES.taken() if message.channel == "webhook" else nullcontext():
                accepted = await self._send(message, on_call)
        except SendError as error:
            await settle(partial(self._refused, message, error, on_call))
        else:
            await self.outcomes.accepted(message, accepted.receipt)

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
            return await mail.send(server, on_call.mail_password, composed, person.email)
        receiver = receiver_of(message, on_call)
        body = messages.body(message.content, envelope).model_dump_json().encode()
        secret = on_call.secret(receiver)
        return await webhook.send(
            self.http, receiver.url, secret, envelope.message_id, body, clock.now()
        )

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


@asynccontextmanager
async def sending(units: Units, health: Health) -> AsyncIterator[None]:
    """Send beside the service, watched by its readiness."""
    async with (
        webhook.client() as http,
        health.beside("sender", Sender(units, http, Outcomes(units)).run),
    ):
        yield
