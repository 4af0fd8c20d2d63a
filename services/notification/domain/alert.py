"""Says what a page or a ticket tells, what makes it one alert, and how it is worded.

A page carries no patient data, no personal data and no exploit detail; each step of a clock is an
alert of its own, so that an early acknowledgement never mutes a later one.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from schemas.clocks import Clock, ClockEscalated, ClockMode, Severity
from schemas.event import Instant
from services.notification.domain.approval import open_fields
from services.notification.domain.document import PREPARED, DraftDocument
from services.notification.domain.duty import SHADOW, duty_of

SUMMARY_BYTES = 1024
"""The longest summary that pagers take (1 KiB)."""

_TITLE = 512

DO_NOT = (
    "Do not put patient data into a reply or a draft.",
    "Do not put exploit detail into a reply, a ticket or a chat.",
    "Acknowledging silences this page; it does not stop the clock.",
)


PENDING = "is being prepared"
"""Of a draft that its page went ahead of: pages never wait for drafts."""


class Kind(StrEnum):
    """How an alert reaches people: a page wakes, a ticket waits."""

    PAGE = "page"
    TICKET = "ticket"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DraftLine(_Part):
    """Where the prepared draft stands; no revision: it is being prepared and comes in a moment."""

    draft: str
    revision: int | None
    standing: str
    missing: tuple[str, ...]


class AnchorLine(_Part):
    """What the period runs from: who set it, when, on what evidence."""

    name: str
    at: Instant
    set_by: str
    set_at: Instant
    evidence: str


class Content(_Part):
    """What every receiver of one alert is told, whoever they are."""

    summary: str
    kind: Kind
    duty: str
    case: str
    clock: str
    step: str
    label: str
    state: str
    basis: str
    basis_kind: str
    rule: str
    confidence: str | None = None
    pack: str
    product: str | None
    identifiers: tuple[str, ...]
    due: Instant | None
    due_legal_outer: Instant | None
    anchor: AnchorLine | None
    stops_when: str
    draft: DraftLine | None
    next_step_at: Instant | None
    next_step: str | None = None
    next_targets: tuple[str, ...] = ()
    due_local: str | None = None
    recipient: str | None = None
    assumed: tuple[str, ...] = ()
    drill: bool = False
    cases: tuple[str, ...]
    do_not: tuple[str, ...] = DO_NOT


def due_epoch(clock: Clock) -> int:
    """The deadline in whole seconds since 1970; 0 where there is none yet."""
    return int(clock.due_operational.timestamp()) if clock.due_operational else 0


def dedup_key(clock: Clock, step: str) -> str:
    """One a clock, deadline and step, never one a clock."""
    return f"pv:{clock.clock}:{due_epoch(clock)}:{step}"


def kind_of(escalated: ClockEscalated) -> Kind:
    """Shadow clocks never page, whatever the rule asks for."""
    if escalated.clock.mode is ClockMode.MANDATORY and escalated.severity is Severity.PAGE:
        return Kind.PAGE
    return Kind.TICKET


def content(escalated: ClockEscalated, line: DraftLine | None) -> Content:
    """Word one escalation step; `line` is where the clock's draft stands, if it has one."""
    clock = escalated.clock
    return Content(
        summary=summary(escalated, line),
        kind=kind_of(escalated),
        duty=duty_of(clock),
        drill=clock.drill,
        case=clock.case,
        clock=clock.clock,
        step=escalated.step,
        label=clock.label,
        state=clock.state.value,
        basis=clock.authority,
        basis_kind=clock.kind.value,
        rule=clock.rule,
        confidence=clock.confidence,
        recipient=clock.recipient,
        pack=clock.pack,
        product=clock.product,
        identifiers=clock.identifiers,
        due=clock.due_operational,
        due_legal_outer=clock.due_legal_outer,
        anchor=_anchor(clock),
        stops_when=escalated.stops_when,
        draft=line,
        next_step_at=escalated.next_step_at,
        next_step=escalated.next_step,
        next_targets=escalated.next_targets,
        due_local=escalated.due_local,
        assumed=clock.assumed,
        cases=escalated.cases,
    )


def summary(escalated: ClockEscalated, draft: DraftLine | None) -> str:
    """The first line: what, how long, which case, and where the draft stands."""
    clock = escalated.clock
    shadow = f" ({SHADOW})" if clock.mode is ClockMode.SHADOW else ""
    drill = "DRILL - " if clock.drill else ""
    parts = [f"{drill}[{clock.label}]{shadow} {left(escalated.remaining_seconds)}"]
    if escalated.cases:
        parts.append(f"initial load, {len(escalated.cases)} cases: {', '.join(escalated.cases)}")
    else:
        whose = (clock.case, clock.product, clock.member_state)
        parts.append(" ".join(filter(None, (*whose, *clock.identifiers[:3]))))
    parts.append(clock.state.value)
    if draft is not None:
        parts.append(f"draft {draft.standing}")
    return shortened(" - ".join(parts))


def shortened(text: str) -> str:
    """Keep the first 1,024 bytes, cut between characters."""
    raw = text.encode()
    if len(raw) <= SUMMARY_BYTES:
        return text
    return raw[: SUMMARY_BYTES - 3].decode(errors="ignore") + "…"


def left(seconds: int | None) -> str:
    """The time left, in words: `3 h 58 m left`, `2 h 5 m late`."""
    if seconds is None:
        return "no deadline yet"
    whole = timedelta(seconds=abs(seconds))
    hours, rest = divmod(int(whole.total_seconds()), 3600)
    days, hours = divmod(hours, 24)
    text = f"{days} d {hours} h" if days else f"{hours} h {rest // 60} m"
    return f"{text} late" if seconds < 0 else f"{text} left"


def pending(draft: str) -> DraftLine:
    """A draft that its clock asks for and that is not there yet."""
    return DraftLine(draft=draft, revision=None, standing=PENDING, missing=())


def draft_line(draft: DraftDocument, *, approved: bool) -> DraftLine:
    """Where a draft stands, and the required fields it lacks."""
    missing = tuple(gap.label for gap in open_fields(draft))
    standing = f"{PREPARED}, {'approved' if approved else 'not approved'}"
    if missing:
        standing += f", lacks {len(missing)} required fields"
    return DraftLine(draft=draft.draft, revision=draft.revision, standing=standing, missing=missing)


def _anchor(clock: Clock) -> AnchorLine | None:
    anchor = clock.anchor
    if anchor is None:
        return None
    return AnchorLine(
        name=anchor.name,
        at=anchor.at,
        set_by=anchor.set_by,
        set_at=anchor.set_at,
        evidence=anchor.evidence[:200],
    )


def ack_expires(raised_at: datetime, valid_for: timedelta) -> datetime:
    """When the links of an alert stop working, in whole seconds."""
    return (raised_at + valid_for).astimezone(UTC).replace(microsecond=0)


def titled(text: str) -> str:
    """A summary as events carry it: at most 512 characters."""
    return text if len(text) <= _TITLE else text[: _TITLE - 1] + "…"
