"""What an SBOM says of vulnerabilities in its own product, beside the inventory."""

import json
from typing import Any

from schemas.advisories import Range, Status, TargetKind
from services.intake.formats import sniff
from services.intake.formats.canonical import Sbom


def bom(*vulnerabilities: dict[str, Any]) -> Sbom:
    document = {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {
            "timestamp": "2026-01-02T00:00:00Z", "supplier": {"name": "Example Supplier"},
            "component": {"type": "device", "bom-ref": "root", "name": "Pump", "version": "1.0"},
        },
        "components": [
            {"type": "library", "bom-ref": "l", "name": "lodash", "purl": "pkg:npm/lodash@4.17.20"},
        ],
        "vulnerabilities": list(vulnerabilities),
    }  # fmt: skip
    read = sniff.read(json.dumps(document).encode())
    assert isinstance(read, Sbom)
    return read


def said(name: str, ref: str, state: str = "not_affected") -> dict[str, Any]:
    return {"id": name, "analysis": {"state": state}, "affects": [{"ref": ref}]}


def test_an_sbom_without_vulnerabilities_says_nothing_of_them() -> None:
    assert (bom().said, bom().unread) == (None, ())


def test_an_analysis_speaks_of_the_component_that_it_refers_to_by_its_supplier() -> None:
    read = bom(said("CVE-2026-1", "l"))
    assert [each.purl for each in read.components] == ["pkg:npm/lodash@4.17.20"]
    assert read.said is not None
    (claim,) = read.said.vulnerabilities[0].assertions
    assert (claim.asserter, claim.status) == ("Example Supplier", Status.NOT_AFFECTED)
    assert (claim.target.purl, claim.ranges) == ("pkg:npm/lodash", (Range(exact=("4.17.20",)),))


def test_what_is_said_of_the_described_product_speaks_of_the_whole_of_it() -> None:
    read = bom(said("CVE-2026-1", "root", "exploitable"))
    assert read.said is not None
    (claim,) = read.said.vulnerabilities[0].assertions
    assert (claim.target.kind, claim.target.product, claim.ranges) == (TargetKind.NAME, None, ())


def test_what_cannot_be_read_is_told_and_costs_neither_the_inventory_nor_the_others() -> None:
    read = bom(said("CVE-2026-1", "nowhere"), said("CVE-2026-2", "l"))
    assert len(read.components) == 1
    assert read.said is not None
    assert [each.id for each in read.said.vulnerabilities] == ["CVE-2026-2"]
    assert [each.pointer for each in read.unread] == ["/vulnerabilities/0/affects/0/ref"]
