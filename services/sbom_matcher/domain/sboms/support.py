"""Counts the days until components lose their support, and names those that have lost it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from schemas.sboms import Component

_NO_MORE = re.compile(
    r"no longer (maintained|supported)|abandoned|unsupported|not (maintained|supported)"
    r"|end[- ]of[- ](life|support)|\beo[ls]\b|no ?support",
    re.IGNORECASE,
)
"""FDA's examples of a level of support (V.A.4.b), SPDX's `noSupport`, and usual words for both."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A component with an end of support: whole days left, negative behind it, None if undated."""

    ref: str
    name: str
    version: str | None
    support_level: str | None
    ends_on: date | None
    days_left: int | None
    ended: bool


def endings(components: Iterable[Component], today: date) -> tuple[Ending, ...]:
    """Name the components whose support ends on a known day or has ended, the first to end first.

    The day itself is still supported. A level that says so counts as ended whatever the date.
    """
    found = [each for component in components if (each := _ending(component, today))]
    return tuple(sorted(found, key=lambda each: (each.ends_on or date.min, each.name, each.ref)))


def _ending(component: Component, today: date) -> Ending | None:
    gone = bool(_NO_MORE.search(component.support_level or ""))
    end = component.support_ends_on
    if end is None and not gone:
        return None
    return Ending(
        ref=component.ref,
        name=component.name,
        version=component.version,
        support_level=component.support_level,
        ends_on=end,
        days_left=(end - today).days if end else None,
        ended=gone or (end is not None and end < today),
    )
