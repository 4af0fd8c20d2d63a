"""Prints what is found in SBOMs: elements, graphs, differences; rows for tables and for JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from schemas.sboms import Component
from services.cli.printing import clean, document, err, out, table
from services.intake.formats.canonical import Sbom
from services.intake.formats.outgoing.channels import Channel
from services.sbom_matcher.domain.sboms import quality, support
from services.sbom_matcher.domain.sboms.inventory import Inventory
from services.sbom_matcher.domain.sboms.pairing import Pair

_SHOWN = 20
"""Names that are printed of many; --json has all."""


def inventory(sbom: Sbom) -> Inventory:
    """What is judged of an SBOM."""
    origin = sbom.origin
    return Inventory(
        components=sbom.components,
        edges=sbom.dependencies,
        authors=tuple(each.name for each in origin.authors),
        made_at=origin.made_at,
        product=origin.product.ref if origin.product else None,
        repeated=origin.repeated,
    )


def asked(sbom: Sbom, channel: Channel) -> Sequence[quality.Element]:
    """The elements that a channel's reader asks for, judged."""
    found = {each.element: each for each in quality.judge(inventory(sbom)).elements}
    return [found[each] for each in channel.asks]


def element(judged: quality.Element) -> dict[str, Any]:
    """Write an element as a row: its share, its count and the rule it comes from."""
    return {
        "element": judged.element, "share": judged.share, "have": judged.have,
        "of": judged.of, "source": judged.source,
    }  # fmt: skip


def show(found: quality.Quality, endings: Sequence[support.Ending]) -> None:
    """Print what checking an SBOM found."""
    rows = [
        {**element(each), "share": f"{100 * each.share:.1f} %",
         "lacking": _some([one.name for one in each.lacking])}
        for each in found.elements
    ]  # fmt: skip
    table(rows, ["element", "share", "have", "of", "lacking", "source"])
    out.print()
    graph = found.graph
    document({
        "edges": graph.edges,
        "depth": f"{graph.depth}{', no transitive dependencies' if graph.flat else ''}",
        "unresolved": _some(graph.unresolved), "unreached": _some(graph.unreached),
        "repeated_references": _some(found.repeated),
    })  # fmt: skip
    if endings:
        out.print()
        shown = ["name", "version", "support_level", "ends_on", "days_left", "ended"]
        table([asdict(each) for each in endings], shown, "end of support")


def lists(said: dict[str, Any]) -> None:
    """Print each list that holds something, under its name."""
    for name, rows in said.items():
        if isinstance(rows, list) and rows:
            table(rows, list(rows[0]), name.replace("_", " "))
            out.print()


def named(components: Sequence[Component]) -> list[dict[str, Any]]:
    """Write components as rows."""
    return [
        {"name": each.name, "version": each.version, "group": each.group, "purl": each.purl}
        for each in components
    ]


def pairs(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Write pairs of components as rows: the version of each."""
    return [
        {"name": b.name, "before": a.version, "after": b.version, "purl": b.purl} for a, b in pairs
    ]


def identifiers(component: Component) -> list[str]:
    """List the identifiers of a component as written."""
    stated = (component.purl, component.cpe, *component.other_identifiers)
    return [each for each in stated if each]


def _some(names: Sequence[str]) -> str:
    """The first of many names; --json has all."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def warn(left_out: Sequence[str], lacks: Sequence[quality.Element]) -> None:
    """Say on stderr what the format has no place for, and what the channel asks for in vain."""
    for each in left_out[:_SHOWN]:
        err.print(f"left out: {clean(each)}")
    if len(left_out) > _SHOWN:
        err.print(f"and {len(left_out) - _SHOWN} more")
    for lacking in lacks:
        names = clean(_some([one.name for one in lacking.lacking]))
        err.print(f"lacks {lacking.element}: {lacking.have} of {lacking.of} have it"
                  f"{f'; not {names}' if names else ''}")  # fmt: skip
        err.print(f"  asked by: {lacking.source}")
