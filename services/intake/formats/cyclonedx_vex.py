"""Reads CycloneDX VEX, by itself or in an SBOM: which components are affected, by what analysis.

CycloneDX 1.4 to 1.7: `vulnerabilities[].analysis` (state, justification, response, detail) and
`affects` (a bom-ref of the document or a BOM-Link, with versions and `vers:` ranges).
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from schemas.advisories import Assertion, Platform, Range, Status, Target, TargetKind, Vulnerability
from schemas.vex import EXPIRES, JUSTIFIED_BY_CYCLONEDX, OF_CYCLONEDX
from services.intake.formats import limits, named, scores, version_text
from services.intake.formats.canonical import Statement
from services.intake.formats.error import MOST_FAULTS, Fault, FormatError
from services.intake.formats.named import Limit
from services.intake.formats.shape import Node, child, instant, items, needed, text, texts

_LINK = "urn:cdx:"
_VERSIONS: dict[str | None, Status] = {
    "affected": Status.AFFECTED,
    "unaffected": Status.NOT_AFFECTED,
    "unknown": Status.UNDER_INVESTIGATION,
    None: Status.AFFECTED,
}
"""`affects[].versions[].status`; the schema's default is `affected`."""


@dataclass(frozen=True, slots=True)
class _Document:
    """What the statements of a document share.

    `product` is how it refers to the product that it describes, where it is that product's SBOM.
    """

    asserter: str
    named: Mapping[str, Node]
    expires_at: datetime | None
    product: str | None = None


@dataclass(frozen=True, slots=True)
class _Meant:
    """What a reference means: one of our products, or a target in the versions that it names."""

    limit: Limit
    target: Target
    ranges: tuple[Range, ...]
    platforms: tuple[tuple[Platform, ...], ...] = ()


def parse(bom: Node) -> Statement:
    """Read a document that has vulnerabilities and no inventory; its schema holds already.

    Raises:
        FormatError: a vulnerability has no id, no analysis or affects nothing that can be told.
    """
    metadata = child(bom, "metadata", "")
    asserter = _asserter(metadata)
    document = _Document(asserter, dict(_components(bom, metadata)), _lapses(metadata))
    found = tuple(
        _vulnerability(each, at, document) for at, each in items(bom, "vulnerabilities", "")
    )
    return _statement(bom, metadata, asserter, found)


def enclosed(bom: Node) -> tuple[Statement | None, tuple[Fault, ...]]:
    """Read what an SBOM says of vulnerabilities in its own product, each by itself.

    What cannot be read is told, at most MOST_FAULTS of it, and costs neither the others nor the
    inventory.
    """
    if not bom.get("vulnerabilities"):
        return None, ()
    metadata = child(bom, "metadata", "")
    asserter = _asserter(metadata)
    main = child(metadata, "component", "/metadata")
    try:
        lapses = _lapses(metadata)
    except FormatError as error:
        return None, error.faults[:MOST_FAULTS]
    document = _Document(
        asserter,
        dict(_components(bom, metadata)),
        lapses,
        text(main, "bom-ref", "/metadata/component"),
    )
    found: list[Vulnerability] = []
    faults: list[Fault] = []
    count = 0
    for at, each in items(bom, "vulnerabilities", ""):
        try:
            read = _vulnerability(each, at, document)
        except FormatError as error:
            faults += error.faults
            continue
        count += sum(1 + len(claim.ranges) for claim in read.assertions)
        if count > limits.MAX_CLAIMS:
            faults.append(
                Fault("too_many", "more claims than are read", at, "send a VEX beside it")
            )
            break
        found.append(read)
    said = _statement(bom, metadata, asserter, tuple(found)) if found else None
    return said, tuple(faults[:MOST_FAULTS])


def _statement(
    bom: Node, metadata: Node, asserter: str, found: tuple[Vulnerability, ...]
) -> Statement:
    identity = text(bom, "serialNumber", "") or _told_by_content(bom, asserter)
    made_at = instant(metadata, "timestamp", "/metadata")
    return Statement(
        advisory=f"cyclonedx/{identity}"[:512],
        source="cyclonedx",
        vulnerabilities=found,
        publisher=asserter,
        published_at=made_at,
        modified_at=made_at,
        modified_in="/metadata/timestamp",
    )


def _told_by_content(bom: Node, asserter: str) -> str:
    """An identity for a document without serialNumber: of whom it says what it is about.

    A revision that speaks of the same vulnerabilities and references replaces it.
    """
    about = sorted(
        (text(each, "id", at) or "", text(affected, "ref", place) or "")
        for at, each in items(bom, "vulnerabilities", "")
        for place, affected in items(each, "affects", at)
    )
    return f"{asserter[:400]}/{hashlib.sha256(repr(about).encode()).hexdigest()[:16]}"


def _asserter(metadata: Node) -> str:
    for key in ("supplier", "manufacturer", "manufacture"):
        if name := text(child(metadata, key, "/metadata"), "name", f"/metadata/{key}"):
            return name
    authors = (text(each, "name", at) for at, each in items(metadata, "authors", "/metadata"))
    if name := next((each for each in authors if each), None):
        return name
    main, at = child(metadata, "component", "/metadata"), "/metadata/component"
    supplier = text(child(main, "supplier", at), "name", f"{at}/supplier")
    return supplier or text(main, "publisher", at) or "cyclonedx"


