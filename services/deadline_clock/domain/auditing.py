"""Words what the auditor raises: steps overdue without effect, its own absence, a lost database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

_LISTED = 50
"""The most steps that one message lists; the count is always whole."""

AWAY = timedelta(minutes=2)
"""An auditor that was silent for longer says so itself when it is back."""


class AlarmKind(StrEnum):
    """What the auditor raises."""

    OVERDUE = "overdue"
    AUDITOR_AWAY = "auditor_away"
    DATABASE_AWAY = "database_away"


@dataclass(frozen=True, slots=True)
class Overdue:
    """A step that should have had its effect at `fire_at` and has not; `due_at` is legal time."""

    subject: str
    step: str
    due_at: datetime
    fire_at: datetime
    why: str
    case: str | None = None
    label: str | None = None
    mode: str | None = None
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Raised:
    """One message of the second path: a line for a phone, and all that is known below it."""

    kind: AlarmKind
    summary: str
    lines: tuple[str, ...]


def overdue(found: Sequence[Overdue], now: datetime) -> Raised:
    """Raise steps that were found overdue in one look, those first that have waited longest."""
    ordered = sorted(found, key=lambda each: (each.mode != "mandatory", each.fire_at))
    first = ordered[0]
    many = f"{len(ordered)} escalation steps are" if len(ordered) > 1 else "an escalation step is"
    summary = (
        f"AUDITOR: {many} overdue without effect, the first by {_lapse(now - first.fire_at)}: "
        f"{_named(first)}"
    )
    lines = [_line(each, now) for each in ordered[:_LISTED]]
    if len(ordered) > _LISTED:
        lines.append(f"and {len(ordered) - _LISTED} more: GET /v1/auditor at deadline-clock")
    lines += [
        "Nobody may have been paged for these. Look at the clocks yourself, then at the service:",
        "patchvigil status, patchvigil doctor, and docs/operations.md (Timers are overdue).",
    ]
    return Raised(AlarmKind.OVERDUE, summary, tuple(lines))


def auditor_away(since: datetime, now: datetime) -> Raised:
    """Raise that nobody watched the steps for a while."""
    summary = f"AUDITOR: it did not run for {_lapse(now - since)} and watches again"
    lines = (
        f"From {_spelled(since)} to {_spelled(now)} nobody watched the escalation steps.",
        "What was overdue meanwhile and still is, is raised by itself.",
    )
    return Raised(AlarmKind.AUDITOR_AWAY, summary, lines)


def database_away(since: datetime, now: datetime, error: str) -> Raised:
    """Raise that PostgreSQL cannot be reached: no step can fire, and none can be checked."""
    summary = f"AUDITOR: PostgreSQL cannot be reached for {_lapse(now - since)}: no clock can page"
    lines = (
        f"Since {_spelled(since)} the auditor cannot look: {error}.",
        "Deadline-clock cannot fire an escalation step either. Take the deadlines of open cases",
        "from the last page or mail, and bring PostgreSQL back.",
    )
    return Raised(AlarmKind.DATABASE_AWAY, summary, lines)


def _named(each: Overdue) -> str:
    if each.case is None:
        return f"{each.subject} {each.step}"
    return f"{each.label} of {each.case}, step {each.step}"


def _line(each: Overdue, now: datetime) -> str:
    deadline = f", deadline {_spelled(each.deadline)}" if each.deadline is not None else ""
    mode = f", {each.mode}" if each.mode is not None else ""
    return (
        f"- {_named(each)}{mode}{deadline}: should have been told at {_spelled(each.fire_at)}, "
        f"{_lapse(now - each.fire_at)} ago; {each.why} (clock {each.subject})"
    )


def _spelled(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"


def _lapse(lapse: timedelta) -> str:
    seconds = int(lapse.total_seconds())
    if seconds < 120:  # noqa: PLR2004 - below two minutes seconds say more
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} m" if hours else f"{minutes} m"
