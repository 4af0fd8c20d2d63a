"""Every public record at hand parses, or is refused for a stated reason; the counts are printed."""

import json
import lzma
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.exception import CycloneDxException
from cyclonedx.model.bom import Bom
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion

from schemas.advisories import Range, TargetKind
from schemas.sboms import Component
from schemas.signals import SignalSource
from services.intake.formats import sniff
from services.intake.formats.canonical import Advisories, KevCatalogue, Sbom, Statement
from services.intake.formats.error import FormatError

pytestmark = [pytest.mark.public_data, pytest.mark.slow]

FOLDER = Path(os.environ.get("PATCHVIGIL_PUBLIC_DATA", "../shared/data"))


def lines(path: str) -> Iterator[bytes]:
    """The records of a packed file; the test is skipped where it is not there."""
    place = FOLDER / path
    if not place.exists():
        pytest.skip(f"no public data at {place}: set PATCHVIGIL_PUBLIC_DATA to have it read")
    with lzma.open(place) as packed:
        yield from (line.strip() for line in packed)


def statements(path: str, refused: Counter[str]) -> Iterator[Statement]:
    """The advisories of a file; refusals are counted by code."""
    for line in lines(path):
        try:
            read = sniff.read(line)
        except FormatError as error:
            refused[error.faults[0].code] += 1
        else:
            assert isinstance(read, Advisories)
            yield from read.statements


def tally(found: list[Statement]) -> Counter[str]:
    """What the advisories hold."""
    counts: Counter[str] = Counter()
    for statement in found:
        counts["withdrawn" if statement.withdrawn else "published"] += 1
        for evidence in statement.evidence:
            counts[f"signal {evidence.source}"] += 1
        for vulnerability in statement.vulnerabilities:
            counts["vulnerabilities"] += 1
            counts["scores"] += len(vulnerability.scores)
            for claim in vulnerability.assertions:
                counts[f"target {claim.target.kind}"] += 1
                counts.update(_kind(each) for each in claim.ranges)
    return counts


def _kind(each: Range) -> str:
    if each.unparsed is not None:
        assert each.reason
        return "unparsed ranges"
    return "read ranges"


def test_every_cve_record_is_read() -> None:
    refused: Counter[str] = Counter()
    counts = tally(list(statements("cve/cve-5.1.jsonl.xz", refused)))
    print(counts, refused)  # noqa: T201  (the counts are the point)
    assert not refused
    assert (counts["published"], counts["withdrawn"]) == (22_027, 62)
    assert counts[f"signal {SignalSource.KEV}"] == 100
    assert counts[f"signal {SignalSource.SSVC}"] == 98
    assert counts["scores"] > 19_000
    assert counts[f"target {TargetKind.CPE}"] > 40_000
    assert counts["read ranges"] > 2 * counts["unparsed ranges"]


@pytest.mark.parametrize(("path", "read", "indexes"), [
    ("csaf/icsma.jsonl.xz", 73, 0), ("csaf/ot.jsonl.xz", 1_160, 2),
])  # fmt: skip
def test_every_csaf_document_is_read(path: str, read: int, indexes: int) -> None:
    refused: Counter[str] = Counter()
    counts = tally(list(statements(path, refused)))
    print(path, counts, refused)  # noqa: T201
    assert counts["published"] == read
    assert refused == Counter({"feed_index": indexes} if indexes else {})
    assert counts["read ranges"] > 2 * counts["unparsed ranges"]


@pytest.mark.parametrize(
    ("path", "read"), [("osv/go.jsonl.xz", 2_144), ("osv/pypi.jsonl.xz", 1_394)]
)
def test_every_osv_record_is_read(path: str, read: int) -> None:
    refused: Counter[str] = Counter()
    counts = tally(list(statements(path, refused)))
    print(path, counts, refused)  # noqa: T201
    assert not refused
    assert counts["published"] + counts["withdrawn"] == read
    assert counts[f"target {TargetKind.PURL}"] >= read
    assert counts["unparsed ranges"] == 0


def test_the_catalogue_of_exploited_vulnerabilities_is_read() -> None:
    place = FOLDER / "kev" / "known_exploited_vulnerabilities.json"
    if not place.exists():
        pytest.skip(f"no public data at {place}: set PATCHVIGIL_PUBLIC_DATA to have it read")
    read = sniff.read(place.read_bytes())
    assert isinstance(read, KevCatalogue)
    assert len(read.entries) == 1_404
    assert all(entry.reported_at for entry in read.entries)


