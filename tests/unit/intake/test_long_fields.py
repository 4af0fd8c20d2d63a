"""A field of a million characters is read, refused with its place, or kept short: no crash."""

import json
from typing import Any

import pytest

from services.intake.formats import sniff
from services.intake.formats.error import FormatError
from tests.component.intake import documents
from tests.unit.intake.test_parsers_never_crash import mutated, places

LONG = "9" * 1_000_000
TEMPLATES: dict[str, Any] = {
    "cve": documents.cve(1234), "osv": documents.osv("PYSEC-1"), "csaf": documents.csaf("X-1"),
    "kev": documents.kev(1234), "sbom": documents.sbom("pump", "1"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_million_characters_at_any_place(name: str) -> None:
    document = TEMPLATES[name]
    for path in places(document):
        raw = json.dumps(mutated(document, path, LONG)).encode()
        try:
            sniff.read(raw)
        except FormatError as error:
            assert all(fault.reason and fault.mend for fault in error.faults)  # noqa: PT017
            assert all(len(fault.reason) < 2_000 for fault in error.faults)  # noqa: PT017
