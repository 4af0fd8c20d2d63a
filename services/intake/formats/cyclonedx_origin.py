"""Reads who made a CycloneDX SBOM, when, and with which tools."""

from collections.abc import Iterator
from typing import Any

from schemas.sboms import Component
from services.intake.formats import stated
from services.intake.formats.canonical import Author, Origin
from services.intake.formats.shape import Node, child, items, text

_AT = "/metadata"


def read(metadata: Node, product: Component | None, repeated: tuple[str, ...]) -> Origin:
    """The origin that `metadata` states.

    Authors are the persons and, since 1.6, the `manufacturer`, which is the organisation that made
    the SBOM; `manufacture` and `supplier` are the product's and say nothing of the SBOM.
    """
    maker = text(child(metadata, "manufacturer", _AT), "name", f"{_AT}/manufacturer")
    persons = [text(each, "name", at) for at, each in items(metadata, "authors", _AT)]
    return Origin(
        authors=(
            *((Author(maker),) if maker else ()),
            *(Author(name, person=True) for name in persons if name),
        ),
        tools=tuple(dict.fromkeys(_tools(metadata.get("tools")))),
        made_at=stated.moment(text(metadata, "timestamp", _AT)),
        product=product,
        repeated=repeated,
    )


def _tools(said: Any) -> Iterator[str]:
    """Names with versions: a list of tools, or since 1.5 an object of components and services."""
    place = {"tools": said} if isinstance(said, list) else said or {}
    for part in ("tools", "components", "services"):
        for at, each in items(place, part, f"{_AT}/tools"):
            words = (text(each, "name", at), text(each, "version", at))
            if words[0]:
                yield " ".join(word for word in words if word)
