"""Reads CycloneDX 1.2 to 1.7 in JSON by the published schemas: SBOMs are flattened, VEX is told."""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import resources
from typing import Any

import jsonschema_rs

from schemas.sboms import Component
from services.intake.formats import cyclonedx_origin, cyclonedx_vex, limits, stated
from services.intake.formats.canonical import (
    LONGEST_NAME,
    MAX_COMPONENTS,
    Advisories,
    Sbom,
    Subject,
)
from services.intake.formats.error import MOST_FAULTS, Fault, FormatError
from services.intake.formats.references import References
from services.intake.formats.shape import Node, child, items, node, text, texts

VERSIONS = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
_SCHEMAS = "cyclonedx.schema._res"
_REFERENCED = ("spdx", "jsf-0.82", "cryptography-defs")
_IDENTIFIERS = ("purl", "cpe")
_LARGE = 50_000
"""Values of a document whose faults are told one at a time."""
_SHOWN = 300
_SPLIT = "send one SBOM for each product that the document holds"


@lru_cache(maxsize=len(VERSIONS))
def _validator(version: str) -> jsonschema_rs.Validator:
    folder = resources.files(_SCHEMAS)
    registry = jsonschema_rs.Registry(
        [
            (f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json", _schema(folder, name))
            for name in _REFERENCED
        ]
    )
    return jsonschema_rs.validator_for(
        _schema(folder, f"bom-{version}"),
        registry=registry,
        offline=True,
        # `format` is an annotation in JSON Schema draft 7: a bad link in a field that nobody reads
        # must not cost a product its inventory.
        validate_formats=False,
    )


def _schema(folder: Any, name: str) -> Any:
    return json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text(encoding="utf-8"))


def parse(bom: Node, *, kind: str = "cyclonedx-json") -> Sbom | Advisories:
    """Read one SBOM, or one VEX: a document with vulnerabilities and no inventory.

    Raises:
        FormatError: an unknown version, a violation of the schema, or a CycloneDX document that is
            neither (SaaSBOM, empty).
    """
    version = str(bom.get("specVersion"))
    if version not in VERSIONS:
        raise FormatError(
            "unknown_version",
            f"CycloneDX {version[:20]} is not read",
            f"export it in one of {', '.join(VERSIONS)}",
            "/specVersion",
        )
    _size(bom)
    _validate(bom, version)
    metadata = child(bom, "metadata", "")
    references = References()
    components = tuple(_components(bom, metadata, references))
    if not components and bom.get("vulnerabilities"):
        return Advisories(kind, (cyclonedx_vex.parse(bom),))
    if not components:
        raise _no_sbom(bom)
    origin = cyclonedx_origin.read(metadata, _product(metadata), references.repeated)
    said, unread = cyclonedx_vex.enclosed(bom)
    return Sbom(
        version,
        _subject(metadata),
        components,
        tuple(_edges(bom)),
        format=kind,
        origin=origin,
        said=said,
        unread=unread,
    )


def _size(bom: Node) -> None:
    """Refuse what an SBOM cannot be before it is validated: each component costs memory then."""
    main = bom.get("metadata")
    waiting = [bom, main.get("component") if isinstance(main, dict) else None]
    count = 0
    while waiting:
        parent = waiting.pop()
        inside = parent.get("components") if isinstance(parent, dict) else None
        if isinstance(inside, list):
            count += len(inside)
            if count > MAX_COMPONENTS:
                raise limits.too_many(MAX_COMPONENTS, "components", _SPLIT, "/components")
            waiting += inside
    listed = bom.get("dependencies")
    needs = (
        each.get("dependsOn")
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict)
    )
    if sum(len(each) for each in needs if isinstance(each, list)) > limits.MAX_EDGES:
        raise limits.too_many(limits.MAX_EDGES, "dependencies", _SPLIT, "/dependencies")


def _validate(bom: Node, version: str) -> None:
    validator = _validator(version)
    if validator.is_valid(bom):
        return
    faults = []
    for error in _errors(validator, bom):
        pointer = "".join(f"/{_escaped(part)}" for part in error.instance_path)
        faults.append(
            Fault(
                "invalid",
                _shortened(error.message),
                pointer,
                f"correct it by the CycloneDX {version} "
                "schema; most generators have a newer release that does",
            )
        )
        if len(faults) == MOST_FAULTS:
            break
    raise FormatError.of(faults)


