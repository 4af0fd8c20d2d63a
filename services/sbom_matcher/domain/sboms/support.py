"""Counts the days until components lose their support, and names those that have lost it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from schemas.sboms import Component
from services.sbom_matcher.domain import support


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
    end = component.support_ends_on
    ended = support.over(component.support_level, end, today)
    if end is None and not ended:
        return None
    return Ending(
        ref=component.ref,
        name=component.name,
        version=component.version,
        support_level=component.support_level,
        ends_on=end,
        days_left=support.days_left(end, today),
        ended=ended,
    )
