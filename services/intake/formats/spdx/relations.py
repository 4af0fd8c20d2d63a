"""Turns SPDX's relationships, which run in either direction, into descriptions and edges.

From the SPDX specifications 2.3 (clause 11) and 3.0.1 (`RelationshipType`).
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from services.intake.formats.references import References

_DESCRIBES = "describes"
_CONTAINS = "contains"
_NEEDS = "needs"
_FORWARD = {
    "describes": _DESCRIBES,
    "describe": _DESCRIBES,  # no word of SPDX, but what a widely used scanner wrote for years
    "contains": _CONTAINS,
    "dependson": _NEEDS,
    "hasprerequisite": _NEEDS,
    "dynamiclink": _NEEDS,
    "staticlink": _NEEDS,
    "hasdynamiclink": _NEEDS,
    "hasstaticlink": _NEEDS,
    "hasoptionalcomponent": _NEEDS,
    "hasoptionaldependency": _NEEDS,
    "hasprovideddependency": _NEEDS,
}
_BACKWARD = {
    "describedby": _DESCRIBES,
    "containedby": _CONTAINS,
    "packageof": _CONTAINS,
    "dependencyof": _NEEDS,
    "prerequisitefor": _NEEDS,
    "optionalcomponentof": _NEEDS,
    "runtimedependencyof": _NEEDS,
    "builddependencyof": _NEEDS,
    "devdependencyof": _NEEDS,
    "testdependencyof": _NEEDS,
    "optionaldependencyof": _NEEDS,
    "provideddependencyof": _NEEDS,
}
_NOTHING = frozenset({"NONE", "NOASSERTION"})


@dataclass(frozen=True, slots=True)
class Relation:
    """`source` describes, contains or needs `target`, both named as in the document."""

    kind: str
    source: str
    target: str


def read(written: str, first: str, second: str) -> Relation | None:
    """The relation, turned where its name says so; None for those that tell nothing of parts."""
    name = written.replace("_", "").lower()
    if kind := _FORWARD.get(name):
        return Relation(kind, first, second)
    if kind := _BACKWARD.get(name):
        return Relation(kind, second, first)
    return None


def described(relations: Iterable[Relation], by: Collection[str]) -> set[str]:
    """What the document, or an inventory in it, describes."""
    return {each.target for each in relations if each.kind == _DESCRIBES and each.source in by}


def edges(
    relations: Iterable[Relation], references: References, files: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """The dependency graph between packages, each edge once; cycles stay as they are.

    Files are no components. A needed package that the document does not have stays in the graph by
    its written name, so that what is unresolved can be seen.
    """
    return tuple(dict.fromkeys(_edges(relations, references, files)))


def _edges(
    relations: Iterable[Relation], references: References, files: Collection[str]
) -> Iterator[tuple[str, str]]:
    for each in relations:
        source, target = references.of(each.source), references.of(each.target)
        if source is None or each.kind == _DESCRIBES:
            continue
        if target is not None:
            yield source, target
        elif each.kind == _NEEDS and each.target not in files and each.target not in _NOTHING:
            yield source, each.target
