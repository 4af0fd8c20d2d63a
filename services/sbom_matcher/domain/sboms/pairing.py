"""Finds which component of one inventory is which of another, from the surest likeness down."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from schemas.sboms import Component
from services.sbom_matcher.domain import handles, purl

Pair: TypeAlias = tuple[Component, Component]
Likeness: TypeAlias = Callable[["_Seen"], Iterable[tuple[str, ...]]]

_EPOCH = re.compile(r"^\d+:")


@dataclass(frozen=True, slots=True)
class Pairing:
    """Pairs in the order of the first inventory, and what has no counterpart on either side.

    `same` have one version, as its ecosystem compares them; `other` have two.
    """

    same: tuple[Pair, ...]
    other: tuple[Pair, ...]
    only_first: tuple[Component, ...]
    only_second: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A component with what it is told by. `vague`: no package URL says which ecosystem it is of.

    `keyed` are its identifier keys with the keys of its version, which compare as versions do.
    """

    position: int
    component: Component
    keyed: tuple[tuple[str, str], ...]
    idents: tuple[str, ...]
    vague: bool

    @property
    def name(self) -> str:
        return self.component.name.lower()

    @property
    def version(self) -> str:
        return self.component.version or ""


def pair(first: Sequence[Component], second: Sequence[Component]) -> Pairing:
    """Pair components: the same package in the same version, then in another one.

    Names count only where one side does not say which ecosystem it is of: `debug` of npm and of
    PyPI are two packages. Each component has one counterpart at most.
    """
    waiting = list(map(_seen, count(), first))
    others = list(map(_seen, count(), second))
    same: list[tuple[_Seen, _Seen]] = []
    other: list[tuple[_Seen, _Seen]] = []
    for number, (likeness, vague) in enumerate(_LIKENESSES):
        matched = _matched(waiting, others, likeness, vague=vague)
        (same if number < _OF_ONE_VERSION else other).extend(matched)
        gone = {a.position for a, _ in matched}
        taken = {b.position for _, b in matched}
        waiting = [each for each in waiting if each.position not in gone]
        others = [each for each in others if each.position not in taken]
    return Pairing(
        _in_order(same),
        _in_order(other),
        tuple(each.component for each in waiting),
        tuple(each.component for each in others),
    )


def once(components: Iterable[Component]) -> tuple[Component, ...]:
    """Keep each package once in each version, however often a document lists it."""
    found: dict[tuple[object, ...], Component] = {}
    for each in map(_seen, count(), components):
        found.setdefault(each.keyed or (each.name, each.version), each.component)
    return tuple(found.values())


def _in_order(pairs: Iterable[tuple[_Seen, _Seen]]) -> tuple[Pair, ...]:
    ordered = sorted(pairs, key=lambda each: each[0].position)
    return tuple((a.component, b.component) for a, b in ordered)


def _seen(position: int, component: Component) -> _Seen:
    found = handles.of_component(component)
    stated = (component.purl, *component.other_identifiers)
    packages = [each for text in stated if text and (each := purl.read(text))]
    specific = [each for each in packages if each.type != "generic"]
    # Where a package URL says what it is, guessed names and CPE names do not count beside it.
    bases = {purl.base(each) for each in specific}
    written = next((each.version for each in specific if each.version), component.version) or ""
    used = [each for each in found if not bases or each.ident in bases]
    return _Seen(
        position,
        component,
        tuple((each.ident, each.key.hex() if each.key else f"={written}") for each in used),
        tuple(each.ident for each in used),
        not specific,
    )


def _matched(
    first: Sequence[_Seen], second: Sequence[_Seen], likeness: Likeness, *, vague: bool
) -> list[tuple[_Seen, _Seen]]:
    places: dict[tuple[bool, tuple[str, ...]], deque[_Seen]] = {}
    for each in second:
        for key in likeness(each):
            places.setdefault((each.vague, key), deque()).append(each)
    taken: set[int] = set()
    found = []
    for each in first:
        sides = (True, False) if each.vague or not vague else (True,)
        keys = ((side, key) for key in likeness(each) for side in sides)
        other = next((got for key in keys if (got := _next(places.get(key), taken))), None)
        if other is not None:
            taken.add(other.position)
            found.append((each, other))
    return found


def _next(queue: deque[_Seen] | None, taken: set[int]) -> _Seen | None:
    while queue and queue[0].position in taken:
        queue.popleft()
    return queue.popleft() if queue else None


def _package(seen: _Seen) -> Iterable[tuple[str, ...]]:
    return [(each,) for each in seen.idents]


def _name(seen: _Seen) -> Iterable[tuple[str, ...]]:
    return [(seen.name,)]


def _name_and_version(seen: _Seen) -> Iterable[tuple[str, ...]]:
    return [(seen.name, seen.version)]


def _name_and_plain_version(seen: _Seen) -> Iterable[tuple[str, ...]]:
    """Lists of packages often leave out the epoch that an SBOM has."""
    return [(seen.name, _EPOCH.sub("", seen.version))]


_LIKENESSES: tuple[tuple[Likeness, bool], ...] = (
    (lambda seen: seen.keyed, False),
    (_name_and_version, True),
    (_name_and_plain_version, True),
    (_package, False),
    (_name, True),
)
"""From the surest down; the second says whether one side must not say its ecosystem."""
_OF_ONE_VERSION = 3
"""The first likenesses, which hold only for equal versions."""
