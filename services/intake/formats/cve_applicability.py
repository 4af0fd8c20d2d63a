"""Reads CPE applicability statements (CVE JSON 5.1, `cpeApplicability`; the shape NVD uses too).

A configuration joins nodes, a node joins CPE matches. A match marked vulnerable carries the flaw;
one that is not is what it runs on or with. `OR` needs one of several; `AND` needs all of them: then
each vulnerable match is claimed under the condition that one of every other node is present.
"""

from collections.abc import Iterator

from schemas.advisories import Assertion, Platform, Range, Status, Target, TargetKind
from services.intake.formats import cpes, version_text
from services.intake.formats.shape import Node, items, text

_MAX_PLATFORMS = 500
"""Platforms a group: a longer list is left empty, so that none can be shown and a person reads."""

_Platforms = tuple[tuple[Platform, ...], ...]


def assertions(at: str, container: Node, asserter: str) -> Iterator[Assertion]:
    """What an asserter's applicability statements claim, a vulnerable CPE match each."""
    for where, configuration in items(container, "cpeApplicability", at):
        nodes = [
            (bool(node.get("negate")), _and(node, inner), list(items(node, "cpeMatch", inner)))
            for inner, node in items(configuration, "nodes", where)
        ]
        negated = bool(configuration.get("negate"))
        joined = _and(configuration, where)
        for position, (inverted, together, matches) in enumerate(nodes):
            others = [each for number, each in enumerate(nodes) if number != position]
            required = _required(others) if joined else ()
            for place, (inner, match) in enumerate(matches):
                if match.get("vulnerable") is not True:
                    continue
                beside = _beside(matches, place, together=together)
                doubtful = negated or inverted or (joined and any(each[0] for each in others))
                yield from _claim(inner, match, asserter, required + beside, doubtful=doubtful)


def _and(node: Node, at: str) -> bool:
    return (text(node, "operator", at) or "OR").upper() == "AND"


def _required(others: list[tuple[bool, bool, list[tuple[str, Node]]]]) -> _Platforms:
    """What the other nodes of an AND require: one match of an OR node, each of an AND node."""
    found: list[tuple[Platform, ...]] = []
    for _, together, matches in others:
        few = matches if len(matches) <= _MAX_PLATFORMS else []
        platforms = [_platform(at, match) for at, match in few]
        found += [(each,) for each in platforms] if together and few else [tuple(platforms)]
    return tuple(found)


def _beside(matches: list[tuple[str, Node]], place: int, *, together: bool) -> _Platforms:
    """What an AND node requires beside one of its matches."""
    if not together:
        return ()
    if len(matches) > _MAX_PLATFORMS:
        return ((),)
    return tuple(
        (_platform(at, match),) for number, (at, match) in enumerate(matches) if number != place
    )


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
    cpe = cpes.converted(criteria)
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
