"""Reads SPDX 2.2 and 2.3 documents in the shape of their JSON, which tag-value is turned into."""

import re
from collections.abc import Iterator

from schemas.sboms import Component
from services.intake.formats import identifiers, limits, stated
from services.intake.formats.canonical import (
    LONGEST_NAME,
    MAX_COMPONENTS,
    Author,
    Origin,
    Sbom,
    Subject,
)
from services.intake.formats.error import FormatError, read_all
from services.intake.formats.references import References
from services.intake.formats.shape import Node, child, items, needed, text, texts
from services.intake.formats.spdx import relations, vocabulary
from services.intake.formats.spdx.relations import Relation

_VERSION = re.compile(r"SPDX-(2\.[23])(?:\.\d{1,3})?")
_DOCUMENT = "SPDXRef-DOCUMENT"
_TOOL = "Tool:"
SPLIT = "send one SBOM for each product that the document holds"
_IDENTIFIERS = frozenset({"purl", "cpe22Type", "cpe23Type"})


def parse(document: Node, format_: str = "spdx-json") -> Sbom:
    """Read one document.

    Raises:
        FormatError: an unknown version, a document without packages, or a package or relationship
            without what every one must have.
    """
    matched = _VERSION.fullmatch(str(document.get("spdxVersion")))
    if matched is None:
        raise FormatError(
            "unknown_version",
            f"{str(document.get('spdxVersion'))[:20]!r} is no version of SPDX that is read",
            "export it as SPDX-2.2, SPDX-2.3 or SPDX 3.0 JSON-LD",
            "/spdxVersion",
        )
    packages = list(items(document, "packages", ""))
    if len(packages) > MAX_COMPONENTS:
        raise limits.too_many(MAX_COMPONENTS, "components", SPLIT, "/packages")
    if not packages:
        raise FormatError(
            "no_components",
            "the document lists no packages",
            "send an SBOM with its packages; files and links to other documents are not read",
            "/packages",
        )
    references = References()
    components = read_all(packages, lambda each: _component(each[1], each[0], references))
    found = tuple(_relations(document))
    main = _main(document, found, components)
    return Sbom(
        matched[1],
        _subject(document, packages, main, components),
        # A package that is all there is stays a component: an inventory is never empty.
        tuple(c for n, c in enumerate(components) if n != main or len(components) == 1),
        relations.edges(found, references, _files(document)),
        format_,
        _origin(document, components[main] if main is not None else None, references),
    )


def _component(package: Node, at: str, references: References) -> Component:
    facts = _facts(package, at)
    known_by = identifiers.sort(_locators(package, at))
    return Component(
        ref=references.give(needed(package, "SPDXID", at)),
        name=needed(package, "name", at)[:LONGEST_NAME],
        version=vocabulary.said(text(package, "versionInfo", at)),
        group=facts.get(stated.GROUP),
        kind=facts.get(stated.KIND) or vocabulary.kind(text(package, "primaryPackagePurpose", at)),
        supplier=vocabulary.agent(text(package, "supplier", at))
        or vocabulary.agent(text(package, "originator", at)),
        purl=known_by.purl,
        cpe=known_by.cpe,
        other_identifiers=known_by.others,
        hashes={
            vocabulary.algorithm(needed(each, "algorithm", where)): needed(
                each, "checksumValue", where
            )
            for where, each in items(package, "checksums", at)
        },
        support_level=stated.level(facts.get(stated.LEVEL), facts.get(stated.END)),
        support_ends_on=stated.day(text(package, "validUntilDate", at))
        or stated.day(facts.get(stated.END)),
    )


def _locators(package: Node, at: str) -> Iterator[str]:
    for where, each in items(package, "externalRefs", at):
        kind = text(each, "referenceType", where) or ""
        # The type may be written as the address of its definition.
        if kind.rpartition("/")[2] in _IDENTIFIERS:
            yield needed(each, "referenceLocator", where)


def _facts(element: Node, at: str) -> dict[str, str]:
    """What comments and annotations state: SPDX 2 has no properties."""
    facts = dict(stated.in_words(text(element, "comment", at)))
    for where, each in items(element, "annotations", at):
        facts.update(stated.in_words(text(each, "comment", where)))
    return facts


def _relations(document: Node) -> Iterator[Relation]:
    listed = items(document, "relationships", "")
    for at, each in limits.at_most(
        listed, limits.MAX_EDGES, "relationships", SPLIT, "/relationships"
    ):
        found = relations.read(
            needed(each, "relationshipType", at),
            needed(each, "spdxElementId", at),
            needed(each, "relatedSpdxElement", at),
        )
        if found is not None:
            yield found


def _main(document: Node, found: tuple[Relation, ...], components: list[Component]) -> int | None:
    """The position of the one package that the document describes; None if none or several."""
    own = text(document, "SPDXID", "") or _DOCUMENT
    described = {*texts(document, "documentDescribes", ""), *relations.described(found, {own})}
    places = [n for n, component in enumerate(components) if component.ref in described]
    return places[0] if len(places) == 1 else None


def _subject(
    document: Node,
    packages: list[tuple[str, Node]],
    main: int | None,
    components: list[Component],
) -> Subject:
    facts = _facts(document, "")
    if main is None:
        # Several described packages, or none: the document's name, and nothing has its version.
        name = text(document, "name", "")
        return stated.subject(facts, name, None, "/name", "/documentDescribes")
    at, package = packages[main]
    described = components[main]
    facts |= _facts(package, at)
    return stated.subject(
        facts, described.name, described.version, f"{at}/name", f"{at}/versionInfo"
    )


def _origin(document: Node, product: Component | None, references: References) -> Origin:
    at = "/creationInfo"
    made = child(document, "creationInfo", "")
    creators = texts(made, "creators", at)
    named = [(each, vocabulary.agent(each)) for each in creators]
    return Origin(
        authors=tuple(
            Author(name, person=written.startswith("Person"))
            for written, name in named
            if name and not written.startswith(_TOOL)
        ),
        tools=tuple(name for written, name in named if name and written.startswith(_TOOL)),
        made_at=stated.moment(text(made, "created", at)),
        product=product,
        repeated=references.repeated,
    )


def _files(document: Node) -> frozenset[str]:
    return frozenset(text(each, "SPDXID", at) or "" for at, each in items(document, "files", ""))
