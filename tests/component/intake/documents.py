"""Small documents of every format, written for these tests."""

import json
from typing import Any

WHEN = "2026-05-04T10:00:00Z"


def cve(number: int, *, fixed: str = "2.0", updated: str = WHEN, **more: Any) -> dict[str, Any]:
    """A CVE record on a fictional library, with the CNA's and CISA's claims."""
    ssvc = {
        "type": "ssvc",
        "content": {
            "options": [{"Exploitation": more.get("exploitation", "none")}],
            "timestamp": updated,
        },
    }
    return {
        "dataType": "CVE_RECORD",
        "dataVersion": "5.1",
        "cveMetadata": {
            "cveId": f"CVE-2026-{number}",
            "state": more.get("state", "PUBLISHED"),
            "assignerShortName": "examplecna",
            "datePublished": WHEN,
            "dateUpdated": updated,
        },
        "containers": {
            "cna": {
                "providerMetadata": {"shortName": "examplecna"},
                "descriptions": [{"lang": "en", "value": "A flaw."}],
                "affected": [
                    {
                        "vendor": "examplesoft",
                        "product": "drugcalc",
                        "versions": [
                            {
                                "version": "1.0",
                                "lessThan": fixed,
                                "status": "affected",
                                "versionType": "semver",
                            }
                        ],
                        "defaultStatus": "unaffected",
                    }
                ],
            },
            "adp": [{"providerMetadata": {"shortName": "CISA-ADP"}, "metrics": [{"other": ssvc}]}],
        },
    }


def osv(name: str, *, modified: str = WHEN, withdrawn: str | None = None) -> dict[str, Any]:
    """An OSV record."""
    record: dict[str, Any] = {
        "id": name,
        "modified": modified,
        "published": WHEN,
        "aliases": ["CVE-2026-77"],
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "Drug_Calc"},
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.1"}]}
                ],
            }
        ],
    }
    return record | ({"withdrawn": withdrawn} if withdrawn else {})


def csaf(name: str) -> dict[str, Any]:
    """A CSAF advisory on a fictional device."""
    return {
        "document": {
            "category": "csaf_security_advisory",
            "csaf_version": "2.0",
            "title": "Pump advisory",
            "publisher": {
                "category": "vendor",
                "name": "Example Medical",
                "namespace": "https://medical.example",
            },
            "tracking": {
                "id": name,
                "status": "final",
                "version": "1",
                "initial_release_date": WHEN,
                "current_release_date": WHEN,
            },
        },
        "product_tree": {
            "branches": [
                {
                    "category": "vendor",
                    "name": "Example Medical",
                    "branches": [
                        {
                            "category": "product_name",
                            "name": "Infusor",
                            "branches": [
                                {
                                    "category": "product_version_range",
                                    "name": "vers:generic/>=2.0|<2.4",
                                    "product": {"name": "Infusor 2.0 to 2.3", "product_id": "P1"},
                                }
                            ],
                        }
                    ],
                }
            ]
        },
        "vulnerabilities": [
            {
                "cve": "CVE-2026-5010",
                "product_status": {"known_affected": ["P1"]},
                "remediations": [
                    {"category": "vendor_fix", "details": "Install 2.4.", "product_ids": ["P1"]}
                ],
            }
        ],
    }


def kev(*numbers: int, released: str = WHEN) -> dict[str, Any]:
    """A catalogue of known exploited vulnerabilities."""
    return {
        "title": "Catalogue",
        "catalogVersion": "1",
        "dateReleased": released,
        "count": len(numbers),
        "vulnerabilities": [
            {
                "cveID": f"CVE-2026-{n}",
                "vulnerabilityName": "Flaw",
                "dateAdded": "2026-05-01",
                "knownRansomwareCampaignUse": "Unknown",
            }
            for n in numbers
        ],
    }


def sbom(name: str, version: str, components: int = 2) -> dict[str, Any]:
    """A CycloneDX SBOM."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "device", "name": name, "version": version}},
        "components": [
            {
                "type": "library",
                "bom-ref": f"c{n}",
                "name": f"lib{n}",
                "version": f"1.{n}",
                "purl": f"pkg:pypi/lib{n}@1.{n}",
            }
            for n in range(components)
        ],
        "dependencies": [{"ref": "c0", "dependsOn": ["c1"]}] if components > 1 else [],
    }


def product(name: str, *versions: str) -> str:
    """A product file in YAML."""
    listed = "\n".join(f"      - version: {version}" for version in versions)
    return (
        f"products:\n  - product: {name}\n    name: {name.title()}\n    entity: example-medical\n"
        f"    versions:\n{listed}\n"
    )


def encoded(document: Any) -> bytes:
    """The document as JSON."""
    return json.dumps(document).encode()
