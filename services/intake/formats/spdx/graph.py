"""Reads SPDX 3.0 documents in JSON-LD: packages, what they need, and which one is the product."""

import re
from collections.abc import Iterator

from schemas.sboms import Component
from services.intake.formats import identifiers, limits, stated
from services.intake.formats.canonical import LONGEST_NAME, MAX_COMPONENTS, Sbom, Subject
from services.intake.formats.error import FormatError, read_all
from services.intake.formats.references import References
from services.intake.formats.shape import Node, items, needed, text
from services.intake.formats.spdx import origin, relations, vocabulary
from services.intake.formats.spdx.document import SPLIT
from services.intake.formats.spdx.elements import Graph, entries, identity, ids
from services.intake.formats.spdx.relations import Relation

_CONTEXT = re.compile(r"spdx\.org/rdf/v?(\d+\.\d+(?:\.\d+)?)/", re.IGNORECASE)
_PACKAGES = frozenset({"software_Package", "ai_AIPackage", "dataset_DatasetPackage"})
_COLLECTIONS = frozenset({"SpdxDocument", "software_Sbom", "Bom", "Bundle"})
_IDENTIFIERS = frozenset({"packageUrl", "packageURL", "cpe22", "cpe23"})


def is_ours(document: Node) -> bool:
    """Whether the context of a JSON-LD document is SPDX's."""
    return "spdx.org/rdf" in str(document.get("@context"))[:1000].lower()


def parse(document: Node) -> Sbom:
    """Read one document.

    Raises:
        FormatError: another version than 3.0, no packages, or elements without what every one
            must have.
    """
    graph = Graph(document)
    version = _version(document, graph)
    packages = list(graph.of(_PACKAGES))
    if len(packages) > MAX_COMPONENTS:
        raise limits.too_many(MAX_COMPONENTS, "components", SPLIT, "/@graph")
    if not packages:
        raise FormatError(
            "no_components",
            "the graph has no packages",
            "send an SBOM with its packages; files and links to other documents are not read",
            "/@graph",
        )
    references = References()
    notes = _notes(graph)
    components = read_all(
        packages, lambda each: _component(graph, each[1], each[0], references, notes)
    )
    found = tuple(
        limits.at_most(_relations(graph), limits.MAX_EDGES, "relationships", SPLIT, "/@graph")
    )
    main = _main(graph, found, components)
    return Sbom(
        version,
        _subject(graph, packages, main, components),
        tuple(c for n, c in enumerate(components) if n != main or len(components) == 1),
        relations.edges(found, references, _files(graph)),
        "spdx3-json-ld",
        origin.read(graph, components[main] if main is not None else None, references.repeated),
    )


def _version(document: Node, graph: Graph) -> str:
    """The version in the context's address, or in the graph's creation information."""
    matched = _CONTEXT.search(str(document.get("@context"))[:1000])
    stated_ = [text(each, "specVersion", at) for at, each in graph.of(frozenset({"CreationInfo"}))]
    version = matched[1] if matched else next((each for each in stated_ if each), "")
    if not re.fullmatch(r"3\.0(\.\d{1,3})?", version):
        raise FormatError(
            "unknown_version",
            f"SPDX {version[:20] or 'without a version'} in JSON-LD is not read",
            "export it as SPDX 3.0, or as SPDX-2.3",
            "/@context",
        )
    return version


def _notes(graph: Graph) -> dict[str, dict[str, str]]:
    """What annotations state, by the element that they speak of."""
    found: dict[str, dict[str, str]] = {}
    for at, each in graph.of(frozenset({"Annotation"})):
        facts = dict(stated.in_words(text(each, "statement", at)))
        if facts:
            for subject in ids(each, "subject", at):
                found.setdefault(subject, {}).update(facts)
    return found


def _facts(element: Node, at: str, notes: dict[str, dict[str, str]]) -> dict[str, str]:
    """What a comment, annotations, and properties carried over from CycloneDX state."""
    facts = dict(stated.in_words(text(element, "comment", at)))
    facts |= notes.get(identity(element, at) or "", {})
    for where, extension in items(element, "extension", at):
        for place, each in items(extension, "extension_cdxProperty", where):
            name = (text(each, "extension_cdxPropName", place) or "").lower()
            facts[name] = text(each, "extension_cdxPropValue", place) or ""
    return facts


