"""Says what differs between two SBOMs: components added, removed, of other versions or names."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.sboms import Component
from services.sbom_matcher.domain.sboms.pairing import Pair, pair


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the second SBOM has that the first has not, and the other way round.

    A component may have changed in version and in identifiers; then it is in both.
    """

    added: tuple[Component, ...]
    removed: tuple[Component, ...]
    versions: tuple[Pair, ...]
    identifiers: tuple[Pair, ...]
    unchanged: int

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.versions or self.identifiers)


def compare(before: Sequence[Component], after: Sequence[Component]) -> Comparison:
    """Compare two inventories; a component keeps its identity by package, else by name."""
    found = pair(before, after)
    pairs = (*found.same, *found.other)
    versions = tuple(each for each in pairs if each[0].version != each[1].version)
    identifiers = tuple(each for each in pairs if _stated(each[0]) != _stated(each[1]))
    changed = {id(each) for each in (*versions, *identifiers)}
    return Comparison(
        added=found.only_second,
        removed=found.only_first,
        versions=versions,
        identifiers=identifiers,
        unchanged=len(pairs) - len(changed),
    )


def _stated(component: Component) -> frozenset[str]:
    """The identifiers as written, without the version that follows the component's."""
    stated = (component.purl, component.cpe, *component.other_identifiers)
    return frozenset(_without(each, component.version) for each in stated if each)


def _without(identifier: str, version: str | None) -> str:
    return identifier.replace(version, "") if version else identifier
