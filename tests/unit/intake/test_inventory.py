"""What intake decides on an SBOM that does not say well what it describes."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain import inventory
from services.intake.domain.shelf import Shelf
from services.intake.domain.submission import Outcome, Status, Submission
from services.intake.formats import sniff
from services.intake.formats.canonical import Sbom
from tests.component.intake import documents
from tests.unit.intake import sboms

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def decided(document: Any) -> Outcome:
    """The decision on a document: text, or what becomes JSON."""
    raw = document.encode() if isinstance(document, str) else documents.encoded(document)
    read = sniff.read(raw)
    assert isinstance(read, Sbom)
    given = Submission(UUID(int=1), "feed", "sbom", raw, "00", NOW)
    return inventory.decide(given, read, Shelf(), NOW)


def spdx(**package: Any) -> dict[str, Any]:
    """An SPDX document whose described package says only this."""
    document = sboms.spdx()
    document["packages"][0] = {"SPDXID": "SPDXRef-pump", "name": "Pump"} | package
    return document


@pytest.mark.parametrize(("document", "pointer"), [
    (documents.sbom("pump", ""), "/metadata/component/version"),
    (spdx(), "/packages/0/versionInfo"),
    (spdx() | {"documentDescribes": []}, "/documentDescribes"),
    (sboms.TAG_VALUE.replace("PackageVersion: 1.0", ""), "line 10: PackageVersion"),
    (sboms.SWID.replace('name="Pump" version="1.0"', 'name="Pump"'),
     "/tags/SoftwareIdentity[1]/@version"),
])  # fmt: skip
def test_an_sbom_without_its_products_version_is_told_where_to_state_it(
    document: Any, pointer: str
) -> None:
    outcome = decided(document)
    (fault,) = outcome.faults
    assert (outcome.status, fault.code, fault.pointer) == (Status.REJECTED, "no_version", pointer)
    assert pointer in fault.mend


@pytest.mark.parametrize("document", [
    documents.sbom("p" * 1_000_000, "1"), spdx(versionInfo="1" * 1_000_000),
    spdx(versionInfo="1", comment="patchvigil:hardware=" + "h" * 1_000_000),
])  # fmt: skip
def test_a_product_named_by_a_million_characters_is_refused(document: Any) -> None:
    outcome = decided(document)
    (fault,) = outcome.faults
    assert (outcome.status, fault.code) == (Status.REJECTED, "invalid")
    assert len(fault.reason) < 300