def test_cyclonedx_examples_are_sboms_or_say_what_they_are() -> None:
    counts: Counter[str] = Counter()
    for line in lines("sbom/cyclonedx-examples.jsonl.xz"):
        try:
            read = sniff.read(line)
        except FormatError as error:
            counts[error.faults[0].code] += 1
        else:
            if isinstance(read, Advisories):
                counts["vex"] += 1
                continue
            assert isinstance(read, Sbom)
            counts["sbom"] += 1
            counts["components"] += len(read.components)
    print(counts)  # noqa: T201
    assert sum(counts[each] for each in ("sbom", "vex", "no_components")) == 33
    assert counts["unknown_reference"] == 1, "a BOM-Link into a document that is not held"
    assert counts["vex"] == 11
    assert counts["sbom"] >= 15
    assert counts["components"] > 5_000


def test_the_medical_device_keeps_its_support_properties() -> None:
    place = FOLDER / "sbom" / "medical-device.cdx.json"
    if not place.exists():
        pytest.skip(f"no public data at {place}: set PATCHVIGIL_PUBLIC_DATA to have it read")
    read = sniff.read(place.read_bytes())
    assert isinstance(read, Sbom)
    assert len(read.components) == 55
    assert all(component.support_level for component in read.components)
    assert sum(1 for component in read.components if component.version) > 40


def test_every_spdx_document_gives_the_packages_purls_and_cpes_that_a_plain_count_finds() -> None:
    refused: Counter[str] = Counter()
    told, counted = Counter[str](), Counter[str]()
    for line in lines("sbom/spdx-containers.jsonl.xz"):
        document = json.loads(line)
        packages = document.get("packages", [])
        try:
            found = sniff.read(line)
        except FormatError as error:
            refused[error.faults[0].code] += 1
            assert not packages
            continue
        assert isinstance(found, Sbom)
        told["documents"] += 1
        counted["documents"] += 1
        for component in found.components:
            told["packages"] += 1
            told.update(identifier[:4] for identifier in _identifiers(component))
        main = _described(document)
        for package in packages:
            if package["SPDXID"] == main and len(packages) > 1:
                continue
            counted["packages"] += 1
            refs = {each["referenceLocator"] for each in package.get("externalRefs", [])}
            counted.update(each[:4] for each in refs)
    print(told, refused)  # noqa: T201
    assert told == counted
    assert (told["documents"], refused) == (83, Counter({"no_components": 2}))
    assert told["pkg:"] > 17_000
    assert told["cpe:"] > 13_000


def _identifiers(component: Component) -> list[str]:
    main = [each for each in (component.purl, component.cpe) if each is not None]
    return [*main, *component.other_identifiers]


def _described(document: dict[str, Any]) -> str | None:
    """The one package that is the product, by a plain look at the JSON."""
    ids = {package["SPDXID"] for package in document["packages"]}
    described = set(document.get("documentDescribes", [])) | {
        each["relatedSpdxElement"]
        for each in document["relationships"]
        if each["relationshipType"].startswith("DESCRIBE")
        and each["spdxElementId"] == document["SPDXID"]
    }
    (main,) = found if len(found := described & ids) == 1 else (None,)
    return main


def _name(parent: dict[str, Any], prefix: str = "c") -> None:
    """Name all components, or the library gives other random names in each form."""
    for position, component in enumerate(parent.get("components", [])):
        component.setdefault("bom-ref", f"{prefix}.{position}")
        _name(component, component["bom-ref"])


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # the library's
@pytest.mark.parametrize("schema", [SchemaVersion.V1_4, SchemaVersion.V1_6, SchemaVersion.V1_7])
def test_cyclonedx_xml_gives_what_the_same_document_gives_in_json(schema: SchemaVersion) -> None:
    compared = 0
    for line in lines("sbom/cyclonedx-examples.jsonl.xz"):
        if len(line) > 500_000:
            continue  # minutes in the library that writes the XML
        try:
            sniff.read(line)
            document = json.loads(line)
            _name(document)
            document.get("metadata", {}).get("component", {}).setdefault("bom-ref", "product")
            bom = Bom.from_json(document)  # type: ignore[attr-defined]
            forms = [
                make_outputter(bom, form, schema).output_as_string()
                for form in (OutputFormat.XML, OutputFormat.JSON)
            ]
        except (FormatError, CycloneDxException):
            continue  # no SBOM, or not one that the library can write in this version
        xml, plain = (sniff.read(form.encode()) for form in forms)
        if isinstance(plain, Advisories):  # a VEX
            assert isinstance(xml, Advisories)
            assert xml.statements == plain.statements
            continue
        assert isinstance(xml, Sbom)
        assert replace(xml, format="cyclonedx-json") == plain
        compared += 1
    assert compared > 5
