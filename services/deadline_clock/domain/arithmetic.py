"""From an anchor and a period to a deadline: the operational one and the law's outer limit.

Sources: Regulation (EEC, Euratom) No 1182/71, Article 3 (how the Union counts hours, days and
months); MDCG 2023-3 Rev.2, Q14 and Q15 (day 0 is the day of awareness); 21 CFR 803.3(y) (work
days). Counting in the operational sense is our own reading on the safe side; it is never later than
the law's.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.deadline_clock.domain.calendars import Calendar
from services.deadline_clock.domain.rules import Ends, Period, Roll, Unit

_HOUR = timedelta(hours=1)
_LAST_SECOND = time(23, 59, 59)
_MONTHS = 12
_TWO = 2


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a period ends, in UTC: `operational` for alerts, `outer` is the law's last moment."""

    operational: datetime
    outer: datetime


def deadline(anchor: datetime, period: Period, zone: ZoneInfo, calendar: Calendar) -> Deadline:
    """Count `period` from `anchor`.

    Hours are elapsed seconds: no daylight saving time, no weekend. Days and months are counted on
    the local date in `zone`, months clamped to the last day of a shorter one; only their outer
    limit rolls, and only where the rule says so (Regulation 1182/71, Article 3(4)). What is to be
    kept for a period ends with its last day and never rolls.
    """
    if period.unit is Unit.HOUR:
        return _hours(anchor, period.count, zone)
    local = anchor.astimezone(zone)
    last = last_day(local.date(), period, calendar)
    rolled = calendar.rolled(last) if period.roll is Roll.NEXT_WORKING_DAY else last
    outer = _instant(rolled, _LAST_SECOND, zone)
    if period.ends is Ends.END_OF_DAY:
        return Deadline(_instant(last, _LAST_SECOND, zone), outer)
    # The last second of a day may hold the anchor's fraction: never later than the law.
    return Deadline(min(_instant(last, local.time(), zone), outer), outer)


def _hours(anchor: datetime, count: int, zone: ZoneInfo) -> Deadline:
    """Article 3(1): the hour of the event is not counted, so the law ends with a full hour.

    An event exactly on the hour adds none: the stricter of both readings.
    """
    local = anchor.astimezone(zone)
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    start = anchor.astimezone(UTC)
    full = start + (_HOUR - into if into else timedelta())
    return Deadline(start + count * _HOUR, full + count * _HOUR)


def last_day(day: date, period: Period, calendar: Calendar) -> date:
    """The day on which a period of days or months ends, unrolled; `day` is day 0."""
    if period.unit is Unit.WORKING_DAY:
        return calendar.after(day, period.count)
    if period.unit is Unit.MONTH:
        return _months_later(day, period.count)
    return day + timedelta(days=period.count)


def _months_later(day: date, count: int) -> date:
    """Article 3(2)(c): the same date, or the last day of a month that lacks it."""
    index = day.year * _MONTHS + day.month - 1 + count
    year, month = index // _MONTHS, index % _MONTHS + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A local time as an instant, the earlier one where there are two readings.

    One that comes twice (the end of summer time) is the first; one that never comes (its
    beginning) is what the clocks that have already moved make of it.
    """
    readings = (datetime.combine(day, at.replace(fold=fold), zone) for fold in (0, 1))
    return min(each.astimezone(UTC) for each in readings)


def with_two_working_days(
    anchor: datetime, period: Period, zone: ZoneInfo, calendar: Calendar
) -> datetime | None:
    """The end that Regulation 1182/71 Article 3(5) argues for; None where it changes nothing.

    A period of two days or more includes at least two working days. Shown beside the legal limit,
    never relied on: neither deadline contains it. Not for periods in hours.
    """
    if period.unit is Unit.HOUR or period.roll is Roll.NONE or period.count < _TWO:
        return None
    day = anchor.astimezone(zone).date()
    rolled = calendar.rolled(last_day(day, period, calendar))
    argued = max(rolled, calendar.after(day, _TWO))
    return _instant(argued, _LAST_SECOND, zone) if argued > rolled else None