def _component(
    graph: Graph,
    package: Node,
    at: str,
    references: References,
    notes: dict[str, dict[str, str]],
) -> Component:
    facts = _facts(package, at, notes)
    known_by = identifiers.sort(_identifiers(graph, package, at))
    name = needed(package, "name", at)[:LONGEST_NAME]
    return Component(
        ref=references.give(identity(package, at) or needed(package, "spdxId", at)),
        name=name,
        version=vocabulary.said(text(package, "software_packageVersion", at)),
        kind=vocabulary.kind(text(package, "software_primaryPurpose", at)),
        supplier=_agent(graph, package, "suppliedBy", at)
        or _agent(graph, package, "originatedBy", at),
        purl=known_by.purl,
        cpe=known_by.cpe,
        other_identifiers=known_by.others,
        hashes={
            vocabulary.algorithm(needed(each, "algorithm", where)): needed(each, "hashValue", where)
            for where, each in graph.values(package, "verifiedUsing", at)
            if "hashValue" in each
        },
        support_level=stated.level(
            _support(package, at) or facts.get(stated.LEVEL), facts.get(stated.END)
        ),
        support_ends_on=stated.day(text(package, "validUntilTime", at))
        or stated.day(facts.get(stated.END)),
    )


def _identifiers(graph: Graph, package: Node, at: str) -> Iterator[str]:
    if purl := text(package, "software_packageUrl", at):
        yield purl
    for where, each in graph.values(package, "externalIdentifier", at):
        if text(each, "externalIdentifierType", where) in _IDENTIFIERS:
            yield needed(each, "identifier", where)


def _agent(graph: Graph, package: Node, key: str, at: str) -> str | None:
    names = (text(each, "name", where) for where, each in graph.values(package, key, at))
    return next((name for name in names if name and vocabulary.said(name)), None)


def _support(package: Node, at: str) -> str | None:
    """The levels of support in SPDX's words (`SupportType`), such as `limitedSupport`."""
    levels = [
        value
        for _, value in entries(package, "supportLevel", at)
        if isinstance(value, str) and value != "noAssertion"
    ]
    return ", ".join(levels) or None


def _relations(graph: Graph) -> Iterator[Relation]:
    for at, each in graph.of(frozenset({"Relationship", "LifecycleScopedRelationship"})):
        kind = needed(each, "relationshipType", at)
        for source in ids(each, "from", at):
            for target in ids(each, "to", at):
                found = relations.read(kind, source, target)
                if found is not None:
                    yield found


def _main(graph: Graph, found: tuple[Relation, ...], components: list[Component]) -> int | None:
    """The position of the one package that the document is about; None if none or several."""
    about = _roots(graph)
    collections = {identity(each, at) or "" for at, each in graph.of(_COLLECTIONS)}
    about |= relations.described(found, collections)
    places = [n for n, component in enumerate(components) if component.ref in about]
    return places[0] if len(places) == 1 else None


def _roots(graph: Graph) -> set[str]:
    """The roots of every document and inventory; a document's root is often an inventory."""
    return {id_ for at, each in graph.of(_COLLECTIONS) for id_ in ids(each, "rootElement", at)}


def _subject(
    graph: Graph,
    packages: list[tuple[str, Node]],
    main: int | None,
    components: list[Component],
) -> Subject:
    notes = _notes(graph)
    facts: dict[str, str] = {}
    name, place = None, "/@graph/0"
    for at, each in graph.of(_COLLECTIONS):
        facts |= _facts(each, at, notes)
        name, place = name or text(each, "name", at), at
    if main is None:
        return stated.subject(facts, name, None, f"{place}/name", f"{place}/rootElement")
    at, package = packages[main]
    described = components[main]
    facts |= _facts(package, at, notes)
    return stated.subject(
        facts, described.name, described.version, f"{at}/name", f"{at}/software_packageVersion"
    )


def _files(graph: Graph) -> frozenset[str]:
    files = frozenset({"software_File", "software_Snippet"})
    return frozenset(identity(each, at) or "" for at, each in graph.of(files))
