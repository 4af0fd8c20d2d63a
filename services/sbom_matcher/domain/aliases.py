"""Groups identifiers that mean one vulnerability: a CVE, a GHSA and a Go id are one.

Alias assertions are edges; a connected set of identifiers is one group. A group is named after the
identifier held first, and the group held first survives a merge, so that cases keep their name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """An identifier we hold: the group it is in, and its number in the order of holding."""

    group: str
    number: int


@dataclass(frozen=True, slots=True)
class Edge:
    """An advisory says that two identifiers mean the same."""

    advisory: str
    identifier: str
    alias: str


@dataclass(frozen=True, slots=True)
class Merge:
    """A group that ended in another, and the alias that joined them."""

    survivor: str
    absorbed: str
    because: str


@dataclass(frozen=True, slots=True)
class Split:
    """Identifiers that left a group and are a group of their own."""

    origin: str
    separated: str
    identifiers: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True)
class Regrouping:
    """The group of every identifier looked at, and what changed."""

    groups: Mapping[str, str]
    merges: tuple[Merge, ...] = ()
    splits: tuple[Split, ...] = ()


def regroup(held: Mapping[str, Held], edges: Iterable[Edge]) -> Regrouping:
    """Group identifiers anew from the alias assertions that hold now.

    `held` is every identifier of every group concerned; one that has no group yet is in its own,
    named after itself. `edges` join identifiers in `held` only.
    """
    known = sorted(edges, key=lambda edge: (edge.identifier, edge.alias, edge.advisory))
    root = _roots(held, known)
    sets: dict[str, list[str]] = {}
    for identifier in sorted(held, key=lambda each: held[each].number):
        sets.setdefault(root[identifier], []).append(identifier)
    named = _named(held, list(sets.values()))
    groups = {each: name for name, members in named.items() for each in members}
    return Regrouping(groups, _merges(held, groups, known), _splits(held, named))


def _roots(held: Mapping[str, Held], edges: Iterable[Edge]) -> dict[str, str]:
    """Run union-find over the edges."""
    parent = {each: each for each in held}

    def find(identifier: str) -> str:
        while parent[identifier] != identifier:
            parent[identifier] = parent[parent[identifier]]
            identifier = parent[identifier]
        return identifier

    for edge in edges:
        one, other = find(edge.identifier), find(edge.alias)
        if one != other:
            parent[other] = one
    return {each: find(each) for each in held}


def _named(held: Mapping[str, Held], sets: list[list[str]]) -> dict[str, list[str]]:
    """Name each set: after its earliest group whose own name is in it, else its first identifier.

    A group's name goes with the identifier it is named after, so of a split group exactly one part
    keeps the name.
    """
    named = {}
    for members in sets:
        inherited = [held[each].group for each in members if held[each].group in members]
        first = min(inherited, key=lambda group: held[group].number) if inherited else members[0]
        named[first] = members
    return named


def _merges(
    held: Mapping[str, Held], groups: Mapping[str, str], edges: list[Edge]
) -> tuple[Merge, ...]:
    """Name the groups that ended: their own name's identifier is now in another group."""
    ended = {
        each.group: groups[each.group]
        for each in held.values()
        if each.group in groups and groups[each.group] != each.group
    }
    return tuple(
        Merge(survivor, absorbed, _joining(held, survivor, absorbed, edges))
        for absorbed, survivor in sorted(ended.items())
    )


def _joining(held: Mapping[str, Held], survivor: str, absorbed: str, edges: list[Edge]) -> str:
    """Say which alias joined two groups, a direct one if there is."""
    sides = [({held[edge.identifier].group, held[edge.alias].group}, edge) for edge in edges]
    direct = [edge for groups, edge in sides if groups == {survivor, absorbed}]
    others = [edge for groups, edge in sides if absorbed in groups and len(groups) > 1]
    for edge in (*direct, *others):
        return f"{edge.advisory} says that {edge.identifier} is {edge.alias}"
    return f"other identifiers of {absorbed} joined the group"


def _splits(held: Mapping[str, Held], named: Mapping[str, list[str]]) -> tuple[Split, ...]:
    """Name the sets that left a group which lives on, or is taken along by another set."""
    found: list[Split] = []
    for name, members in named.items():
        origins = {held[each].group for each in members if held[each].group not in members}
        found.extend(
            Split(
                origin,
                name,
                tuple(each for each in members if held[each].group == origin),
                f"no advisory says any more that these and {origin} are the same",
            )
            for origin in sorted(origins)
        )
    return tuple(found)
