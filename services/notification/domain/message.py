"""Words an alert for one receiver: their own zone, their own link, and who is tried after them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from schemas.event import Instant
from services.notification.domain.alert import Content
from services.notification.domain.duty import DRILL
from services.notification.domain.turns import in_zone

Purpose = Literal["page", "ticket", "exhausted", "resolved"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is the receiver's own in a message."""

    message_id: str
    alert: str
    dedup_key: str
    purpose: Purpose
    raised_at: datetime
    to: str
    zone: str
    base_url: str
    ack_url: str | None = None
    then: str | None = None
    then_in: timedelta | None = None
    because: str | None = None


class Body(BaseModel):
    """A webhook's body. `kind` is page, ticket, exhausted or resolved; `dedup_key` joins them."""

    model_config = ConfigDict(frozen=True)

    type: str
    kind: Purpose
    timestamp: Instant
    alert: str
    dedup_key: str
    to: str
    summary: str
    deadline: str
    draft_url: str | None
    case_alerts_url: str
    ack_url: str | None
    escalates: str
    because: str | None
    content: Content


def body(content: Content, envelope: Envelope) -> Body:
    """The message as a machine reads it."""
    return Body(
        type=f"alert.{envelope.purpose}",
        kind=envelope.purpose,
        timestamp=envelope.raised_at,
        alert=envelope.alert,
        dedup_key=envelope.dedup_key,
        to=envelope.to,
        summary=content.summary,
        deadline=deadline(content, envelope.zone),
        draft_url=_draft_url(content, envelope),
        case_alerts_url=f"{envelope.base_url}/v1/alerts?case={content.case}",
        ack_url=envelope.ack_url,
        escalates=escalates(envelope),
        because=envelope.because,
        content=content,
    )


def deadline(content: Content, zone: str) -> str:
    """The operational deadline in UTC and the reader's zone."""
    return in_zone(content.due, zone) if content.due else "none yet"


def escalates(envelope: Envelope) -> str:
    """Who is tried next, and after how long without an answer."""
    if envelope.purpose != "page":
        return "nobody further"
    if envelope.then is None or envelope.then_in is None:
        return "nobody is left after you"
    minutes = envelope.then_in.total_seconds() / 60
    return f"{envelope.then}, if nobody acknowledges within {minutes:g} min"


def _draft_url(content: Content, envelope: Envelope) -> str | None:
    if content.draft is None:
        return None
    return f"{envelope.base_url}/v1/drafts/{content.draft.draft}.html"


def subject(content: Content, envelope: Envelope) -> str:
    """A mail's subject: one line, short enough for a phone."""
    prefix = "" if envelope.purpose in {"page", "ticket"} else f"{envelope.purpose.upper()}: "
    line = " ".join(f"{prefix}{content.summary}".split())
    return line if len(line) <= _SUBJECT else line[: _SUBJECT - 1] + "…"


_SUBJECT = 200


def text(content: Content, envelope: Envelope) -> str:
    """The message as a person reads it on a phone at night: what to do comes first."""
    rows = [
        content.summary,
        "",
        *([DRILL, ""] if content.drill else []),
        *([envelope.because, ""] if envelope.because else []),
        *([f"Acknowledge: {envelope.ack_url}"] if envelope.ack_url else []),
        f"Deadline: {deadline(content, envelope.zone)}",
        *([f"Deadline where it counts: {content.due_local}"] if content.due_local else []),
        *_outer(content, envelope.zone),
        f"Duty: {content.duty}",
        *(
            [f"Assumed on the stricter side: {'; '.join(content.assumed)}"]
            if content.assumed
            else []
        ),
        f"Basis: {content.basis} ({content.basis_kind}), {_rule(content)}",
        *([f"A filing goes to: {content.recipient}"] if content.recipient else []),
        f"Stands: {content.state}, step {content.step}",
        *_anchor(content),
        f"Stops when: {content.stops_when}",
        *_draft(content, envelope),
        *([f"Cases: {', '.join(content.cases)}"] if content.cases else []),
        f"Next step: {_next(content, envelope.zone)}",
        f"Next person: {escalates(envelope)}",
        "",
        *content.do_not,
    ]
    return "\n".join(rows) + "\n"


def _rule(content: Content) -> str:
    sure = f" ({content.confidence})" if content.confidence else ""
    return f"rule {content.rule}{sure}, {content.pack}"


def _outer(content: Content, zone: str) -> list[str]:
    outer = content.due_legal_outer
    if outer is None or outer == content.due:
        return []
    return [f"Law's last moment: {in_zone(outer, zone)}"]


def _anchor(content: Content) -> list[str]:
    anchor = content.anchor
    if anchor is None:
        return ["Runs from: nothing yet"]
    evidence = f", on {anchor.evidence}" if anchor.evidence else ""
    set_at = f"set by {anchor.set_by} at {anchor.set_at:%Y-%m-%d %H:%M}Z"
    return [f"Runs from: {anchor.name} {anchor.at:%Y-%m-%d %H:%M}Z, {set_at}{evidence}"]


def _draft(content: Content, envelope: Envelope) -> list[str]:
    draft = content.draft
    if draft is None:
        return ["Draft: none is prepared for this clock"]
    if draft.revision is None:
        return [f"Draft {draft.standing}: {_draft_url(content, envelope)}"]
    missing = [f"  lacks: {name}" for name in draft.missing]
    return [f"Draft: {draft.standing}: {_draft_url(content, envelope)}", *missing]


def _next(content: Content, zone: str) -> str:
    said = _moment(content.next_step_at, zone)
    name = f"{content.next_step}, " if content.next_step else ""
    to = f", tells {', '.join(content.next_targets)}" if content.next_targets else ""
    return f"{name}{said}{to}"


def _moment(at: datetime | None, zone: str) -> str:
    return in_zone(at, zone) if at is not None else "none"
