"""The unit of work: what one transaction reads, changes, emits, arms and records."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from schemas.event import Event, Tombstone
from services.kit import clock, locks, outbox, telemetry
from services.kit.actors import Actor
from services.kit.blobs import Blobs
from services.kit.database import Connection, Pool, connection, schema_of
from services.kit.outbox import Emission
from services.kit.records import Cause


class ForbiddenError(Exception):  # no PermissionError: OSError means transient
    """The actor lacks the role that this act asks for."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A wish to be woken at `due_at` for a step of a subject."""

    subject: str
    step: str
    due_at: datetime
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Disarm:
    """A wish not to be woken any more; without a step, for nothing of the subject."""

    subject: str
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """Who changed what: an act with the subject's state before and after it."""

    action: str
    subject: str
    before: Any = None
    after: Any = None
    reason: str | None = None


@dataclass(slots=True)
class Unit:
    """One transaction's work. Handlers and routes are given it; they never commit it."""

    db: Connection
    service: str
    blobs: Blobs
    actor: Actor | None = None
    now: datetime = field(default_factory=clock.now)
    emitted: list[Emission] = field(default_factory=list)
    armed: list[Arm | Disarm] = field(default_factory=list)
    audited: list[Audit] = field(default_factory=list)
    _trace: list[str | None] = field(default_factory=list)
    _flushers: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    _callbacks: list[Callable[[], None]] = field(default_factory=list)

    async def lock(self, kind: str, keys: Iterable[str]) -> None:
        """Hold the advisory locks of `keys` until commit; call it before the first read."""
        await locks.take(self.db, schema_of(self.service), kind, keys)

    def emit(
        self,
        event: Event | Tombstone,
        *,
        cause: Cause | None = None,
        case: str | None = None,
        bulk: bool = False,
        name: str = "",
    ) -> None:
        """Put an event, or the end of a key, into the outbox when the unit commits.

        With a cause its id is derived, so that a replay emits the same one; `name` tells apart two
        events of one type and key that follow from one cause. Without `case` the cause's case goes
        on.
        """
        if cause is not None and cause.traceparent is not None:
            trace = telemetry.onward(event.TYPE, cause.traceparent)
        else:
            trace = self._present_trace()
        emission = Emission.of(event, self.now, cause, case, bulk=bulk, name=name, trace=trace)
        self.emitted.append(emission)

    def _present_trace(self) -> str | None:
        if not self._trace:
            self._trace.append(telemetry.traceparent())
        return self._trace[0]

    def arm(self, subject: str, step: str, due_at: datetime, *, cause: Cause | None = None) -> None:
        """Be woken at `due_at` (legal time); the same subject, step and time are one alarm.

        An alarm at another time is another alarm: disarm the step first when a deadline moves.
        With a cause, what the alarm makes happen stays in its trace.
        """
        self.armed.append(Arm(subject, step, due_at, cause.traceparent if cause else None))

    def disarm(self, subject: str, step: str | None = None) -> None:
        """Take back the alarms of a subject, or of one step of it, in the order of these calls."""
        self.armed.append(Disarm(subject, step))

    def audit(
        self,
        action: str,
        subject: str,
        *,
        before: Any = None,
        after: Any = None,
        reason: str | None = None,
    ) -> None:
        """Record who did what; written last, in the same transaction."""
        self.audited.append(Audit(action, subject, before, after, reason))

    def require(self, *roles: str) -> Actor:
        """Return the actor if it has one of these roles.

        Raises:
            ForbiddenError: nobody is known to act, or the actor has none of the roles.
        """
        if self.actor is None:
            raise ForbiddenError(f"needs a known actor with the role {' or '.join(roles)}")
        if roles and self.actor.roles.isdisjoint(roles):
            raise ForbiddenError(f"{self.actor.id} lacks the role {' or '.join(roles)}")
        return self.actor

    def before_commit(self, flush: Callable[[], Awaitable[None]]) -> None:
        """Run `flush` after the handler and after the outbox, in the order of these calls."""
        self._flushers.append(flush)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` once the transaction is committed; it must be quick and not fail."""
        self._callbacks.append(callback)

    async def flush(self) -> None:
        """Write what was collected; the one who opened the transaction calls it before commit."""
        await outbox.append(self.db, self.blobs, self.emitted)
        for flush in self._flushers:
            await flush()

    def committed(self) -> None:
        """Tell those who wait for the commit."""
        for callback in self._callbacks:
            callback()


@dataclass(frozen=True, slots=True)
class Units:
    """Opens units of one service.

    `flushers` write what a unit collected beside events (alarms, audit rows), in this order and
    after the outbox; `wake` tells the relay that a commit brought it work.
    """

    pool: Pool
    service: str
    blobs: Blobs
    wake: Callable[[], None]
    flushers: Sequence[Callable[[Unit], Awaitable[None]]] = ()

    @asynccontextmanager
    async def begin(
        self, *, actor: Actor | None = None, readonly: bool = False
    ) -> AsyncIterator[Unit]:
        """Open a transaction; leaving the block writes what was collected and commits.

        An exception inside rolls everything back and nothing is emitted.
        """
        async with connection(self.pool) as db:
            async with db.transaction(readonly=readonly):
                unit = Unit(db, self.service, self.blobs, actor)
                for flusher in self.flushers:
                    unit.before_commit(partial(flusher, unit))
                yield unit
                if not readonly:
                    await unit.flush()
            if unit.emitted:
                self.wake()
            unit.committed()
