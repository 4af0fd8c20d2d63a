"""Tells how a deadline is counted, step by step, and what stands behind a rule, in plain words."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from schemas.clocks import RuleKind
from services.deadline_clock.domain.anchoring import Anchored
from services.deadline_clock.domain.arithmetic import Deadline, last_day
from services.deadline_clock.domain.calendar_editions import edition
from services.deadline_clock.domain.calendars import Calendar, calendar, zone
from services.deadline_clock.domain.places import Place
from services.deadline_clock.domain.rules import Period, Rule
from services.deadline_clock.domain.terms import (
    Bound,
    CalendarName,
    Ends,
    Regime,
    Roll,
    Status,
    Unit,
)

_SATURDAY = 5
_MANY = 6
"""More skipped holidays than are worth naming one by one."""


def instant(at: datetime) -> str:
    """UTC to the second, such as 2026-11-21T15:42:10Z; a fraction is cut, never rounded up."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


_NO_LAW = {
    RuleKind.POLICY: "company policy, not law",
    RuleKind.GUIDANCE: "guidance, not law",
}
_NO_FORCE = {
    Status.PROPOSED: "proposal, not law: never starts a clock",
    Status.REPEALED: "repealed: never starts a clock",
    Status.NOT_YET: "law that is not in force yet",
}


def basis(rule: Rule, country: str | None, *, national_known: bool) -> str:
    """What stands behind a rule: law, whose law, or no law at all."""
    stated = _NO_FORCE.get(rule.status) or _NO_LAW.get(rule.kind)
    if stated is not None:
        return f"national {stated}" if rule.countries else stated
    if rule.countries:
        return f"national law of {', '.join(rule.countries)}"
    if rule.regime is not Regime.NIS2:
        return "law"
    return f"directive default{_beside(country, national_known=national_known)}"


def _beside(country: str | None, *, national_known: bool) -> str:
    if country is None:
        return ""
    if national_known:
        return f"; the national law of {country} stands beside it"
    return f": no national rule of {country} is known for it"


def steps(
    rule: Rule, chosen: Anchored | None, where: Place, due: Deadline | None, stated: str
) -> Iterator[str]:
    """Each step of the counting as a sentence, the result last."""
    yield f"{rule.authority}: {rule.period_words} from {_anchor(rule)}; {stated}"
    yield f"rule {rule.id} of {rule.pack}, confidence: {rule.confidence.value}"
    if chosen is None:
        yield f"awaiting_anchor: {_anchor(rule)} is not known, and nothing else begins the period"
        return
    local = chosen.at.astimezone(zone(where.zone))
    at = local.isoformat(timespec="seconds")
    yield f"the anchor {instant(chosen.at)} is {at} in {where.zone}"
    if chosen.note is not None:
        yield chosen.note
    if rule.applies_from is not None and local.date() < rule.applies_from:
        yield f"the rule applies from {rule.applies_from}: it does not reach this anchor"
    if rule.period is None or due is None:
        yield f"no number of hours, days or months is set: due {rule.soft_limb}"
        return
    law = rule.limits
    if rule.period.unit is Unit.HOUR:
        yield from _hours(rule.period, local, due, law=law)
    else:
        yield from _days(rule.period, local.date(), where, law=law)
    if rule.soft_limb is not None:
        yield f"besides the number: {rule.soft_limb}"
    yield from _result(rule, due, where)


def _anchor(rule: Rule) -> str:
    return f"{rule.anchor.value} of {rule.anchor_rule}" if rule.anchor_rule else rule.anchor.value


def _hours(period: Period, local: datetime, due: Deadline, *, law: bool) -> Iterator[str]:
    yield (
        f"{period.count} h are {period.count * 3600} elapsed seconds: no daylight saving time, "
        "no weekend, no holiday, no roll"
    )
    if law and due.outer == due.operational:
        yield "the event fell exactly on the hour: no hour is added, the stricter reading"
    elif law:
        yield (
            f"the hour of the event ({local:%H}:00 to {local:%H}:59) is not counted "
            "(Regulation 1182/71 Article 3(1)): the law counts from the next full hour"
        )


def _days(period: Period, day: date, where: Place, *, law: bool) -> Iterator[str]:
    days = calendar(period.calendar, where.country, period.edition)
    last = last_day(day, period, days)
    yield f"day 0 is {_day(day)}, on the local date in {where.zone}"
    if period.unit is Unit.WORKING_DAY:
        yield from _skipped(period, day, last, days)
    elif period.unit is Unit.MONTH and last.day != day.day:
        yield f"{period.words} later there is no day {day.day}: {_day(last)}, the month's last"
    else:
        yield f"{period.words} later is {_day(last)}"
    if period.bound is Bound.AT_LEAST:
        yield "a minimum to keep: it ends with that day at the earliest, and does not roll"
        return
    at = "with its last second" if period.ends is Ends.END_OF_DAY else "at the same wall time"
    yield f"operational: {_day(last)} {at}, never rolled"
    if law:
        yield _rolled(period, last, days)
    known = edition(period.edition)
    if not known.first <= last.year <= known.last:
        yield f"{last.year} is outside of calendar edition {known.id}: weekends only, stricter"


def _skipped(period: Period, day: date, last: date, days: Calendar) -> Iterator[str]:
    between = [day + timedelta(days=n) for n in range(1, (last - day).days)]
    off = [each for each in between if each.weekday() < _SATURDAY and not days.is_working_day(each)]
    named = ", ".join(map(_day, off)) if len(off) <= _MANY else f"{len(off)} holidays"
    whose = _whose(period, days)
    yield f"Saturdays and Sundays are skipped, and holidays ({whose}): {named or 'none'}"
    yield f"working day {period.count} is {_day(last)}"


def _rolled(period: Period, last: date, days: Calendar) -> str:
    if period.roll is Roll.NONE:
        return "legal limit: the end of that day; the rule does not roll"
    rolled = days.rolled(last)
    whose = _whose(period, days)
    if rolled == last:
        return f"legal limit: the end of that day, a working day ({whose})"
    return (
        f"legal limit: that is no working day ({whose}), so the end of {_day(rolled)} "
        "(Regulation 1182/71 Article 3(4))"
    )


def _whose(period: Period, days: Calendar) -> str:
    if days.country is None or period.calendar is CalendarName.NONE:
        return "weekends only, no public holidays"
    return f"public holidays of {days.country}, edition {period.edition}"


def _result(rule: Rule, due: Deadline, where: Place) -> Iterator[str]:
    local = due.operational.astimezone(zone(where.zone)).isoformat(timespec="seconds")
    yield f"operational deadline {instant(due.operational)}, {local} local"
    if rule.limits:
        yield f"legal limit {instant(due.outer)}"
    elif rule.status is Status.PROPOSED:
        yield "no legal limit: a proposal is not law"
    else:
        yield f"no legal limit: {rule.kind.value} is not law"


def _day(day: date) -> str:
    return f"{day.isoformat()} ({day:%A})"
