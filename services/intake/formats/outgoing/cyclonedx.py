"""Writes an inventory as CycloneDX 1.6 JSON, in the fields from which it is read."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from schemas.sboms import Component
from services.intake.formats import stated
from services.intake.formats.canonical import Author, Sbom
from services.intake.formats.outgoing.written import TOOL, Written, filled, identity, instant

_KINDS = frozenset({
    "application", "framework", "library", "container", "platform", "operating-system", "device",
    "device-driver", "firmware", "file", "machine-learning-model", "data", "cryptographic-asset",
})  # fmt: skip
_OTHER_KIND = "library"
_ALGORITHMS = frozenset({
    "MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512", "SHA3-256", "SHA3-384", "SHA3-512",
    "BLAKE2b-256", "BLAKE2b-384", "BLAKE2b-512", "BLAKE3",
})  # fmt: skip
_DIGEST = re.compile(
    r"[a-fA-F0-9]{32}|[a-fA-F0-9]{40}|[a-fA-F0-9]{64}|[a-fA-F0-9]{96}|[a-fA-F0-9]{128}"
)
"""Kinds, algorithms and digests of bom-1.6.schema.json."""


def write(sbom: Sbom, now: datetime) -> Written:
    """Write it; `now` is its date where the inventory has none of its own."""
    content = filled(
        {
            "metadata": _metadata(sbom, now),
            "components": [_component(each) for each in sbom.components],
            "dependencies": _dependencies(sbom),
        }
    )
    head = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{identity(content)}",
        "version": 1,
    }
    return Written({**head, **content}, tuple(_left_out(sbom)))


def _metadata(sbom: Sbom, now: datetime) -> dict[str, Any]:
    subject, origin = sbom.subject, sbom.origin
    makers = [each for each in origin.authors if not each.person]
    return filled(
        {
            "timestamp": instant(origin.made_at or now),
            "tools": {
                "components": [
                    {"type": "application", "name": each}
                    for each in dict.fromkeys((*origin.tools, TOOL))
                ]
            },
            "manufacturer": {"name": makers[0].name} if makers else None,
            "authors": [{"name": each.name} for each in origin.authors if each.person],
            "component": _product(sbom),
            "properties": _properties(
                (stated.PRODUCT, subject.product),
                (stated.VERSION, subject.version if subject.product else None),
                (stated.HARDWARE, subject.hardware),
            ),
        }
    )


def _product(sbom: Sbom) -> dict[str, Any] | None:
    """The described product; where a component has its reference too, the component keeps it."""
    product, subject = sbom.origin.product, sbom.subject
    if product is None:
        return None
    written = _component(product)
    if any(each.ref == product.ref for each in sbom.components):
        del written["bom-ref"]
    return written | filled({"version": subject.version})


def _component(component: Component) -> dict[str, Any]:
    return filled(
        {
            "type": component.kind if component.kind in _KINDS else _OTHER_KIND,
            "bom-ref": component.ref,
            "supplier": {"name": component.supplier} if component.supplier else None,
            "group": component.group,
            "name": component.name,
            "version": component.version,
            "hashes": [
                {"alg": algorithm, "content": digest}
                for algorithm, digest in component.hashes.items()
                if _has_place(algorithm, digest)
            ],
            "cpe": component.cpe,
            "purl": component.purl,
            "evidence": _evidence(component),
            "properties": _properties(
                (stated.LEVEL, component.support_level),
                (stated.END, component.support_ends_on),
            ),
        }
    )


def _evidence(component: Component) -> dict[str, Any] | None:
    """Further identifiers: the one place of the format that takes several of a kind."""
    found = [
        {"field": "purl" if each[:4].lower() == "pkg:" else "cpe", "concludedValue": each}
        for each in component.other_identifiers
    ]
    return {"identity": found} if found else None


def _properties(*facts: tuple[str, object]) -> list[dict[str, str]]:
    return [{"name": name, "value": str(value)} for name, value in facts if value]


def _dependencies(sbom: Sbom) -> list[dict[str, Any]]:
    needs: dict[str, dict[str, None]] = {}
    for source, target in sbom.dependencies:
        needs.setdefault(source, {})[target] = None
    return [{"ref": source, "dependsOn": list(targets)} for source, targets in needs.items()]


def _has_place(algorithm: str, digest: str) -> bool:
    return algorithm in _ALGORITHMS and bool(_DIGEST.fullmatch(digest))


def _left_out(sbom: Sbom) -> Iterator[str]:
    makers: list[Author] = [each for each in sbom.origin.authors if not each.person]
    for maker in makers[1:]:
        yield f"author {maker.name}: CycloneDX has one manufacturer"
    for each in sbom.components:
        if each.kind not in _KINDS:
            yield f"{each.name}: kind {each.kind} is written as {_OTHER_KIND}"
        for algorithm, digest in each.hashes.items():
            if not _has_place(algorithm, digest):
                yield f"{each.name}: no place for a {algorithm} hash"
