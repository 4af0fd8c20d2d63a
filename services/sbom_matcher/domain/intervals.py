"""Turns what an assertion calls a range into intervals of version keys, or says why not."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.advisories import Range
from services.sbom_matcher.domain import cpe, versions, written
from services.sbom_matcher.domain.versions import generic
from services.sbom_matcher.domain.versions.encoding import (
    FIRST,
    HIGHEST,
    LOWEST,
    NOT_APPLICABLE,
    NoKey,
    above,
)

UNPARSED_RANGE = "unparsed_range"
GIT_RANGE = "git_range"
NO_RANGE = "no_range"
"""The source names no version at all: nobody can say what is affected."""

_OPEN = frozenset({None, "", "*"})
_ZERO = "0"


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Version keys from `low` up to, but without, `high`."""

    low: bytes
    high: bytes

    @property
    def whole(self) -> bool:
        """Whether it holds every version, also one that cannot be read."""
        return self.low <= FIRST and self.high == HIGHEST


EVERYTHING = Interval(LOWEST, HIGHEST)


@dataclass(frozen=True, slots=True)
class Covered:
    """What one stated range covers; `unread` says why part of it, or all, cannot be ordered."""

    intervals: tuple[Interval, ...] = ()
    unread: str | None = None


def of_range(scheme: str, stated: Range) -> Covered:
    """Give the intervals of one stated range.

    A range whose bounds are equal (`version` = `lessThan`, seen in hundreds of CVE records) means
    all that is below. OSV's `introduced: 0` is before every version, pre-releases included.
    """
    if stated.unparsed is not None:
        return Covered(unread=_unread(stated.reason or ""))
    if stated.exact:
        return _exact(scheme, stated.exact)
    low = _low(scheme, stated)
    high = _high(scheme, stated)
    if low is None or high is None:
        return Covered(unread=UNPARSED_RANGE)
    if stated.fixed is not None and low == high:
        low = FIRST
    if low >= high:
        return Covered(unread=UNPARSED_RANGE)
    unbounded = low == FIRST and high == HIGHEST
    return Covered((EVERYTHING,) if unbounded else (Interval(low, high),))


def _unread(reason: str) -> str:
    """Classify what the parser said: what kind of text it was decides who can mend it."""
    if "git" in reason.lower():
        return GIT_RANGE
    return NO_RANGE if "no version" in reason else UNPARSED_RANGE


def outside(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Give what no interval covers."""
    gaps = []
    low = LOWEST
    for each in sorted(intervals):
        if low < each.low:
            gaps.append(Interval(low, each.low))
        low = max(low, each.high)
    if low < HIGHEST:
        gaps.append(Interval(low, HIGHEST))
    return tuple(gaps)


def _low(scheme: str, stated: Range) -> bytes | None:
    if stated.introduced in _OPEN or stated.introduced == _ZERO:
        return FIRST
    found = written.key(scheme, stated.introduced or "")
    if isinstance(found, NoKey):
        covered = _wildcard(scheme, stated.introduced or "")
        return covered.low if covered and not stated.introduced_exclusive else None
    return above(found) if stated.introduced_exclusive else found


def _high(scheme: str, stated: Range) -> bytes | None:
    if stated.fixed not in _OPEN:
        found = written.key(scheme, stated.fixed or "")
        if isinstance(found, bytes):
            return found
        covered = _wildcard(scheme, stated.fixed or "")
        return covered.low if covered else None
    if stated.last_affected in _OPEN:
        return HIGHEST
    found = written.key(scheme, stated.last_affected or "")
    if isinstance(found, bytes):
        return above(found)
    covered = _wildcard(scheme, stated.last_affected or "")
    return covered.high if covered else None


def _exact(scheme: str, texts: tuple[str, ...]) -> Covered:
    found: list[Interval] = []
    unread = None
    for text in texts:
        key = written.key(scheme, text)
        covered = _wildcard(scheme, text)
        if text in _OPEN:
            return Covered((EVERYTHING,))
        if text == cpe.NA:
            found.append(Interval(NOT_APPLICABLE, above(NOT_APPLICABLE)))
        elif isinstance(key, bytes):
            found.append(Interval(key, above(key)))
        elif covered:
            found.append(covered)
        else:
            unread = UNPARSED_RANGE
    return Covered(tuple(found), unread)


def _wildcard(scheme: str, text: str) -> Interval | None:
    """Read `5.10.*`; only the generic scheme's keys are made so that it is one interval."""
    if scheme != versions.GENERIC or (bounds := generic.wildcard(text)) is None:
        return None
    return Interval(*bounds)
