"""Walks an SBOM's dependency graph: what it does not resolve or reach, and how deep it is."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.sbom_matcher.domain.sboms.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Graph:
    """What an SBOM's graph says; `unresolved` and `unreached` are references.

    `depth` counts the levels below the product: 0 without edges, 1 where there are only direct
    dependencies. A graph without transitive dependencies is `flat`.
    """

    edges: int
    depth: int
    unresolved: tuple[str, ...]
    unreached: tuple[str, ...]

    @property
    def flat(self) -> bool:
        """Whether it has direct dependencies at most."""
        return self.depth <= 1


def walk(inventory: Inventory) -> Graph:
    """Walk the graph from the product, each component once, whatever cycles there are.

    Where no edge leaves the product, what needs others and is needed by none stands for its direct
    dependencies: with no edge to it, nothing says that it is in the product.
    """
    known = {each.ref for each in inventory.components}
    needs: dict[str, list[str]] = {}
    for source, target in inventory.edges:
        needs.setdefault(source, []).append(target)
    targets = {target for _, target in inventory.edges}
    if inventory.product in needs:
        levels = _levels([inventory.product], needs)
        reached = {each for level in levels for each in level}
        depth = len(levels) - 1
    else:
        tops = [each for each in needs if each not in targets]
        reached, depth = targets, len(_levels(tops or list(needs)[:1], needs))
    named = known | ({inventory.product} if inventory.product else set())
    return Graph(
        edges=len(inventory.edges),
        depth=depth,
        unresolved=_outside((each for edge in inventory.edges for each in edge), named),
        unreached=tuple(each.ref for each in inventory.components if each.ref not in reached),
    )


def _outside(refs: Iterable[str], named: set[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in refs if each not in named))


def _levels(first: list[str], needs: dict[str, list[str]]) -> list[list[str]]:
    """The references level by level, each at the first level that it is met on."""
    levels: list[list[str]] = []
    seen = set(first)
    level = first
    while level:
        levels.append(level)
        below = dict.fromkeys(to for each in level for to in needs.get(each, ()))
        level = [each for each in below if each not in seen]
        seen.update(level)
    return levels
