"""All public advisories against public SBOMs, in memory: no crash, known traps, counts printed."""

import json
import lzma
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from schemas.advisories import Vulnerability
from schemas.findings import Verdict
from services.intake.formats import csaf, cve, cyclonedx, osv
from services.intake.formats.error import FormatError
from services.sbom_matcher.domain import (
    claims,
    handles,
    identity,
    matching,
    verdict,
    versions,
)
from services.sbom_matcher.domain.handles import Spoken
from services.sbom_matcher.domain.matching import Stated, Stock
from services.sbom_matcher.domain.verdict import Decision

FOLDER = Path(os.environ.get("PATCHVIGIL_PUBLIC_DATA", "../shared/data"))
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DEVICE = "medical-device"
SYSTEM = "imaging-system"
PARSERS = {
    "cve/cve-5.1.jsonl.xz": cve.parse,
    "csaf/icsma.jsonl.xz": csaf.parse,
    "csaf/ot.jsonl.xz": csaf.parse,
    "osv/go.jsonl.xz": osv.parse,
    "osv/pypi.jsonl.xz": osv.parse,
}
pytestmark = [
    pytest.mark.public_data,
    pytest.mark.slow,
    pytest.mark.skipif(not (FOLDER / "cve").exists(), reason=f"no public records in {FOLDER}"),
]


@dataclass(frozen=True, slots=True)
class Finding:
    """What the oracle decided of one component, by names that a reader knows."""

    vulnerability: str
    product: str
    version: str
    component: str
    decision: Decision


def vulnerabilities() -> Iterator[tuple[str, Vulnerability]]:
    for name, parse in PARSERS.items():
        with lzma.open(FOLDER / name) as records:
            for record in records:
                try:
                    statement = parse(json.loads(record))
                except FormatError:  # intake rejects these; its own tests count them
                    continue
                for each in statement.vulnerabilities:
                    yield statement.advisory, each


def stated() -> Iterator[Stated]:
    """Every claim, under the identifier its source leads with or the CVE that it names."""
    for advisory, each in vulnerabilities():
        names = [name for name in (each.id, *each.aliases) if name.startswith("CVE-")]
        for claim in claims.read(each.assertions):
            yield Stated(0, (names or [each.id])[0], advisory, NOW, claim)


@cache
def sboms() -> dict[str, str]:
    """The public CycloneDX documents that are SBOMs, as JSON texts by name."""
    found = {DEVICE: (FOLDER / "sbom/medical-device.cdx.json").read_text()}
    with lzma.open(FOLDER / "sbom/cyclonedx-examples.jsonl.xz", "rt") as records:
        for number, record in enumerate(records):
            found[f"example-{number}"] = record
    return found


def stock() -> Iterator[tuple[Stock, str]]:
    """What is in the public SBOMs, and two versions of an imaging system that advisories name."""
    for version in ("12.2.8.400", "12.9"):
        spoken = (Spoken("Philips", "Vue PACS"),)
        yield Stock(SYSTEM, version, "", "", handles.of_product(SYSTEM, version, spoken)), SYSTEM
    for product, text in sboms().items():
        try:
            bom = cyclonedx.parse(json.loads(text))
        except FormatError:  # VEX and other documents that are no SBOM
            continue
        for component in bom.components:
            place = identity.of_component(component).hex
            name = f"{component.name}@{component.version}"
            yield Stock(product, "1", "", place, handles.of_component(component)), name


@cache
def findings() -> tuple[Finding, ...]:
    held = list(stock())
    names = {piece.component: name for piece, name in held}
    decided = verdict.decide(matching.match((piece for piece, _ in held), stated(), NOW))
    return tuple(
        Finding(
            place.vulnerability, place.product, place.version, names[place.component], decision
        )
        for place, decision in sorted(decided.items())
    )  # fmt: skip


def of_device(component: str, holds: Verdict) -> set[str]:
    return {
        each.vulnerability
        for each in findings()
        if each.product == DEVICE and each.component == component and each.decision.verdict is holds
    }


def test_everything_is_matched_and_what_cannot_be_read_is_counted_by_reason() -> None:
    found = findings()
    by_verdict = Counter(each.decision.verdict.value for each in found)
    unknown = Counter(
        each.decision.reason for each in found if each.decision.verdict is Verdict.UNKNOWN
    )
    print(f"\nby verdict: {dict(by_verdict)}\nunknown by reason: {dict(unknown)}")  # noqa: T201 - for people
    print(f"by product: {dict(Counter(each.product for each in found))}")  # noqa: T201 - for people
    assert by_verdict["affected"] > 100
    assert all(reason for reason in unknown)


def test_the_medical_device_has_exactly_the_findings_that_its_ranges_say() -> None:
    """Reviewed by hand: 4.8.1 lies in each range named here, 9.0.1 below 13.0.1."""
    assert of_device("WolfSSL@4.8.1", Verdict.AFFECTED) == {
        "CVE-2023-6935", "CVE-2023-6936", "CVE-2023-6937", "CVE-2024-0901", "CVE-2024-1543",
    }  # fmt: skip
    assert of_device("Newtonsoft.Json@9.0.1", Verdict.AFFECTED) == {"CVE-2024-21907"}
    affected = {
        each.component
        for each in findings()
        if each.product == DEVICE and each.decision.verdict is Verdict.AFFECTED
    }
    assert affected == {"WolfSSL@4.8.1", "Newtonsoft.Json@9.0.1"}


def test_a_component_without_a_version_in_its_purl_is_matched_at_its_own() -> None:
    [device] = [piece for piece, name in stock() if name == "WolfSSL@4.8.1"]
    assert {each.ident for each in device.handles} >= {"purl:github/wolfssl/wolfssl"}
    assert all(each.key for each in device.handles)


def test_cna_and_adp_stay_two_assertions() -> None:
    [found] = [
        each
        for each in findings()
        if each.product == DEVICE and each.vulnerability == "CVE-2023-6937"
    ]
    assert {met.asserter for met in found.decision.mets} == {"wolfSSL", "adp:CISA-ADP"}


def test_the_firmwares_own_version_counts_and_not_the_shorter_one_in_its_cpe() -> None:
    [files] = [piece for piece, name in stock() if name == "fatFS@0.13c"]
    assert {each.key for each in files.handles} == {versions.key("generic", "0.13c")}


def test_products_whose_names_merely_contain_a_components_never_match() -> None:
    """Plug-ins named "jQuery T(-) Countdown Widget" and "Aspose.Words Exporter" are in the data."""
    said = {"CVE-2024-37247", "CVE-2024-4783", "CVE-2024-32146"}
    assert said <= {name for _, each in vulnerabilities() for name in (each.id, *each.aliases)}
    assert not said & {each.vulnerability for each in findings() if each.product == DEVICE}


def test_a_product_is_met_by_its_vendor_name_and_version_where_no_identifier_is_given() -> None:
    def affected(version: str) -> set[str]:
        return {
            each.vulnerability
            for each in findings()
            if each.product == SYSTEM
            and each.version == version
            and each.decision.verdict is Verdict.AFFECTED
        }

    assert "CVE-2020-1938" in affected("12.2.8.400")
    assert len(affected("12.2.8.400")) >= 10
    assert "CVE-2020-1938" not in affected("12.9")


def test_hardware_without_a_version_is_unknown_and_never_clean() -> None:
    [chip] = [piece for piece, name in stock() if name.startswith("Qualcomm Atheros QCA9563")]
    assert {each.reason for each in chip.handles} == {"no_version"}
