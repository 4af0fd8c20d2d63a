"""Raises alerts, moves on to the next person, and ends alerts: all inside the caller's transaction.

An alert is one escalation step of one clock. It never changes the clock.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from schemas.alerts import AlertAcknowledged, AlertRaised, AlertResolved, AlertUndelivered
from schemas.clocks import ClockEscalated, Severity
from services.kit import ids
from services.kit.records import Cause, Received
from services.kit.unit import Unit
from services.notification.bell import DELIVERIES
from services.notification.domain import alert as wording
from services.notification.domain.alert import DraftLine, Kind
from services.notification.domain.roster import Roster
from services.notification.domain.turns import Turn, chain, unknown_targets
from services.notification.roster_file import OnCall
from services.notification.store import alerts, deliveries
from services.notification.store.alerts import Alert
from services.notification.store.deliveries import Wanted

TICKETS = "tickets"
"""Who receives tickets, in place of a person."""

NO_ROSTER = "no roster is in force"
NOBODY = "the roster names nobody for these targets"
NO_TICKETS = "the roster has no ticket channel"


def alert_id(dedup_key: str) -> str:
    """The alert of a clock, deadline and step."""
    return str(ids.derived("alert", dedup_key))


def timer_subject(alert: str) -> str:
    """What the timer that waits for an answer is about."""
    return f"alert/{alert}"


def wanted(roster: Roster, alert: Alert, turn: Turn, purpose: str = "page") -> tuple[Wanted, ...]:
    """One message for each channel of one person."""
    person = roster.person(turn.person)
    if person is None:
        return ()
    channels = [
        name
        for name, given in (("webhook", person.webhook), ("email", person.email))
        if given is not None
    ]
    return tuple(_wanted(alert.alert, turn.person, name, purpose) for name in channels)


def _wanted(alert: str, person: str, channel: str, purpose: str) -> Wanted:
    delivery = ids.derived("delivery", alert, person, channel, purpose)
    return Wanted(delivery, alert, person, channel, purpose)


async def raise_alerts(
    unit: Unit,
    escalations: Sequence[Received[ClockEscalated]],
    on_call: OnCall | None,
    drafts: Mapping[str, DraftLine],
    overtaken: Mapping[str, str],
) -> None:
    """Turn escalation steps into alerts and their first messages; known ones change nothing.

    `drafts` say where the clocks' drafts stand; `overtaken` are the deduplication keys of steps
    that came too late, with why: they are recorded and tell nobody.
    """
    made = [_alert(each, on_call, drafts, overtaken, unit.now) for each in escalations]
    fresh = await alerts.raise_new(unit.db, made)
    messages: list[Wanted] = []
    for received, alert in zip(escalations, made, strict=True):
        if alert.alert not in fresh:
            continue
        fresh.discard(alert.alert)  # the same step twice in one batch is one alert
        unit.emit(_raised(alert, received.event), cause=received, name=alert.alert)
        messages.extend(_first(unit, alert, on_call, received))
    await _queue(unit, messages)


def _alert(
    received: Received[ClockEscalated],
    on_call: OnCall | None,
    drafts: Mapping[str, DraftLine],
    overtaken: Mapping[str, str],
    now: datetime,
) -> Alert:
    event = received.event
    clock = event.clock
    kind = wording.kind_of(event)
    key = wording.dedup_key(clock, event.step)
    turns: tuple[Turn, ...] = ()
    if on_call is not None and kind is Kind.PAGE:
        turns = chain(on_call.roster, event.targets, now)
    alert = Alert(
        alert=alert_id(key),
        dedup_key=key,
        clock=clock.clock,
        case=clock.case,
        due_epoch=wording.due_epoch(clock),
        step=event.step,
        kind=kind,
        state="open",
        content=wording.content(event, drafts.get(clock.clock)),
        chain=turns,
        raised_at=now,
    )
    if because := overtaken.get(key):
        return replace(alert, state="resolved", resolved_at=now, because=because)
    if because := _nobody(alert, on_call):
        return replace(alert, state="exhausted", exhausted_at=now, because=because)
    return replace(alert, because=_not_known(on_call, event.targets))


def _not_known(on_call: OnCall | None, targets: Sequence[str]) -> str | None:
    strangers = unknown_targets(on_call.roster, targets) if on_call is not None else ()
    return f"the roster does not know: {', '.join(strangers)}" if strangers else None


def _nobody(alert: Alert, on_call: OnCall | None) -> str | None:
    if on_call is None:
        return NO_ROSTER
    if alert.kind is Kind.TICKET:
        return None if on_call.roster.tickets is not None else NO_TICKETS
    return None if alert.chain else NOBODY


def _first(unit: Unit, alert: Alert, on_call: OnCall | None, cause: Cause) -> tuple[Wanted, ...]:
    if alert.state == "resolved":
        return ()
    if alert.state == "exhausted":
        return _exhausted(unit, alert, on_call, alert.because or NOBODY, "nobody", cause)
    if on_call is None:
        return ()
    if alert.kind is Kind.TICKET:
        return (_wanted(alert.alert, TICKETS, "ticket", "ticket"),)
    return _tell(unit, alert, on_call.roster, 0)


def _tell(unit: Unit, alert: Alert, roster: Roster, position: int) -> tuple[Wanted, ...]:
    """Messages for one turn, and the timer that waits for the answer."""
    turn = alert.chain[position]
    unit.arm(timer_subject(alert.alert), f"turn-{position}", unit.now + turn.need_ack_in)
    return wanted(roster, alert, turn)


async def next_turn(
    unit: Unit, alert: Alert, on_call: OnCall | None, because: str, cause: Cause | None
) -> None:
    """Try the next person who can be told; when none is left, say so and tell the platform's."""
    position = alert.position + 1
    messages: tuple[Wanted, ...] = ()
    while on_call is not None and position < len(alert.chain) and not messages:
        messages = wanted(on_call.roster, alert, alert.chain[position])
        position += 0 if messages else 1
    unit.disarm(timer_subject(alert.alert))
    if messages:
        await alerts.move_on(unit.db, alert.alert, position)
        turn = alert.chain[position]
        unit.arm(timer_subject(alert.alert), f"turn-{position}", unit.now + turn.need_ack_in)
    elif alert.exhausted_at is None:
        last = alert.chain[-1].person if alert.chain else "nobody"
        await alerts.exhaust(unit.db, alert.alert, unit.now, because)
        messages = _exhausted(unit, alert, on_call, because, last, cause)
    await _queue(unit, messages)


