"""Turns received events into what notification keeps of them: facts, clocks, ends of alerts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from schemas.campaigns import CampaignPlanned, CoverageChanged
from schemas.cases import (
    CaseScoped,
    ExploitationAssessed,
    MeasureApproved,
    MeasureAvailable,
    MeasurePlanned,
    RiskAssessed,
)
from schemas.catalogue import EntityRegistered, ProductRegistered, ProductRetired
from schemas.clocks import (
    Clock,
    ClockEnded,
    ClockEscalated,
    ClockEvent,
    ClockMet,
    ClockMode,
    ClockMoved,
)
from schemas.event import Event
from schemas.findings import VulnerabilityDescribed
from services.kit.records import Received
from services.notification.domain.alert import Kind, dedup_key, due_epoch
from services.notification.store.alerts import Alert
from services.notification.store.clocks import KeptClock, is_live
from services.notification.store.facts import Fact


def fact_of(received: Received[Event]) -> Fact | None:
    """What is kept of an event; None for those that are no fact of a draft."""
    place = _place(received.event)
    if place is None:
        return None
    kind, name, scope, body = place
    return Fact(
        kind, name, scope, received.type, received.id, received.time, body, received.revision
    )


def _place(event: Event) -> tuple[str, str, str, BaseModel] | None:  # noqa: C901, PLR0911  (one line a fact)
    match event:
        case ProductRegistered():
            return "product", event.product, event.entity, event
        case ProductRetired():
            return "product", event.last.product, event.last.entity, event.last
        case EntityRegistered():
            return "entity", event.entity, "", event
        case VulnerabilityDescribed():
            return "vulnerability", event.vulnerability, "", event
        case CaseScoped():
            return "case", event.case, event.case, event
        case ExploitationAssessed():
            return "assessment", f"{event.case}/{event.product}", event.case, event
        case RiskAssessed():
            return "risk", f"{event.case}/{event.product}", event.case, event
        case MeasurePlanned() | MeasureApproved() | MeasureAvailable():
            measure = event.measure
            return "measure", f"{event.case}/{measure.measure}", event.case, measure
        case CampaignPlanned():
            return "campaign", event.campaign, event.case, event
        case CoverageChanged():
            return "coverage", event.key, event.case, event
        case _:
            return None


def kept_of(received: Received[Any]) -> KeptClock:
    """A clock as it is kept, from any event about it."""
    event: ClockEvent = received.event
    return KeptClock(
        event.clock, received.type, received.id, received.time, is_live(event.clock),
        received.revision,
    )  # fmt: skip


def ended_alerts(
    open_ones: Sequence[Alert], telling: Sequence[Received[Any]], now: Mapping[str, Clock]
) -> Iterator[tuple[Alert, str]]:
    """The alerts that their clock, as it is now, makes pointless, each with why.

    It is the clock that decides, not the event: a replayed event may be about a deadline long gone.
    """
    last = {each.event.clock.clock: each.event for each in telling}
    for alert in open_ones:
        because = _pointless(alert, last[alert.clock], now[alert.clock])
        if because is not None:
            yield alert, because


def _pointless(alert: Alert, event: ClockEvent, now: Clock) -> str | None:
    if not is_live(now):
        if isinstance(event, ClockMet):
            return f"the clock was met: {event.by}"
        why = event.because if isinstance(event, ClockEnded | ClockMoved) else now.mode_reason
        return f"the clock is {now.state.value}: {why}"
    if alert.due_epoch != due_epoch(now):
        return "the deadline moved"
    if alert.kind is Kind.PAGE and now.mode is not ClockMode.MANDATORY:
        return f"the clock is {now.mode.value} now: {now.mode_reason}"
    return None


def overtaken(
    escalations: Sequence[Received[ClockEscalated]], now: Mapping[str, Clock]
) -> dict[str, str]:
    """The alerts that would tell of a clock as it no longer is, by deduplication key, with why.

    After an outage a step may arrive together with the filing that met its clock: it is recorded
    and wakes nobody.
    """
    found = {}
    for each in escalations:
        clock = now[each.event.clock.clock]
        key = dedup_key(each.event.clock, each.event.step)
        if not is_live(clock):
            found[key] = f"the clock is {clock.state.value} already"
        elif due_epoch(clock) != due_epoch(each.event.clock):
            found[key] = "the deadline has moved since"
    return found
