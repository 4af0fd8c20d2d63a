"""The elements of an SPDX 3.0 document's graph, wherever they are written, by id and by type."""

from collections.abc import Iterator
from typing import Any

from services.intake.formats.error import FormatError
from services.intake.formats.shape import Node, items, text

_NESTED = ("rootElement", "element", "from", "to")


class Graph:
    """The elements of a document and what refers to what."""

    def __init__(self, document: Node) -> None:
        self._by_id: dict[str, tuple[str, Node]] = {}
        self._by_type: dict[str, list[tuple[str, Node]]] = {}
        # JSON-LD allows a single element by itself.
        waiting = list(items(document, "@graph", "")) if "@graph" in document else [("", document)]
        position = 0
        while position < len(waiting):
            at, element = waiting[position]
            position += 1
            if (id_ := identity(element, at)) is not None:
                self._by_id.setdefault(id_, (at, element))
            self._by_type.setdefault(kind(element, at), []).append((at, element))
            waiting.extend(_inside(element, at))

    def of(self, types: frozenset[str]) -> Iterator[tuple[str, Node]]:
        """The elements of these types, in the document's order within each."""
        for type_, found in self._by_type.items():
            if type_ in types:
                yield from found

    def values(self, parent: Node, key: str, at: str) -> Iterator[tuple[str, Node]]:
        """The objects under `key`: one or a list, each written in place or named by its id.

        What is named but not in the document is left out: it is in another one.
        """
        for where, value in entries(parent, key, at):
            if isinstance(value, dict):
                yield where, value
            elif isinstance(value, str):
                if (found := self._by_id.get(value)) is not None:
                    yield found
            else:
                raise FormatError(
                    "wrong_type",
                    "neither an object nor the id of one",
                    "write the object, or its `spdxId`",
                    where,
                )


def entries(parent: Node, key: str, at: str) -> Iterator[tuple[str, Any]]:
    """What stands under `key`, one or a list, with its place."""
    found = parent.get(key)
    if isinstance(found, list):
        yield from ((f"{at}/{key}/{n}", value) for n, value in enumerate(found))
    elif found is not None:
        yield f"{at}/{key}", found


def identity(element: Node, at: str) -> str | None:
    """The element's id, None where it has none."""
    return text(element, "spdxId", at) or text(element, "@id", at)


def kind(element: Node, at: str) -> str:
    """The element's type, such as `software_Package`."""
    found = element.get("type", element.get("@type"))
    if not isinstance(found, str):
        raise FormatError(
            "missing", "`type` is missing or no text", "add the element's type", f"{at}/type"
        )
    return found


def ids(parent: Node, key: str, at: str) -> Iterator[str]:
    """The ids under `key`, of elements named or written in place."""
    for where, value in entries(parent, key, at):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict) and (id_ := identity(value, where)) is not None:
            yield id_


def _inside(element: Node, at: str) -> Iterator[tuple[str, Node]]:
    """Elements written where others name them by their id."""
    for key in _NESTED:
        for where, value in entries(element, key, at):
            # `{"@id": …}` alone is only another way to name one.
            if isinstance(value, dict) and ("type" in value or "@type" in value):
                yield where, value
