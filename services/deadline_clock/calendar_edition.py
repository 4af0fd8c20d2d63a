"""Writes an edition of public holidays from the `holidays` package, and says what a newer one says.

    python -m services.deadline_clock.calendar_edition           what the installed package says
    python -m services.deadline_clock.calendar_edition 2027.05   writes that edition

Needs `holidays`, which no service needs. An edition that exists is never written again.
"""

import importlib.resources
import json
import sys
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path

import holidays
from dateutil.easter import easter

from services.deadline_clock.domain.calendar_editions import (
    EU_INSTITUTIONS,
    LATEST,
    Edition,
    edition,
    editions,
    parsed,
)
from services.deadline_clock.domain.calendars import MEMBER_STATES

FIRST, LAST = 2020, 2045
_VERSION = version("holidays")
_FOLDER = Path(str(importlib.resources.files("services.deadline_clock") / "calendars"))
_FIXED = ((1, 1), (1, 2), (5, 1), (5, 9), (7, 21), (8, 15), (11, 1))
_FROM_EASTER = (-3, -2, 1, 39, 40, 50)
_YEAR_END = range(24, 32)


def institutions(year: int) -> frozenset[date]:
    """The days on which the Commission in Brussels is closed every year.

    From its decisions in the Official Journal (2013/C 39/03 for 2014, 2021/C 201 I/02 for 2023):
    what both have in common. Days of single years (2 November, days off in lieu) are left out, so
    that an end rolls less far. The package itself knows only the European Central Bank's days.
    """
    fixed = {date(year, month, day) for month, day in _FIXED}
    moving = {easter(year) + timedelta(days=distance) for distance in _FROM_EASTER}
    return frozenset(fixed | moving | {date(year, 12, day) for day in _YEAR_END})


def _days(country: str, year: int) -> Iterable[date]:
    """A country's days of one year; an observed day may fall into the year before."""
    if country == EU_INSTITUTIONS:
        return institutions(year)
    return [day for day in holidays.country_holidays(country, years=year) if day.year == year]


def written(name: str) -> str:
    """The text of an edition as the installed package has the days."""
    calendars = {
        country: {
            str(year): " ".join(f"{day:%m%d}" for day in sorted(_days(country, year)))
            for year in range(FIRST, LAST + 1)
        }
        for country in sorted({*MEMBER_STATES, "US", EU_INSTITUTIONS})
    }
    head = {
        "edition": name,
        "package": f"holidays {_VERSION}",
        "first": FIRST,
        "last": LAST,
    }
    return json.dumps(head | {"calendars": calendars}, indent=1) + "\n"


def differences(old: Edition, new: Edition) -> Iterator[str]:
    """Which days one edition has and the other has not, a line each."""
    for country in sorted(old.days.keys() | new.days.keys()):
        for day in sorted(old.holidays(country) ^ new.holidays(country)):
            gained = day in new.holidays(country)
            yield f"{country} {day.isoformat()} {'is now' if gained else 'is no longer'} a holiday"


def main(arguments: list[str]) -> int:
    """Write an edition, or say what differs from the latest one: 1 where anything does."""
    if not arguments:
        found = list(differences(edition(LATEST), parsed(written("installed"))))
        print("\n".join(found) or f"holidays {_VERSION} says what {LATEST} says")  # noqa: T201
        return 1 if found else 0
    name = arguments[0]
    if name in editions():
        print(f"{name} exists, and clocks may run by it: take a new name", file=sys.stderr)  # noqa: T201
        return 2
    (_FOLDER / f"{name}.json").write_text(written(name), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
