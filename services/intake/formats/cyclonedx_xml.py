"""Reads CycloneDX 1.2 to 1.7 in XML, SBOM or VEX: in the shape, and by the checks, of the JSON."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any
from xml.etree.ElementTree import Element

from services.intake.formats import cyclonedx, cyclonedx_xml_vex
from services.intake.formats.canonical import Advisories, Sbom
from services.intake.formats.markup import children, parts, space, text

NAMESPACE = "http://cyclonedx.org/schema/bom/"
_NEEDED = ("name", "version")
_OPTIONAL = ("author", "publisher", "group", "cpe", "purl")


def parse(bom: Element) -> Sbom | Advisories:
    """Read one SBOM or VEX; pointers of faults are those of the same document in JSON.

    Raises:
        FormatError: whatever the JSON is refused for.
    """
    return cyclonedx.parse(_bom(bom), kind="cyclonedx-xml")


def _bom(bom: Element) -> dict[str, Any]:
    """The document as JSON has it, as far as it is read; the rest is left out."""
    numbers = count(1)
    lists = parts(bom)
    found: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": space(bom).removeprefix(NAMESPACE),
        "version": 1,
        "components": _components(lists, numbers),
        "dependencies": _dependencies(lists),
    }
    if (metadata := lists.get("metadata")) is not None:
        about = parts(metadata)
        found["metadata"] = {"properties": _properties(about), **_origin(metadata, about)}
        if (main := about.get("component")) is not None:
            found["metadata"]["component"] = _component(main, numbers)
    # An inventory is told from a SaaSBOM by these; what they say is not read.
    if _members(lists, "services", "service"):
        found["services"] = [{"name": "service"}]
    if told := cyclonedx_xml_vex.vulnerabilities(lists):
        found["vulnerabilities"] = told
    if number := bom.get("serialNumber"):
        found["serialNumber"] = number
    return found


def _origin(metadata: Element, about: Mapping[str, Element]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "authors": [_named(each) for each in _members(about, "authors", "author")],
        "tools": list(_tools(about)),
    }
    if (made := about.get("timestamp")) is not None:
        found["timestamp"] = text(made)
    for name in ("manufacturer", "supplier"):
        if children(metadata, name):
            found[name] = _named(about[name])
    return found


def _named(element: Element) -> dict[str, str]:
    named = parts(element).get("name")
    return {} if named is None else {"name": text(named)}


def _tools(about: Mapping[str, Element]) -> Iterator[dict[str, str]]:
    """The tools as a list, which every version's JSON takes."""
    if (tools := about.get("tools")) is None:
        return
    inside = parts(tools)
    within = (
        *_members(inside, "components", "component"),
        *_members(inside, "services", "service"),
    )
    for each in (*children(tools, "tool"), *within):
        fields = parts(each)
        yield {name: text(fields[name]) for name in _NEEDED if name in fields}


def _members(lists: Mapping[str, Element], name: str, each: str) -> list[Element]:
    """The members of one of the lists; none where it is absent."""
    found = lists.get(name)
    return [] if found is None else children(found, each)


def _components(lists: Mapping[str, Element], numbers: Iterator[int]) -> list[dict[str, Any]]:
    return [_component(each, numbers) for each in _members(lists, "components", "component")]


def _component(element: Element, numbers: Iterator[int]) -> dict[str, Any]:
    fields = parts(element)
    found: dict[str, Any] = {
        # Components that differ only in what is left out here would be refused as repeated.
        "bom-ref": element.get("bom-ref") or f"#{next(numbers)}",
        "hashes": [
            {"alg": each.get("alg"), "content": text(each)}
            for each in _members(fields, "hashes", "hash")
        ],
        "properties": _properties(fields),
        "components": _components(fields, numbers),
    }
    if (kind := element.get("type")) is not None:
        found["type"] = kind
    for name in _NEEDED:
        if (field := fields.get(name)) is not None:
            found[name] = text(field)
    for name in _OPTIONAL:
        if (field := fields.get(name)) is not None and (said := text(field)):
            found[name] = said
    if (supplier := fields.get("supplier")) is not None:
        found["supplier"] = _named(supplier)
    return found


def _properties(lists: Mapping[str, Element]) -> list[dict[str, str]]:
    return [
        {**each.attrib, "value": text(each)} for each in _members(lists, "properties", "property")
    ]


def _dependencies(lists: Mapping[str, Element]) -> list[dict[str, Any]]:
    """The graph, one entry a component: the schema of the JSON takes none twice."""
    found: dict[str, dict[str, None]] = {}
    for each in _members(lists, "dependencies", "dependency"):
        needs = found.setdefault(each.get("ref", ""), {})
        needs.update(dict.fromkeys(to.get("ref", "") for to in children(each, "dependency")))
    return [{"ref": ref, "dependsOn": list(needs)} for ref, needs in found.items()]
