"""How an event reads on a case's timeline: one sentence, who acted, and what it is linked to."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from schemas.advisories import AdvisoryPublished, AdvisoryWithdrawn
from schemas.alerts import AlertEvent
from schemas.campaigns import CampaignEvent, CoverageChanged
from schemas.clocks import Clock, ClockEvent, ClockMode, RuleKind
from schemas.event import Event
from schemas.findings import (
    FindingChanged,
    FindingCleared,
    FindingOpened,
    VulnerabilityDescribed,
    VulnerabilityMerged,
    VulnerabilitySplit,
)
from schemas.signals import (
    ExploitationReported,
    ExploitationWithdrawn,
    IncidentReported,
    ReportReceived,
    ScoreObserved,
)

_ACTORS = (
    "assessed_by", "decided_by", "planned_by", "approved_by", "closed_by", "reopened_by",
    "filed_by", "sent_by", "recorded_by", "requested_by", "halted_by", "resumed_by", "aborted_by",
    "by", "author",
)  # fmt: skip
"""Fields of events that name who acted, in the order in which they are looked for."""

_REASONS = ("because", "ground", "why", "reason")
_SHOWN = 400


@cache
def _present(kind: type[Event], fields: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the fields that events of a kind have: to miss one costs an exception each time."""
    return tuple(name for name in fields if name in kind.model_fields or hasattr(kind, name))


def case_of(event: Event) -> str | None:
    """The case that an event names, if any."""
    if isinstance(event, ClockEvent):
        return event.clock.case
    case = getattr(event, "case", None)
    return case if isinstance(case, str) else None


def actor_of(event: Event) -> str | None:
    """The person or integration that acted, where the event says so."""
    for name in _present(type(event), _ACTORS):
        found = getattr(event, name)
        if isinstance(found, str):
            return found
    measure = getattr(event, "measure", None)
    if measure is not None and not isinstance(measure, str):
        approved = event.TYPE.startswith("measure.approved")
        by: str | None = measure.approved_by if approved else measure.planned_by
        return by if not event.TYPE.startswith("measure.available") else None
    return None


def links_of(event: Event) -> tuple[str, ...]:
    """What an event without a case speaks of, so that the cases of these things show it."""
    return tuple(sorted(set(_links(event))))


def _links(event: Event) -> Iterator[str]:
    match event:
        case AdvisoryPublished():
            names = ((each.id, *each.aliases) for each in event.vulnerabilities)
            yield from (f"identifier/{name}" for every in names for name in every)
        case AdvisoryWithdrawn(vulnerabilities=withdrawn):
            yield from (f"identifier/{name}" for name in withdrawn)
        case ExploitationReported() | ExploitationWithdrawn() | ScoreObserved():
            yield f"identifier/{event.identifier}"
        case ReportReceived() | IncidentReported():
            yield f"report/{event.report}"
            yield from (f"identifier/{name}" for name in event.identifiers)
        case CampaignEvent() | CoverageChanged():
            yield f"campaign/{event.campaign}"
        case _:
            yield from (f"identifier/{name}" for name in _found_under(event))


def _found_under(event: Event) -> tuple[str, ...]:
    """The vulnerabilities and identifiers that an event of the stream `findings` speaks of."""
    match event:
        case VulnerabilityDescribed(vulnerability=vulnerability, identifiers=names):
            return (vulnerability, *names)
        case VulnerabilityMerged(survivor=one, absorbed=other):
            return (one, other)
        case VulnerabilitySplit(vulnerability=one, separated=other):
            return (one, other)
        case FindingOpened() | FindingChanged() | FindingCleared():
            return (event.finding.vulnerability,)
        case _:
            return ()


def summary_of(event: Event) -> str:
    """One sentence: what happened, to what, and why where the event says so."""
    words = event.TYPE.rsplit(".v", 1)[0].replace(".", " ").replace("_", " ")
    parts = [f"{words}: {_about(event)}".rstrip(": "), _because(event)]
    text = "; ".join(part for part in parts if part)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _binding(clock: Clock) -> str:
    """Whether it binds: of what is no law nobody reads that it is mandatory."""
    law = clock.kind is RuleKind.LAW or clock.mode is not ClockMode.MANDATORY
    return clock.mode.value if law else f"{clock.kind.value}, not law"


def _about(event: Event) -> str:
    match event:
        case ClockEvent(clock=clock):
            due = f", due {_instant(clock.due_operational)}" if clock.due_operational else ""
            product = f" for {clock.product}" if clock.product else ""
            return f"{clock.label}{product} ({_binding(clock)}, {clock.state.value}{due})"
        case FindingOpened(finding=found) | FindingChanged(finding=found):
            where = f" in {found.component}@{found.component_version}" if found.component else ""
            reason = f" ({found.reason})" if found.reason else ""
            verdict = found.verdict.value.replace("_", " ")
            return f"{found.product} {found.version} is {verdict}{where}{reason}"
        case FindingCleared(finding=found):
            return f"{found.product} {found.version}, {found.component or 'the product'}"
        case AlertEvent():
            return _said(event, ("summary", "channel", "to", "by"))
        case _:
            return _said(event, _FIELDS)


_FIELDS = (
    "title", "identifier", "vulnerability", "absorbed", "question", "outcome", "product", "version",
    "band", "verdict", "regime", "reportable", "campaign", "wave", "passed", "stage", "receipt",
    "kind", "source", "device", "site", "entity", "advisory", "document", "covered", "total",
)  # fmt: skip
"""Fields that say what an event is about; those it has are shown, in this order."""


def _said(event: Event, fields: tuple[str, ...]) -> str:
    found = ((name, getattr(event, name)) for name in _present(type(event), fields))
    return ", ".join(
        f"{name} {_plain(value)}" for name, value in found if value not in {None, "", ()}
    )


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return " and ".join(map(_plain, value))
    return str(getattr(value, "value", value))


def _because(event: Event) -> str:
    for name in _present(type(event), _REASONS):
        found = getattr(event, name)
        if isinstance(found, str) and found:
            return found
    return ""


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
