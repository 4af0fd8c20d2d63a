"""Judges an SBOM: the elements that NTIA and FDA ask for, and whether it can be matched at all."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schemas.sboms import Component
from services.sbom_matcher.domain import handles
from services.sbom_matcher.domain.sboms import graph
from services.sbom_matcher.domain.sboms.graph import Graph
from services.sbom_matcher.domain.sboms.inventory import Inventory

NTIA = "NTIA, The Minimum Elements For a Software Bill of Materials, 2021-07-12, Data Fields"
FDA = "FDA, Cybersecurity in Medical Devices (premarket), 2023-09-27, V.A.4.b"
OURS = "Patchvigil: what the matcher can meet"

NO_IDENTIFIER = "no_identifier"
UNREADABLE = "unreadable_identifier"

_PLACEHOLDERS = frozenset({"", "unnamed", "unknown", "noassertion", "none", "n/a"})
"""What parsers and generators write where nothing is known."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """A component that lacks an element; `reason` where the element says more than yes or no."""

    ref: str
    name: str
    version: str | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """One element: how many have it of those that should, and each component that does not.

    An element of the document itself counts as one of one and names no component; nor does one that
    was judged in brief.
    """

    element: str
    source: str
    have: int
    of: int
    lacking: tuple[Lacking, ...] = ()

    @property
    def share(self) -> float:
        """The share that has it, from 0 to 1."""
        return self.have / self.of if self.of else 0.0

    @property
    def met(self) -> bool:
        """Whether nothing lacks it."""
        return self.have == self.of


@dataclass(frozen=True, slots=True)
class Quality:
    """What an SBOM has and lacks; `repeated` are references given to more than one component."""

    components: int
    elements: tuple[Element, ...]
    graph: Graph
    repeated: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether nothing is lacking, unresolved or given twice, and the graph has depth."""
        whole = all(each.met for each in self.elements) and not self.graph.flat
        return whole and not self.graph.unresolved and not self.repeated


def judge(inventory: Inventory, *, brief: bool = False) -> Quality:
    """Judge an SBOM by the rules that each element names as its source.

    In `brief` components that lack something are counted and not named, and the element `matchable`
    is left out: these two cost more than all the rest.
    """
    walked = graph.walk(inventory)
    unreached = frozenset(walked.unreached)
    rules: tuple[tuple[str, str, Callable[[Component], str | None]], ...] = (
        ("supplier", NTIA, lambda each: _said(each.supplier)),
        ("component_name", NTIA, lambda each: _said(each.name)),
        ("version", NTIA, lambda each: _said(each.version)),
        ("other_unique_identifiers", NTIA, _identified),
        ("dependency_relationship", NTIA, lambda each: _reached(each, unreached)),
        ("support_level", FDA, lambda each: _said(each.support_level)),
        ("end_of_support", FDA, lambda each: None if each.support_ends_on else "no_date"),
        *(() if brief else (("matchable", OURS, unmatchable),)),
    )
    document = (
        _document("author_of_sbom_data", present=any(map(_named, inventory.authors))),
        _document("timestamp", present=inventory.made_at is not None),
    )
    assess = _counted if brief else _element
    of_components = tuple(assess(*rule, inventory.components) for rule in rules)
    return Quality(
        len(inventory.components), (*document, *of_components), walked, inventory.repeated
    )


def unmatchable(component: Component) -> str | None:
    """Say why an advisory cannot meet a component by identifier and version; None if it can."""
    found = handles.of_component(component)
    if any(each.key is not None for each in found):
        return None
    if found:
        reasons = Counter(each.reason for each in found)
        return handles.UNPARSED_VERSION if reasons[handles.UNPARSED_VERSION] else handles.NO_VERSION
    return UNREADABLE if handles.unreadable(component, found) else NO_IDENTIFIER


def _document(element: str, *, present: bool) -> Element:
    return Element(element, NTIA, int(present), 1)


def _element(
    element: str,
    source: str,
    fault: Callable[[Component], str | None],
    components: Sequence[Component],
) -> Element:
    judged = [(each, fault(each)) for each in components]
    lacking = tuple(
        Lacking(each.ref, each.name, each.version, reason)
        for each, reason in judged
        if reason is not None
    )
    return Element(element, source, len(judged) - len(lacking), len(judged), lacking)


def _counted(
    element: str,
    source: str,
    fault: Callable[[Component], str | None],
    components: Sequence[Component],
) -> Element:
    have = sum(fault(each) is None for each in components)
    return Element(element, source, have, len(components))


def _named(text: str | None) -> bool:
    return (text or "").strip().lower() not in _PLACEHOLDERS


def _said(text: str | None) -> str | None:
    return None if _named(text) else "not_stated"


def _identified(component: Component) -> str | None:
    stated = (component.purl, component.cpe, *component.other_identifiers)
    return None if any(stated) else NO_IDENTIFIER


def _reached(component: Component, unreached: frozenset[str]) -> str | None:
    return "no_edge_reaches_it" if component.ref in unreached else None
