"""Writes an OpenVEX 0.2.0 document."""

from collections.abc import Sequence
from typing import Any

from schemas.findings import Verdict
from schemas.vex import BY_VERDICT, EXPIRES
from services.sbom_matcher.domain.vex.said import Issued, Said

_UNSAID = "Stated without a reason."


def write(said: Sequence[Said], issued: Issued) -> dict[str, Any]:
    """Write the statements; each names the product version and the component inside it."""
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": f"{issued.reference}/vex",
        "author": issued.author,
        "timestamp": issued.at.isoformat(),
        "version": int(issued.at.timestamp()),
        "tooling": "Patchvigil",
        "statements": [_statement(each, issued) for each in said],
    }


def _part(name: str) -> dict[str, Any]:
    if name.startswith("pkg:"):
        return {"@id": name, "identifiers": {"purl": name}}
    return {"identifiers": {"cpe23": name}}  # a formatted string is no IRI, as an @id has to be


def _statement(said: Said, issued: Issued) -> dict[str, Any]:
    product: dict[str, Any] = {"@id": issued.reference}
    if said.part:
        product["subcomponents"] = [_part(said.part)]
    found: dict[str, Any] = {
        "vulnerability": {"name": said.vulnerability},
        "products": [product],
        "status": BY_VERDICT[said.verdict].status.value,
    }
    if said.justification:
        found["justification"] = said.justification
    elif said.verdict is Verdict.NOT_AFFECTED:
        found["impact_statement"] = said.words or _UNSAID
    elif said.words:
        found["status_notes"] = said.words
    if said.action:
        found["action_statement"] = said.action
    if said.lapses:
        found[EXPIRES] = said.lapses.isoformat()
    return found
