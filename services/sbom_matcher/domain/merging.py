"""Decides which findings go on where vulnerabilities become one, and which end in them.

Two vulnerabilities that turn out to be one may each have a finding in the same place, and so may
any number of groups that are absorbed at once. One finding goes on there, held from the earliest
instant at which any of them was: nobody loses hours by a merge.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.sbom_matcher.domain.matching import Place


@dataclass(frozen=True, slots=True)
class Lying:
    """A finding where it lies now, live or ended."""

    finding: str
    place: Place
    live: bool
    held_at: datetime


@dataclass(frozen=True, slots=True)
class United:
    """The finding that goes on in `place`, and the live ones that end in it."""

    finding: str
    place: Place
    live: bool
    held_at: datetime
    ended: tuple[str, ...]


def unite(lying: Iterable[Lying], into: Mapping[str, str]) -> Iterator[United]:
    """Bring findings of absorbed vulnerabilities to the surviving ones.

    `lying` is every finding of the vulnerabilities concerned; `into` names each absorbed one's
    survivor. What lies where it belongs and takes nothing over is left out; an ended finding whose
    place is taken stays where it is, as history.
    """
    meeting: dict[Place, list[Lying]] = {}
    for each in lying:
        vulnerability = into.get(each.place.vulnerability, each.place.vulnerability)
        meeting.setdefault(replace(each.place, vulnerability=vulnerability), []).append(each)
    for place, there in meeting.items():
        first = min(there, key=lambda each: _precedence(each, place))
        others = [each for each in there if each.live and each is not first]
        if not others and first.place == place:
            continue
        counting = [each for each in there if each.live] or [first]
        yield United(
            finding=first.finding,
            place=place,
            live=counting[0].live,
            held_at=min(each.held_at for each in counting),
            ended=tuple(sorted(each.finding for each in others)),
        )


def _precedence(one: Lying, place: Place) -> tuple[bool, bool, datetime, str]:
    """Order findings that meet: the survivor's own first, then live ones, then the oldest."""
    return one.place != place, not one.live, one.held_at, one.finding
