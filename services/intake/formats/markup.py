"""Turns untrusted XML into a plain tree: no DTD, no entities, limits on elements and on nesting."""

from xml.etree.ElementTree import Element, ParseError, XMLParser

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from services.intake.formats import limits
from services.intake.formats.error import FormatError
from services.intake.formats.reading import MAX_DEPTH

_FIRST_PIECE = 1 << 12
_PIECE = 1 << 20


def tree(body: bytes) -> Element:
    """Parse a document, UTF-8 whatever its declaration says.

    Raises:
        FormatError: not well-formed, with a document type or entities, nested too deep, or with
            too many elements and attributes.
    """
    limits.xml(body)
    try:
        _prolog(body)
        parser = XMLParser(encoding="utf-8")  # noqa: S314  (the prolog has no document type)
        for start in range(0, len(body), _PIECE):  # other threads have their turn between two
            parser.feed(body[start : start + _PIECE])
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise FormatError(
            "dtd",
            "document types and entities are not accepted: a small file could explode by them",
            "remove <!DOCTYPE …> and write the values out",
        ) from error
    except ParseError as error:
        line, column = error.position
        raise FormatError(
            "not_xml",
            f"not well-formed XML: {error}",
            "check that the document is complete XML",
            f"line {line}, column {column}",
        ) from error
    _nesting(root)
    return root


class _Begun:
    """Notes that the first element has begun: where a document type could stand is behind."""

    yet = False

    def start(self, _tag: str, _attributes: dict[str, str]) -> None:
        """An element begins."""
        self.yet = True

    def close(self) -> None:
        """The document ends."""


def _prolog(body: bytes) -> None:
    """Refuse a document type; only the prolog may have one, the rest needs no slower parser."""
    begun = _Begun()
    parser = DefusedXMLParser(target=begun, encoding="utf-8", forbid_dtd=True)
    start, size = 0, _FIRST_PIECE
    while start < len(body) and not begun.yet:
        parser.feed(body[start : start + size])
        # Twice as much each time: an unfinished tag or comment is read again with every piece.
        start, size = start + size, size * 2


def _nesting(root: Element) -> None:
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
    if level:
        raise FormatError(
            "too_deep",
            f"elements are nested deeper than {MAX_DEPTH} levels",
            "flatten the document",
        )


def space(element: Element) -> str:
    """The element's namespace; empty where it has none."""
    return element.tag[1 : element.tag.rfind("}")] if element.tag.startswith("{") else ""


def name(element: Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def children(parent: Element, name_: str) -> list[Element]:
    """The children of that name in the parent's own namespace; extensions are no part."""
    return parent.findall(f"{parent.tag[: parent.tag.rfind('}') + 1]}{name_}")


def parts(parent: Element) -> dict[str, Element]:
    """The first child of each name in the parent's own namespace."""
    prefix = parent.tag[: parent.tag.rfind("}") + 1]
    size = len(prefix)
    return {each.tag[size:]: each for each in reversed(parent) if each.tag.startswith(prefix)}


def text(element: Element) -> str:
    """What stands in the element before its first child, stripped."""
    return (element.text or "").strip()