def _errors(
    validator: jsonschema_rs.Validator, bom: Node
) -> Iterable[jsonschema_rs.ValidationError]:
    """The violations, of a large document only the first: all are made before any can be seen."""
    if not _is_large(bom):
        return validator.iter_errors(bom)
    try:
        validator.validate(bom)
    except jsonschema_rs.ValidationError as error:
        return [error]
    return []


def _shortened(message: str) -> str:
    """The message without the middle of the value that it begins with: what is wrong comes last."""
    few = _SHOWN // 2
    return message if len(message) <= _SHOWN else f"{message[:few]} … {message[-few:]}"


def _is_large(bom: Node) -> bool:
    waiting: list[Any] = [bom]
    for _ in range(_LARGE):
        if not waiting:
            return False
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return True


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _no_sbom(bom: Node) -> FormatError:
    if bom.get("services"):
        return FormatError(
            "saasbom",
            "a CycloneDX SaaSBOM: it lists services and no components",
            "send the SBOM of what is installed",
            "/components",
        )
    return FormatError(
        "no_components",
        "the document lists no components",
        "send an SBOM with its components; one that links to another document is not followed",
        "/components",
    )


def _subject(metadata: Node) -> Subject:
    main, at = child(metadata, "component", "/metadata"), "/metadata/component"
    facts = {**_properties(metadata, "/metadata"), **_properties(main, at)}
    return stated.subject(
        facts, text(main, "name", at), text(main, "version", at), f"{at}/name", f"{at}/version"
    )


def _properties(parent: Node, at: str) -> dict[str, str]:
    return {
        (text(each, "name", where) or "").lower(): text(each, "value", where) or ""
        for where, each in items(parent, "properties", at)
    }


def _product(metadata: Node) -> Component | None:
    """The described element; where nothing refers to it, by a number before all others."""
    main, at = child(metadata, "component", "/metadata"), "/metadata/component"
    return (
        _component(main, at, (text(main, "bom-ref", at) or "#0")[:LONGEST_NAME]) if main else None
    )


def _components(bom: Node, metadata: Node, references: References) -> Iterator[Component]:
    """Every component at whatever depth; the subject itself is the product and no component."""
    main = child(metadata, "component", "/metadata")
    waiting = list(items(main, "components", "/metadata/component"))
    waiting = [*items(bom, "components", ""), *waiting]
    position = 0
    while position < len(waiting):
        at, raw = waiting[position]
        position += 1
        yield _component(raw, at, references.give(text(raw, "bom-ref", at)))
        waiting.extend(items(raw, "components", at))


def _component(raw: Node, at: str, ref: str) -> Component:
    facts = _properties(raw, at) if "properties" in raw else {}
    supplier = raw.get("supplier")
    return Component(
        ref=ref,
        name=(text(raw, "name", at) or "unnamed")[:LONGEST_NAME],
        version=text(raw, "version", at),
        group=text(raw, "group", at),
        kind=text(raw, "type", at) or "library",
        supplier=(text(node(supplier, at), "name", at) if supplier else None)
        or text(raw, "publisher", at)
        or text(raw, "author", at),
        purl=text(raw, "purl", at),
        cpe=text(raw, "cpe", at),
        other_identifiers=_others(raw, at),
        hashes={
            text(each, "alg", where) or "": text(each, "content", where) or ""
            for where, each in items(raw, "hashes", at)
        }
        if "hashes" in raw
        else {},
        support_level=stated.level(facts.get(stated.LEVEL), facts.get(stated.END)),
        support_ends_on=stated.day(facts.get(stated.END)),
    )


def _others(raw: Node, at: str) -> tuple[str, ...]:
    """Further purls and CPE names: what the evidence concludes (1.6; one object in 1.5)."""
    evidence = child(raw, "evidence", at)
    said = evidence.get("identity") if evidence else None
    if not said:
        return ()
    place = {"identity": [said] if isinstance(said, dict) else said}
    concluded = (
        text(each, "concludedValue", where)
        for where, each in items(place, "identity", f"{at}/evidence")
        if each.get("field") in _IDENTIFIERS
    )
    first = (text(raw, "purl", at), text(raw, "cpe", at))
    return tuple(dict.fromkeys(each for each in concluded if each and each not in first))


def _edges(bom: Node) -> Iterator[tuple[str, str]]:
    for at, dependency in items(bom, "dependencies", ""):
        if source := text(dependency, "ref", at):
            for to in texts(dependency, "dependsOn", at):
                yield source, to
