"""Writes a CycloneDX 1.6 VEX: vulnerabilities with their analyses, and no inventory."""

from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from schemas.findings import Verdict
from schemas.vex import BY_VERDICT, EXPIRES, JUSTIFICATIONS
from services.sbom_matcher.domain import purl
from services.sbom_matcher.domain.vex.said import Issued, Said


def write(said: Sequence[Said], issued: Issued) -> dict[str, Any]:
    """Write the statements; a revision of the same product version keeps its serial number."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, f'{issued.reference}/vex')}",
        "version": int(issued.at.timestamp()),
        "metadata": {
            "timestamp": issued.at.isoformat(),
            "authors": [{"name": issued.author}],
            "component": {
                "type": "device",
                "bom-ref": issued.reference,
                "name": issued.product,
                "version": issued.version,
            },
        },
        "vulnerabilities": [_vulnerability(each, issued) for each in said],
    }


def _vulnerability(said: Said, issued: Issued) -> dict[str, Any]:
    analysis: dict[str, Any] = {"state": BY_VERDICT[said.verdict].cyclonedx[0]}
    if said.justification:
        analysis["justification"] = JUSTIFICATIONS[said.justification][0]
    if said.words:
        analysis["detail"] = said.words
    found: dict[str, Any] = {
        "id": said.vulnerability,
        "analysis": analysis,
        "affects": [_affected(said, issued)],
    }
    if said.action:
        found["recommendation"] = said.action
    if said.lapses:
        found["properties"] = [{"name": EXPIRES, "value": said.lapses.isoformat()}]
    return found


def _affected(said: Said, issued: Issued) -> dict[str, Any]:
    if said.part is None:
        return {"ref": issued.reference}
    found: dict[str, Any] = {"ref": f"{issued.reference}#{said.part}"}
    if said.verdict is Verdict.AFFECTED and said.affected and (package := purl.read(said.part)):
        found["ref"] = f"{issued.reference}#{package.bare()}"
        found["versions"] = [{"range": each, "status": "affected"} for each in said.affected]
    return found
