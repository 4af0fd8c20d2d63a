"""Reads CPE applicability statements (CVE JSON 5.1, `cpeApplicability`; the shape NVD uses too).

A configuration joins nodes, a node joins CPE matches. A match marked vulnerable carries the flaw;
one that is not is what it runs on or with. `OR` needs one of several; `AND` needs all of them: then
each vulnerable match is claimed under the condition that one of every other node is present.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.advisories import Assertion, Platform, Range, Status, Target, TargetKind
from services.intake.formats import cpes, limits, version_text
from services.intake.formats.shape import Node, items, text

_MAX_PLATFORMS = 500
"""Platforms a group: a longer list is left empty, so that none can be shown and a person reads."""
_MAX_NODES = 1_000
"""Nodes of one configuration; in public records there are two."""

_Platforms = tuple[tuple[Platform, ...], ...]
_UNREAD: _Platforms = ((),)
"""A condition that can never be shown to hold: what would be affected is then unknown."""


@dataclass(frozen=True, slots=True)
class _Member:
    """A node of a configuration, each of its matches read once; `groups` is what it requires."""

    inverted: bool
    together: bool
    matches: list[tuple[str, Node]]
    groups: _Platforms

    @classmethod
    def of(cls, at: str, node: Node, *, joined: bool) -> "_Member":
        matches, together = list(limits.ranges(items(node, "cpeMatch", at), at)), _and(node, at)
        few = matches if len(matches) <= _MAX_PLATFORMS and (joined or together) else []
        platforms = tuple(_platform(where, match) for where, match in few)
        alone = tuple((each,) for each in platforms)
        return cls(bool(node.get("negate")), together, matches, alone if together else (platforms,))

    @property
    def vulnerable(self) -> list[tuple[int, str, Node]]:
        """The matches that carry the flaw, each with its position."""
        numbered = ((place, at, match) for place, (at, match) in enumerate(self.matches))
        return [each for each in numbered if each[2].get("vulnerable") is True]

    def beside(self, place: int) -> _Platforms:
        """What an AND node requires beside one of its matches."""
        if not self.together:
            return ()
        if not self.groups:
            return _UNREAD
        return self.groups[:place] + self.groups[place + 1 :]


def assertions(at: str, container: Node, asserter: str) -> Iterator[Assertion]:
    """What an asserter's applicability statements claim, a vulnerable CPE match each.

    Where a record pairs more claims with platforms than can be held, the rest stays in front of a
    person: a flaw on an unread platform is unknown.
    """
    left = limits.MAX_PLATFORMS
    for where, configuration in items(container, "cpeApplicability", at):
        joined = _and(configuration, where)
        few = limits.at_most(
            items(configuration, "nodes", where), _MAX_NODES, "nodes", "split the record", where
        )
        nodes = [_Member.of(inner, node, joined=joined) for inner, node in few]
        left -= _pairs(nodes, joined=joined)
        for position, node in enumerate(nodes):
            vulnerable = node.vulnerable
            if not vulnerable:
                continue
            required = _required(nodes, position) if joined and left >= 0 else ()
            doubtful = bool(configuration.get("negate")) or node.inverted
            doubtful = doubtful or (joined and any(each.inverted for each in nodes))
            for place, inner, match in vulnerable:
                platforms = required + node.beside(place) if left >= 0 else ()
                if left < 0 and (joined or node.together):
                    platforms = _UNREAD
                yield from _claim(inner, match, asserter, platforms, doubtful=doubtful)


def _pairs(nodes: list[_Member], *, joined: bool) -> int:
    """How many pairs of a claim and a platform a configuration asks for."""
    sizes = [len(node.matches) + 1 for node in nodes]
    return sum(
        len(node.vulnerable) * (sum(sizes) if joined else size)
        for node, size in zip(nodes, sizes, strict=True)
        if joined or node.together
    )


def _required(nodes: list[_Member], position: int) -> _Platforms:
    """What the other nodes of an AND require: one match of an OR node, each of an AND node."""
    others = (each for number, each in enumerate(nodes) if number != position)
    return tuple(group for each in others for group in each.groups or _UNREAD)


def _and(node: Node, at: str) -> bool:
    return (text(node, "operator", at) or "OR").upper() == "AND"


def _claim(
    at: str, match: Node, asserter: str, platforms: _Platforms, *, doubtful: bool
) -> Iterator[Assertion]:
    target, ranges = _target(at, match)
    if doubtful:
        # A negation says what is not vulnerable and names nothing that is: a person reads it.
        shown = text(match, "criteria", at) or "a CPE match"
        ranges = (version_text.unparsed(shown, "the configuration is negated"),)
    yield Assertion(
        asserter=asserter,
        target=target,
        status=Status.AFFECTED,
        ranges=ranges,
        platforms=platforms,
    )


def _platform(at: str, match: Node) -> Platform:
    target, ranges = _target(at, match)
    return Platform(target=target, ranges=ranges)


def _target(at: str, match: Node) -> tuple[Target, tuple[Range, ...]]:
    """A CPE match: its name, and its bounds where it has some."""
    criteria = text(match, "criteria", at) or ""
    cpe = cpes.formatted(criteria)
    bounds = _bounds(at, match)
    if cpe is None:
        named = Target(kind=TargetKind.NAME, product=criteria or "n/a")
        return named, (version_text.unparsed(criteria, "the CPE name cannot be read"),)
    named = Target(kind=TargetKind.CPE, cpe=cpes.versionless(cpe) if bounds else cpe)
    return named, bounds


def _bounds(at: str, match: Node) -> tuple[Range, ...]:
    first, after = (
        text(match, "versionStartIncluding", at),
        text(match, "versionStartExcluding", at),
    )
    last, before = text(match, "versionEndIncluding", at), text(match, "versionEndExcluding", at)
    if not (first or after or last or before):
        return ()
    return (
        Range(
            introduced=first or after,
            introduced_exclusive=first is None and after is not None,
            fixed=before,
            last_affected=last if before is None else None,
        ),
    )
