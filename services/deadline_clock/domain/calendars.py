"""Which days are working days where, and which zone a Member State's authorities keep.

Public holidays come from an edition (see `calendar_editions`): national ones of the 27 Member
States, those of the Union's institutions, and United States federal holidays with their observed
days (5 U.S.C. 6103: Saturday to Friday, Sunday to Monday). Regional holidays and closures by
executive order are not among them.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.deadline_clock.domain.calendar_editions import EU_INSTITUTIONS, LATEST, edition
from services.deadline_clock.domain.terms import CalendarName

_SATURDAY = 5
_DAY = timedelta(days=1)

BRUSSELS = "Europe/Brussels"

ZONES = {
    "AT": "Europe/Vienna", "BE": BRUSSELS, "BG": "Europe/Sofia", "CY": "Asia/Nicosia",
    "CZ": "Europe/Prague", "DE": "Europe/Berlin", "DK": "Europe/Copenhagen",
    "EE": "Europe/Tallinn", "ES": "Europe/Madrid", "FI": "Europe/Helsinki", "FR": "Europe/Paris",
    "GR": "Europe/Athens", "HR": "Europe/Zagreb", "HU": "Europe/Budapest", "IE": "Europe/Dublin",
    "IT": "Europe/Rome", "LT": "Europe/Vilnius", "LU": "Europe/Luxembourg", "LV": "Europe/Riga",
    "MT": "Europe/Malta", "NL": "Europe/Amsterdam", "PL": "Europe/Warsaw", "PT": "Europe/Lisbon",
    "RO": "Europe/Bucharest", "SE": "Europe/Stockholm", "SI": "Europe/Ljubljana",
    "SK": "Europe/Bratislava",
}  # fmt: skip
"""Each Member State's capital's zone, from the IANA time zone database (zone1970.tab)."""

COUNTRIES = {name: country for country, name in ZONES.items()}
"""The Member State of each of these zones."""

MEMBER_STATES = frozenset(ZONES)
"""The 27 Member States. IS, LI and NO are not among them: the CRA is not in the EEA Agreement."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Weekends and the public holidays of one country; without a country, weekends only.

    Weekends only is the stricter reading where the country is unknown: an end rolls less far.
    """

    country: str | None = None
    edition: str = LATEST

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday and no public holiday."""
        if day.weekday() >= _SATURDAY:
            return False
        return self.country is None or day not in edition(self.edition).holidays(self.country)

    def rolled(self, day: date) -> date:
        """The day itself if it is a working day, else the next one that is."""
        while not self.is_working_day(day):
            day += _DAY
        return day

    def after(self, day: date, count: int) -> date:
        """The working day number `count` after `day`, which itself is day 0."""
        while count:
            day += _DAY
            count -= self.is_working_day(day)
        return day

    def before(self, day: date) -> date:
        """The last working day before `day`."""
        day -= _DAY
        while not self.is_working_day(day):
            day -= _DAY
        return day


def calendar(name: CalendarName, country: str | None, by: str = LATEST) -> Calendar:
    """The calendar a rule names, for a Member State where the rule leaves that to the entity.

    `by` is the edition that the rule's pack names.
    """
    if name is CalendarName.US_FEDERAL:
        return Calendar("US", by)
    if name is CalendarName.EU_INSTITUTIONS:
        return Calendar(EU_INSTITUTIONS, by)
    if name is CalendarName.EU_MEMBER_STATE and country in MEMBER_STATES:
        return Calendar(country, by)
    return Calendar(None, by)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """An IANA zone by its name.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: there is none of that name.
    """
    return ZoneInfo(name)
