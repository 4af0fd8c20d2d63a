"""Turns version range specifiers into the ranges that assertions carry, and back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.advisories import Range
from services.sbom_matcher.domain import versions
from services.sbom_matcher.domain.versions.encoding import FIRST, HIGHEST, above
from services.sbom_matcher.domain.versions.vers import (
    BOUNDS,
    LOWER,
    Constraint,
    Vers,
    VersError,
    key_of,
    made,
)

_OPEN = frozenset({None, "0"})
"""Lower bounds that exclude nothing: OSV's 0 is before every version."""


@dataclass(frozen=True, slots=True)
class _Bound:
    """Where a span of versions begins or ends; `version` is None where it is open."""

    key: bytes
    version: str | None = None
    inclusive: bool = False


@dataclass(frozen=True, slots=True)
class _Span:
    low: _Bound
    high: _Bound


def ranges_of(vers: Vers) -> tuple[Range, ...]:
    """Give a specifier as ranges; `!=` parts one in two."""
    exact = tuple(each.version for each in vers.constraints if each.comparator == "=")
    found = [Range(exact=exact)] if exact else []
    rest = [each for each in vers.constraints if each.comparator != "="]
    bounds = [each for each in rest if each.comparator in BOUNDS]
    if exact and not bounds:
        return tuple(found)
    lower: Constraint | None = None
    inside = not bounds or bounds[0].comparator not in LOWER
    for each in rest:
        if each.comparator in LOWER:
            lower, inside = each, True
        elif inside:
            found.append(_range(lower, each))
            inside = each.comparator == "!="
            lower = Constraint(">", each.version) if inside else None
    if inside:
        found.append(_range(lower, None))
    return tuple(found)


def vers_of(ecosystem: str, ranges: Iterable[Range]) -> Vers:
    """Write an assertion's ranges as one specifier; no ranges mean every version.

    Ranges that touch or overlap become one. A range whose bounds are equal means all that is below,
    as in matching.

    Raises:
        VersError: a range could not be read at its source, is empty, or a version has no key.
    """
    scheme = versions.scheme_of(ecosystem)
    spans = [span for each in ranges for span in _spans(scheme, each)]
    constraints: list[Constraint] = []
    before: _Span | None = None
    for span in _united(spans):
        found = list(_constraints(span))
        if before and span.low.key == above(before.high.key) and not before.high.inclusive:
            constraints[-1] = Constraint("!=", found.pop(0).version)
        constraints += found
        before = span
    return made(scheme, constraints)


def _range(lower: Constraint | None, upper: Constraint | None) -> Range:
    upto = upper.version if upper else None
    included = upper is not None and upper.comparator == "<="
    return Range(
        introduced=lower.version if lower else None,
        introduced_exclusive=lower is not None and lower.comparator == ">",
        fixed=None if included else upto,
        last_affected=upto if included else None,
    )


def _spans(scheme: str, each: Range) -> Iterator[_Span]:
    if each.unparsed is not None:
        raise VersError(f"{each.unparsed}: {each.reason}")
    for text in each.exact:
        key = key_of(scheme, text)
        yield _Span(_Bound(key, text, True), _Bound(above(key), text, True))
    if each.exact:
        return
    low, high = _low(scheme, each), _high(scheme, each)
    if each.fixed is not None and low.key == high.key:
        low = _Bound(FIRST)
    if low.key >= high.key:
        raise VersError(f"no version is from {low.version} to {high.version}")
    yield _Span(low, high)


def _low(scheme: str, each: Range) -> _Bound:
    if each.introduced is None or each.introduced in _OPEN:
        return _Bound(FIRST)
    key = key_of(scheme, each.introduced)
    exclusive = each.introduced_exclusive
    return _Bound(above(key) if exclusive else key, each.introduced, not exclusive)


def _high(scheme: str, each: Range) -> _Bound:
    if each.fixed is not None:
        return _Bound(key_of(scheme, each.fixed), each.fixed)
    if each.last_affected is None:
        return _Bound(HIGHEST)
    return _Bound(above(key_of(scheme, each.last_affected)), each.last_affected, True)


def _united(spans: list[_Span]) -> list[_Span]:
    united: list[_Span] = []
    for span in sorted(spans, key=lambda each: each.low.key):
        if united and span.low.key <= united[-1].high.key:
            before = united.pop()
            high = max(before.high, span.high, key=lambda bound: bound.key)
            span = _Span(before.low, high)  # noqa: PLW2901  (the two are one from here on)
        united.append(span)
    return united


def _constraints(span: _Span) -> Iterator[Constraint]:
    low, high = span.low, span.high
    if low.version is not None and low.inclusive and high.key == above(low.key):
        yield Constraint("=", low.version)
        return
    if low.version is not None:
        yield Constraint(">=" if low.inclusive else ">", low.version)
    if high.version is not None:
        yield Constraint("<=" if high.inclusive else "<", high.version)
