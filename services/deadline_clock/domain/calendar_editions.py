"""Public holidays as they were when a pack was written: editions that are never written again.

A pack names its edition and its digest, so that a newer `holidays` package cannot move a running
clock in silence: other days are another edition, which only a new version of a pack takes up.
`services.deadline_clock.calendar_edition` writes editions; this module reads them, as data that
ships with the code.
"""

import hashlib
import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

LATEST = "2026.11"
"""The edition that new packs name."""

EU_INSTITUTIONS = "EU"
"""The key of the institutions' own holidays among those of countries."""

_FOLDER = importlib.resources.files("services.deadline_clock") / "calendars"
_NO_DAYS: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Edition:
    """The public holidays of every country we count in, from `first` to `last` year.

    Outside of these years it knows no holidays. That is the stricter reading: an end rolls less
    far, and working days pass sooner.
    """

    id: str
    package: str
    sha256: str
    first: int
    last: int
    days: Mapping[str, frozenset[date]]

    def holidays(self, country: str) -> frozenset[date]:
        """A country's public holidays; none for one that it does not know."""
        return self.days.get(country, _NO_DAYS)


def editions() -> tuple[str, ...]:
    """The editions there are, the newest last."""
    return tuple(sorted(each.name[:-5] for each in _FOLDER.iterdir() if each.name[-5:] == ".json"))


@lru_cache(maxsize=8)
def edition(name: str) -> Edition:
    """An edition by its name.

    Raises:
        LookupError: there is none of that name; the message names those there are.
    """
    if name not in editions():
        raise LookupError(f"there is no calendar edition {name}; there are {', '.join(editions())}")
    return parsed((_FOLDER / f"{name}.json").read_text("utf-8"))


def parsed(text: str) -> Edition:
    """Read an edition's text: of each country and year the days as MMDD."""
    held = json.loads(text)
    days = {
        country: frozenset(
            date(int(year), int(day[:2]), int(day[2:]))
            for year, listed in years.items()
            for day in listed.split()
        )
        for country, years in held["calendars"].items()
    }
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Edition(held["edition"], held["package"], digest, held["first"], held["last"], days)
