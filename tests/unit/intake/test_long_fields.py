"""A field of a million characters is read, refused with its place, or kept short: no crash."""

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from schemas.identifiers import cpe, purl
from services.intake.formats import cpes, sniff, version_text
from services.intake.formats.error import FormatError
from services.sbom_matcher.domain import names, versions
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


def test_what_was_read_of_long_fields_is_forgotten_with_their_document() -> None:
    def text(number: int) -> str:
        return f"pkg:npm/{number}" + LONG

    read: list[Callable[[str], object]] = [
        purl.read, cpe.read, cpes.converted, version_text.ranges,
        lambda long: names.base(long, long), lambda long: versions.key("generic", long),
    ]  # fmt: skip
    tracemalloc.start()
    for number in range(20):
        for function in read:
            function(text(number))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < len(LONG)
