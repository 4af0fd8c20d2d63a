"""Reads who made an SPDX 3.0 document, when, and with which tools."""

from collections.abc import Iterator

from schemas.sboms import Component
from services.intake.formats import stated
from services.intake.formats.canonical import Author, Origin
from services.intake.formats.shape import Node, text
from services.intake.formats.spdx import vocabulary
from services.intake.formats.spdx.elements import Graph, kind

_DOCUMENTS = frozenset({"SpdxDocument"})
_MADE = frozenset({"CreationInfo"})


def read(graph: Graph, product: Component | None, repeated: tuple[str, ...]) -> Origin:
    """The document's own creation information; where it names none, the first of the graph."""
    named = (
        found
        for at, document in graph.of(_DOCUMENTS)
        for found in graph.values(document, "creationInfo", at)
    )
    at, made = next(named, None) or next(graph.of(_MADE), ("", {}))
    return Origin(
        authors=tuple(_authors(graph, made, at)),
        tools=tuple(name for name, _ in _agents(graph, made, "createdUsing", at)),
        made_at=stated.moment(text(made, "created", at)),
        product=product,
        repeated=repeated,
    )


def _authors(graph: Graph, made: Node, at: str) -> Iterator[Author]:
    for name, type_ in _agents(graph, made, "createdBy", at):
        if type_ != "SoftwareAgent":
            yield Author(name, person=type_ == "Person")


def _agents(graph: Graph, made: Node, key: str, at: str) -> Iterator[tuple[str, str]]:
    for where, each in graph.values(made, key, at):
        if name := vocabulary.said(text(each, "name", where)):
            yield name, kind(each, where)