def _lapses(parent: Node, at: str = "/metadata") -> datetime | None:
    for where, each in items(parent, "properties", at):
        if text(each, "name", where) == EXPIRES:
            return instant(each, "value", where)
    return None


def _components(bom: Node, metadata: Node) -> Iterator[tuple[str, Node]]:
    main = child(metadata, "component", "/metadata")
    waiting = [("/metadata/component", main), *items(bom, "components", "")]
    while waiting:
        at, each = waiting.pop()
        if ref := text(each, "bom-ref", at):
            yield ref, each
        waiting.extend(items(each, "components", at))


def _vulnerability(each: Node, at: str, document: _Document) -> Vulnerability:
    name = needed(each, "id", at)
    others = (text(other, "id", where) for where, other in items(each, "references", at))
    source = text(child(each, "source", at), "name", f"{at}/source") or document.asserter
    return Vulnerability(
        id=name,
        aliases=tuple(dict.fromkeys(other for other in others if other and other != name)),
        description=text(each, "description", at),
        scores=tuple(
            dict.fromkeys(
                score
                for where, rating in items(each, "ratings", at)
                for score in scores.of_rating(
                    text(rating, "method", where),
                    text(rating, "vector", where),
                    rating.get("score"),
                    source,
                )
            )
        ),
        weaknesses=tuple(f"CWE-{number}" for number in each.get("cwes") or ()),
        assertions=limits.claims(_assertions(each, at, document), at),
        published_at=instant(each, "published", at),
    )


def _assertions(each: Node, at: str, document: _Document) -> Iterator[Assertion]:
    analysis, where = child(each, "analysis", at), f"{at}/analysis"
    state = text(analysis, "state", where)
    status = OF_CYCLONEDX[state] if state else None
    label, detail = text(analysis, "justification", where), text(analysis, "detail", where)
    reason = JUSTIFIED_BY_CYCLONEDX[label] if label else detail or state
    remedy = [text(each, "recommendation", at), *texts(analysis, "response", where)]
    if status is not Status.NOT_AFFECTED:
        remedy.append(detail)
    for place, affected in items(each, "affects", at):
        meant = _meant(needed(affected, "ref", place), document, f"{place}/ref")
        for held, ranges in _stated(affected, place, meant, status):
            yield Assertion(
                asserter=document.asserter,
                target=meant.target,
                status=held,
                ranges=ranges,
                platforms=meant.platforms,
                justification=reason if held is Status.NOT_AFFECTED else None,
                remediation="; ".join(word for word in remedy if word) or None,
                product=meant.limit.product,
                product_version=meant.limit.version,
                expires_at=_lapses(each, at) or document.expires_at,
            )


def _stated(
    affected: Node, at: str, meant: _Meant, status: Status | None
) -> Iterator[tuple[Status, tuple[Range, ...]]]:
    """The versions by what is said of them.

    An analysis speaks of the versions that are called affected, which is what was analysed; what a
    document calls unaffected or unknown stays so, and a version called affected where the flaw is
    resolved stays affected. Without versions the analysis speaks of those of the reference.
    """
    found: dict[Status, list[Range]] = {}
    for where, each in items(affected, "versions", at):
        said = text(each, "status", where)
        own = _VERSIONS[said]
        held = own if said and status is Status.FIXED else status or own
        held = own if own is not Status.AFFECTED else held
        if version := text(each, "version", where):
            found.setdefault(held, []).append(Range(exact=(version,)))
        elif stated := text(each, "range", where):
            found.setdefault(held, []).extend(version_text.ranges(stated))
    if not found:
        # Listed without an analysis: the schema says affected, and nobody has said otherwise.
        yield status or Status.AFFECTED, meant.ranges
    for held, ranges in found.items():
        yield held, tuple(ranges)


def _meant(ref: str, document: _Document, at: str) -> _Meant:
    if (limit := named.limit(ref)).product:
        return _within(limit, ref)
    if document.product and ref == document.product:
        return _Meant(Limit(), Target(kind=TargetKind.NAME), ())
    if component := document.named.get(ref):
        return _Meant(Limit(), *_identified(component, document.asserter))
    inner = unquote(ref.partition("#")[2]) if ref.startswith(_LINK) else ref
    if found := named.target(inner):
        return _Meant(Limit(), *found)
    raise FormatError(
        "unknown_reference",
        f"{ref[:60]!r} names no component that can be told",
        "list the component with its purl, CPE or supplier, or use its purl as the reference",
        at,
    )


def _within(limit: Limit, ref: str) -> _Meant:
    """One of our products; `urn:patchvigil:product:<id>@<version>#<purl or CPE>` names a part."""
    head, _, part = ref.partition("#")
    limit = named.limit(head)
    found = named.target(unquote(part)) if part else None
    return _Meant(limit, *(found or (limit.whole(), ())))


def _identified(component: Node, asserter: str) -> tuple[Target, tuple[Range, ...]]:
    """What a component of the document is; one without a supplier is the asserter's own."""
    at, version = "", text(component, "version", "")
    ranges = (Range(exact=(version,)),) if version else ()
    for key in ("purl", "cpe"):
        if (name := text(component, key, at)) and (found := named.target(name)):
            return found[0], found[1] or (() if key == "cpe" else ranges)
    vendor = text(child(component, "supplier", at), "name", at) or text(component, "group", at)
    vendor = vendor or text(component, "publisher", at) or asserter
    return Target(kind=TargetKind.NAME, vendor=vendor, product=text(component, "name", at)), ranges