def _exhausted(
    unit: Unit,
    alert: Alert,
    on_call: OnCall | None,
    because: str,
    last: str,
    cause: Cause | None,
) -> tuple[Wanted, ...]:
    unit.emit(
        AlertUndelivered(
            alert=alert.alert, case=alert.case, clock=alert.clock, to=last, channel="all",
            error=because, exhausted=True, failed_at=unit.now,
        ),
        cause=cause,
        name=f"{alert.alert} exhausted",
    )  # fmt: skip
    if on_call is None or alert.kind is Kind.TICKET:
        return ()
    turns = chain(on_call.roster, on_call.roster.platform, unit.now)
    return tuple(m for turn in turns for m in wanted(on_call.roster, alert, turn, "exhausted"))


async def _queue(unit: Unit, messages: Sequence[Wanted]) -> None:
    if await deliveries.queue(unit.db, messages, unit.now):
        unit.after_commit(DELIVERIES.ring)


def _raised(alert: Alert, event: ClockEscalated) -> AlertRaised:
    return AlertRaised(
        alert=alert.alert,
        case=alert.case,
        clock=alert.clock,
        dedup_key=alert.dedup_key,
        step=alert.step,
        severity=Severity.PAGE if alert.kind is Kind.PAGE else Severity.TICKET,
        summary=wording.titled(alert.content.summary),
        targets=event.targets,
        raised_at=alert.raised_at,
    )


async def acknowledge(unit: Unit, alert: Alert, person: str, through: str) -> None:
    """Silence this alert; the caller holds its row and knows that it is open."""
    await alerts.acknowledge(unit.db, alert.alert, person, unit.now)
    unit.disarm(timer_subject(alert.alert))
    unit.emit(
        AlertAcknowledged(
            alert=alert.alert, case=alert.case, clock=alert.clock, by=person, through=through,
            acknowledged_at=unit.now,
        )
    )  # fmt: skip


async def resolve(unit: Unit, found: Iterable[tuple[Alert, str]], cause: Cause | None) -> None:
    """End alerts, each for its reason, and tell the machines that were told of them."""
    ending = list(found)
    by_reason: dict[str, list[str]] = {}
    for alert, because in ending:
        by_reason.setdefault(because, []).append(alert.alert)
        unit.disarm(timer_subject(alert.alert))
        unit.emit(
            AlertResolved(
                alert=alert.alert, case=alert.case, clock=alert.clock, because=because,
                resolved_at=unit.now,
            ),
            cause=cause,
            name=f"{alert.alert} resolved",
        )  # fmt: skip
    for because, names in by_reason.items():
        await alerts.resolve(unit.db, names, unit.now, because)
    await tell_resolved(unit, {alert.alert for alert, _ in ending})


async def tell_resolved(unit: Unit, ended: Collection[str]) -> None:
    """Tell the machines that were told of these alerts; a page may arrive after its alert ended."""
    if not ended:
        return
    told = await deliveries.told(unit.db, ended)
    await _queue(unit, [_wanted(*each, "resolved") for each in told])
