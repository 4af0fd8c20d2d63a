"""Writes an inventory as SPDX 2.3 JSON, in the fields from which it is read."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from schemas.sboms import Component
from services.intake.formats import stated
from services.intake.formats.canonical import Sbom
from services.intake.formats.outgoing.written import TOOL, Written, filled, identity, instant

_DOCUMENT = "SPDXRef-DOCUMENT"
_PRODUCT = "SPDXRef-Product"
_ID = re.compile(r"SPDXRef-(?!DOCUMENT$)[A-Za-z0-9.-]+")
_PURPOSES = frozenset({
    "application", "framework", "library", "container", "operating-system", "device", "firmware",
    "file",
})  # fmt: skip
_ALGORITHMS = frozenset({
    "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3-256", "SHA3-384", "SHA3-512",
    "BLAKE2b-256", "BLAKE2b-384", "BLAKE2b-512", "BLAKE3", "MD2", "MD4", "MD5", "MD6", "ADLER32",
})  # fmt: skip
"""Purposes and algorithms of SPDX 2.3, clauses 7.24 and 7.10."""
_SHA = re.compile(r"SHA-(?=\d)")


def write(sbom: Sbom, now: datetime) -> Written:
    """Write it; `now` is its date where the inventory has none of its own."""
    ids = _ids(sbom)
    product = sbom.origin.product
    packages = [_package(each, ids.of[each.ref]) for each in sbom.components]
    if product and not _alone(sbom):
        main = _package(product, ids.product) | filled({"versionInfo": sbom.subject.version})
        packages.insert(0, main)
    content = filled(
        {
            "name": sbom.subject.name or "inventory",
            "comment": _comment(sbom),
            "creationInfo": {"created": instant(sbom.origin.made_at or now),
                             "creators": list(_creators(sbom))},
            "packages": packages,
            "relationships": [
                *(_related(_DOCUMENT, "DESCRIBES", each) for each in _described(sbom, ids)),
                *(_related(ids.of[a], "DEPENDS_ON", ids.of[b]) for a, b in _edges(sbom, ids)),
            ],
        }
    )  # fmt: skip
    head = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": _DOCUMENT,
        "documentNamespace": f"urn:uuid:{identity(content)}",
    }
    return Written({**head, **content}, tuple(_left_out(sbom, ids)))


class _Ids(NamedTuple):
    """The element id of the product, and of whatever the inventory refers to."""

    product: str
    of: dict[str, str]


def _alone(sbom: Sbom) -> bool:
    """Whether the only component is the product too."""
    return [each.ref for each in sbom.components] == [getattr(sbom.origin.product, "ref", None)]


def _ids(sbom: Sbom) -> _Ids:
    """Keep the references of an SPDX document, number those of others."""
    product = sbom.origin.product
    refs = [each.ref for each in sbom.components]
    # A component that has the product's reference too makes it stand twice.
    own = refs if product is None or _alone(sbom) else [product.ref, *refs]
    if len(set(own)) == len(own) and all(_ID.fullmatch(each) for each in own):
        return _Ids(product.ref if product else _PRODUCT, {each: each for each in own})
    numbered = {each: f"SPDXRef-Component-{n}" for n, each in enumerate(refs, 1)}
    if _alone(sbom):
        return _Ids(numbered[refs[0]], numbered)
    return _Ids(_PRODUCT, {**({product.ref: _PRODUCT} if product else {}), **numbered})


def _described(sbom: Sbom, ids: _Ids) -> list[str]:
    """The product; where there is none, every package, of which none is the product."""
    return [ids.product] if sbom.origin.product else [ids.of[each.ref] for each in sbom.components]


def _package(component: Component, id_: str) -> dict[str, Any]:
    end = component.support_ends_on
    kind = component.kind if component.kind in _PURPOSES else "other"
    return filled(
        {
            "SPDXID": id_,
            "name": component.name,
            "versionInfo": component.version,
            "supplier": f"Organization: {_agent(component.supplier)}" if component.supplier else "",
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False,
            "primaryPackagePurpose": kind.upper(),
            "checksums": [
                {"algorithm": _algorithm(algorithm), "checksumValue": digest}
                for algorithm, digest in component.hashes.items()
                if _algorithm(algorithm) in _ALGORITHMS
            ],
            "validUntilDate": f"{end.isoformat()}T00:00:00Z" if end else None,
            "comment": _facts(
                (stated.LEVEL, component.support_level),
                (stated.GROUP, component.group),
                (stated.KIND, component.kind if kind == "other" else None),
            ),
            "externalRefs": list(_external(component)),
        }
    )


def _external(component: Component) -> Iterator[dict[str, str]]:
    for each in (component.purl, component.cpe, *component.other_identifiers):
        if each:
            start = each[:8].lower()
            kind = "cpe23Type" if start == "cpe:2.3:" else "cpe22Type"
            package = start.startswith("pkg:")
            yield {
                "referenceCategory": "PACKAGE-MANAGER" if package else "SECURITY",
                "referenceType": "purl" if package else kind,
                "referenceLocator": each,
            }


def _creators(sbom: Sbom) -> Iterator[str]:
    for each in sbom.origin.authors:
        yield f"{'Person' if each.person else 'Organization'}: {_agent(each.name)}"
    for tool in dict.fromkeys((*sbom.origin.tools, TOOL)):
        yield f"Tool: {_agent(tool)}"


def _agent(name: str) -> str:
    """A name that ends in brackets gets empty ones: the last are read as a mail address."""
    return f"{name} ()" if name.endswith(")") else name


def _comment(sbom: Sbom) -> str:
    subject = sbom.subject
    return _facts(
        (stated.PRODUCT, subject.product),
        (stated.VERSION, subject.version if subject.product else None),
        (stated.HARDWARE, subject.hardware),
    )


def _facts(*facts: tuple[str, str | None]) -> str:
    """Facts a line, as comments are read; a value of several lines becomes one."""
    return "\n".join(f"{name}: {' '.join(value.split())}" for name, value in facts if value)


def _related(source: str, kind: str, target: str) -> dict[str, str]:
    return {"spdxElementId": source, "relationshipType": kind, "relatedSpdxElement": target}


def _edges(sbom: Sbom, ids: _Ids) -> Iterator[tuple[str, str]]:
    """The edges between elements of the document: SPDX takes no others."""
    return (edge for edge in sbom.dependencies if edge[0] in ids.of and edge[1] in ids.of)


def _algorithm(name: str) -> str:
    return _SHA.sub("SHA", name)


def _left_out(sbom: Sbom, ids: _Ids) -> Iterator[str]:
    for source, target in sbom.dependencies:
        for each in (source, target):
            if each not in ids.of:
                yield f"{source} -> {target}: {each} is no element of the SBOM"
    for component in sbom.components:
        for algorithm in component.hashes:
            if _algorithm(algorithm) not in _ALGORITHMS:
                yield f"{component.name}: no place for a {algorithm} hash"
