"""Knows whose turn it is: who is on call at an instant, and in which order people are tried."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from services.notification.domain.roster import Roster, Rotation, Target


class Turn(BaseModel):
    """One person to try, for which target, and how long to wait for their answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str
    target: str
    need_ack_in: timedelta


def on_call(target: Target, at: datetime) -> tuple[str, ...]:
    """The people of a target at an instant, in the order in which they are tried."""
    local = at.astimezone(ZoneInfo(target.zone))
    names: list[str] = []
    for shift in target.shifts:
        if shift.covers(local):
            names.extend(shift.people)
    if target.rotation is not None:
        names.append(_of_rotation(target.rotation, target.zone, at))
    names.extend(target.people)
    return tuple(dict.fromkeys(names))


def _of_rotation(rotation: Rotation, zone: str, at: datetime) -> str:
    """Whose turn it is: turns change at the local handover time, whatever summer time does."""
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    first = datetime.combine(rotation.start, rotation.handover)
    turns = (local - first) // timedelta(days=rotation.days)
    return rotation.people[turns % len(rotation.people)]


def chain(roster: Roster, targets: Iterable[str], at: datetime) -> tuple[Turn, ...]:
    """Everyone to try for these targets, in order, each once."""
    turns: dict[str, Turn] = {}
    for name in targets:
        target = roster.target(name)
        if target is None:
            continue
        for person in on_call(target, at):
            turns.setdefault(
                person, Turn(person=person, target=name, need_ack_in=target.need_ack_in)
            )
    return tuple(turns.values())


def unknown_targets(roster: Roster, targets: Iterable[str]) -> tuple[str, ...]:
    """Targets that a rule names and the roster does not know: the alert says so."""
    return tuple(name for name in targets if roster.target(name) is None)


def in_zone(at: datetime, zone: str) -> str:
    """An instant in UTC and in a reader's own zone."""
    utc = at.astimezone(UTC)
    local = at.astimezone(ZoneInfo(zone))
    return f"{utc:%Y-%m-%d %H:%M}Z ({local:%a %d %b %H:%M} {local.tzname()}, {zone})"
