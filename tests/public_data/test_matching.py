"""All public advisories against public SBOMs, in memory: no crash, known traps, counts printed."""

import json
import lzma
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from schemas.advisories import Vulnerability
from schemas.findings import Verdict
from schemas.sboms import Component
from services.intake.formats import csaf, cve, kev, osv, sniff
from services.intake.formats.canonical import Sbom
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
from tests.public_data import golden

FOLDER = Path(os.environ.get("PATCHVIGIL_PUBLIC_DATA", "../shared/data"))
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DEVICE = "medical-device"
SYSTEM = "imaging-system"
KEV = "kev/known_exploited_vulnerabilities.json"
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


@cache
def claimed() -> tuple[Stated, ...]:
    return tuple(stated())


def stated() -> Iterator[Stated]:
    """Every claim, under the identifier its source leads with or the CVE that it names."""
    for advisory, each in vulnerabilities():
        names = [name for name in (each.id, *each.aliases) if name.startswith("CVE-")]
        for claim in claims.read(each.assertions):
            yield Stated(0, (names or [each.id])[0], advisory, NOW, claim)


@cache
def sboms() -> dict[str, Sbom]:
    """The public documents that are SBOMs, by name; VEX and other documents are left out."""
    texts = {DEVICE: (FOLDER / "sbom/medical-device.cdx.json").read_bytes()}
    for name, file in (("example", "cyclonedx-examples"), ("container", "spdx-containers")):
        with lzma.open(FOLDER / f"sbom/{file}.jsonl.xz") as records:
            texts |= {f"{name}-{number}": record for number, record in enumerate(records)}
    found = {}
    for name, text in texts.items():
        with suppress(FormatError):  # intake rejects these; its own tests count them
            document = sniff.read(text)
            if isinstance(document, Sbom):
                found[name] = document
    return found


def stock() -> Iterator[tuple[Stock, str]]:
    """What is in the public SBOMs, and two versions of an imaging system that advisories name."""
    for version in ("12.2.8.400", "12.9"):
        spoken = (Spoken("Philips", "Vue PACS"),)
        yield Stock(SYSTEM, version, "", "", handles.of_product(SYSTEM, version, spoken)), SYSTEM
    for product, bom in sboms().items():
        for component in bom.components:
            place = identity.of_component(component).hex
            name = f"{component.name}@{component.version}"
            yield Stock(product, "1", "", place, handles.of_part(component)), name


@cache
def findings() -> tuple[Finding, ...]:
    held = list(stock())
    names = {piece.component: name for piece, name in held}
    decided = verdict.decide(matching.match((piece for piece, _ in held), claimed(), NOW))
    return tuple(
        Finding(
            place.vulnerability, place.product, place.version, names[place.component], decision
        )
        for place, decision in sorted(decided.items())
    )  # fmt: skip


def of_device() -> list[Finding]:
    return [each for each in findings() if each.product == DEVICE]


def counted(found: Iterable[Finding]) -> dict[str, Counter[str]]:
    """Count verdicts, of unknown ones by reason, by the collection that the product is of."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in found:
        verdict_, reason = each.decision.verdict, each.decision.reason
        kind = each.product if each.product in {DEVICE, SYSTEM} else each.product.split("-")[0]
        counts[kind][f"unknown({reason})" if verdict_ is Verdict.UNKNOWN else verdict_.value] += 1
    return dict(counts)


@pytest.mark.parametrize("name", golden.RECORDS)
def test_the_records_are_those_that_were_reviewed(name: str) -> None:
    with lzma.open(FOLDER / name) as records:
        assert sum(1 for _ in records) == golden.RECORDS[name]


def test_everything_is_matched_and_what_cannot_be_read_is_counted_by_reason() -> None:
    counts = counted(findings())
    for kind, found in counts.items():
        print(f"\n{kind}: {dict(found)}")  # noqa: T201 - for people
    assert counts == golden.COUNTS


def test_the_medical_device_has_exactly_the_findings_that_a_person_found() -> None:
    found = {
        (each.vulnerability, each.component): (
            each.decision.verdict.value,
            {met.asserter for met in each.decision.mets},
        )
        for each in of_device()
    }
    assert found == {
        (each.vulnerability, each.component): (each.verdict, {who for who, _ in each.ranges})
        for each in golden.FINDINGS
    }


def test_what_the_records_name_otherwise_is_met_once_the_sbom_gives_that_name() -> None:
    missed = {(each.vulnerability, each.component) for each in of_device()}
    assert not missed & golden.NAMED_OTHERWISE.keys()
    named = {
        "CVE-2024-29857": ("a:bouncycastle:bc_c_.net", Verdict.AFFECTED),
    }
    parts = [
        Component(ref="r", name=key, version="1.8.1", cpe=f"cpe:2.3:{name}:*:*:*:*:*:*:*:*")
        for key, (name, _) in named.items()
    ]
    pieces = [Stock("named", "1", "", each.name, handles.of_part(each)) for each in parts]
    decided = verdict.decide(matching.match(pieces, claimed(), NOW))
    found = {
        place.vulnerability: each.verdict
        for place, each in decided.items()
        if place.vulnerability == place.component
    }
    assert found == {key: holds for key, (_, holds) in named.items()}


def test_products_whose_names_merely_contain_a_components_never_match() -> None:
    said = {name for _, each in vulnerabilities() for name in (each.id, *each.aliases)}
    assert said >= golden.OTHER_THINGS.keys()
    assert not golden.OTHER_THINGS.keys() & {each.vulnerability for each in of_device()}


def test_what_is_known_to_be_exploited_is_among_the_findings() -> None:
    catalogue = kev.parse(json.loads((FOLDER / KEV).read_bytes()))
    assert len(catalogue.entries) == golden.KEV_ENTRIES
    listed = {each.identifier for each in catalogue.entries}
    affected = {
        (each.product.split("-")[0], each.vulnerability)
        for each in findings()
        if each.decision.verdict is Verdict.AFFECTED and each.vulnerability in listed
    }
    assert affected == golden.EXPLOITED


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
    assert "called:qualcomm|qca9563" in {each.ident for each in chip.handles}
