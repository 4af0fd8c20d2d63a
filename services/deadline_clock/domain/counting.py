"""How a rule's deadline is counted from an anchor, told step by step."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.deadline_clock.domain.applicability import Place
from services.deadline_clock.domain.arithmetic import Deadline, deadline
from services.deadline_clock.domain.calendars import BRUSSELS, ZONES, calendar, zone
from services.deadline_clock.domain.rules import MAIN_ESTABLISHMENT, Ends, Roll, Rule, Unit


@dataclass(frozen=True, slots=True)
class Counted:
    """A deadline with where it was counted, what was assumed, and each step in words."""

    due: Deadline
    zone: str
    country: str | None
    assumed: tuple[str, ...]
    reasoning: tuple[str, ...]


def counted(rule: Rule, anchor: datetime, country: str | None) -> Counted:
    """Count a rule's period from `anchor` for an entity of `country` (None: unknown)."""
    where = _place(rule, country)
    days = calendar(rule.period.calendar, where.country)
    due = deadline(anchor, rule.period, zone(where.zone), days)
    return Counted(
        due, where.zone, where.country, where.assumed, tuple(_steps(rule, anchor, where, due))
    )


def _place(rule: Rule, country: str | None) -> Place:
    if rule.zone != MAIN_ESTABLISHMENT:
        return Place(None, rule.zone)
    if country is not None:
        return Place(country, ZONES[country])
    if rule.period.unit is Unit.HOUR:
        return Place(None, BRUSSELS)
    return Place(None, BRUSSELS, ("no country given: Brussels time, no public holidays",))


def _steps(rule: Rule, anchor: datetime, where: Place, due: Deadline) -> list[str]:
    local = anchor.astimezone(zone(where.zone))
    steps = [f"{rule.authority}: {_period(rule)} from {rule.anchor.value}"]
    steps.append(
        f"anchor {anchor.astimezone(UTC).isoformat()} is {local.isoformat()} in {where.zone}"
    )
    if rule.period.unit is Unit.HOUR:
        steps.append("hours are elapsed seconds: no daylight saving time, no weekend, no roll")
        steps.append(
            "the law does not count the hour of the event (Regulation 1182/71 Article 3(1))"
        )
    else:
        steps.append("the day of the anchor is day 0, counted on the local date")
        if rule.period.unit is Unit.WORKING_DAY:
            steps.append(
                f"Saturdays, Sundays and holidays are skipped ({rule.period.calendar.value})"
            )
        at = (
            "the end of the last day"
            if rule.period.ends is Ends.END_OF_DAY
            else "the same wall time"
        )
        steps.append(f"operational: {at}, not rolled")
        if rule.period.roll is Roll.NEXT_WORKING_DAY:
            steps.append("law: the end of the last day, rolled to a working day (Article 3(4))")
    ends = f"operational {due.operational.isoformat()}, law {due.outer.isoformat()}"
    return [*steps, ends]


def _period(rule: Rule) -> str:
    unit = rule.period.unit.value.replace("_", " ")
    return f"{rule.period.count} {unit}{'' if rule.period.count == 1 else 's'}"
