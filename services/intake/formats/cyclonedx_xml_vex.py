"""Gives the vulnerabilities of a CycloneDX XML document in the shape that its JSON has."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from services.intake.formats.markup import children, parts, text

_WORDS = ("id", "description", "recommendation", "published")


def vulnerabilities(lists: Mapping[str, Element]) -> list[dict[str, Any]]:
    """Each vulnerability with its analysis and what it affects, as far as they are read."""
    return [_vulnerability(each) for each in _members(lists, "vulnerabilities", "vulnerability")]


def _members(lists: Mapping[str, Element], name: str, each: str) -> list[Element]:
    found = lists.get(name)
    return [] if found is None else children(found, each)


def _words(fields: Mapping[str, Element], *names: str) -> dict[str, str]:
    return {name: said for name in names if name in fields and (said := text(fields[name]))}


def _vulnerability(element: Element) -> dict[str, Any]:
    fields = parts(element)
    found: dict[str, Any] = {
        **_words(fields, *_WORDS),
        "references": [
            {"source": {}, **_words(parts(each), "id")}
            for each in _members(fields, "references", "reference")
        ],
        "ratings": [_rating(each) for each in _members(fields, "ratings", "rating")],
        "cwes": [
            int(number)
            for each in _members(fields, "cwes", "cwe")
            if (number := text(each)).isdecimal()
        ],
        "affects": [_affected(each) for each in _members(fields, "affects", "target")],
        "properties": [
            {**each.attrib, "value": text(each)}
            for each in _members(fields, "properties", "property")
        ],
    }
    if (source := fields.get("source")) is not None:
        found["source"] = _words(parts(source), "name")
    if (analysis := fields.get("analysis")) is not None:
        found["analysis"] = _analysis(parts(analysis))
    return found


def _analysis(fields: Mapping[str, Element]) -> dict[str, Any]:
    found: dict[str, Any] = _words(fields, "state", "justification", "detail")
    if responses := _members(fields, "responses", "response"):
        found["response"] = [text(each) for each in responses]
    return found


def _rating(element: Element) -> dict[str, Any]:
    fields = parts(element)
    found: dict[str, Any] = _words(fields, "method", "vector")
    try:
        found["score"] = float(text(fields["score"]))
    except (KeyError, ValueError):
        return found  # a rating may be a severity alone
    return found


def _affected(element: Element) -> dict[str, Any]:
    fields = parts(element)
    found: dict[str, Any] = _words(fields, "ref")
    if versions := _members(fields, "versions", "version"):
        found["versions"] = [_words(parts(each), "version", "range", "status") for each in versions]
    return found
