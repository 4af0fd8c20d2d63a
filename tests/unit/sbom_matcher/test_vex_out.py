"""Findings written as VEX: valid by the schema, and read back by intake to the same statements."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from csaf.csaf.v20 import validate

from schemas.advisories import Assertion, Range, Status, Target, TargetKind
from schemas.findings import Evidence, Finding, Matcher, Verdict
from schemas.sboms import Component
from schemas.vex import BY_VERDICT
from services.intake.formats import sniff
from services.intake.formats.canonical import Advisories
from services.sbom_matcher.domain import claims, handles
from services.sbom_matcher.domain.claims import Span
from services.sbom_matcher.domain.handles import Handle
from services.sbom_matcher.domain.vex import csaf, cyclonedx, openvex
from services.sbom_matcher.domain.vex.said import Issued, Said, statements

AT = datetime(2026, 1, 2, tzinfo=UTC)
LAPSES = datetime(2027, 1, 2, tzinfo=UTC)
ISSUED = Issued("pump", "1.0", "Example Medical", AT)
WRITERS = pytest.mark.parametrize("write", [openvex.write, cyclonedx.write, csaf.write])
Write = Callable[[Sequence[Said], Issued], dict[str, Any]]


def finding(number: int, verdict: Verdict, **more: Any) -> Finding:
    return Finding.model_validate({
        "finding": f"f{number}", "vulnerability": f"CVE-2026-{number}", "product": "pump",
        "version": "1.0", "component": "lodash", "component_version": "4.17.20",
        "component_purl": "pkg:npm/lodash@4.17.20", "verdict": verdict, "held_at": AT, **more,
    })  # fmt: skip


def evidence(**more: Any) -> Evidence:
    target = Target(kind=TargetKind.PURL, purl="pkg:npm/lodash")
    return Evidence(
        advisory="osv/1", matcher=Matcher.PURL, verdict=Verdict.AFFECTED,
        assertion=Assertion(asserter="osv", target=target, status=Status.AFFECTED, **more),
    )  # fmt: skip


FINDINGS = (
    finding(1, Verdict.AFFECTED, fixed_in=("4.17.21",),
            evidence=(evidence(ranges=(Range(introduced="4.0.0", fixed="4.17.21"),)),)),
    finding(2, Verdict.NOT_AFFECTED, reason="component_not_present",
            evidence=(evidence(author="psirt", expires_at=LAPSES),)),
    finding(3, Verdict.UNKNOWN, reason="unparsed_range"),
    finding(4, Verdict.FIXED),
    finding(5, Verdict.NOT_AFFECTED, reason="It is never called."),
    finding(6, Verdict.AFFECTED, component=None, component_version=None, component_purl=None),
    finding(7, Verdict.UNKNOWN, vulnerability="inventory/pump", reason="no_inventory"),
    finding(8, Verdict.AFFECTED, version="2.0"),
    finding(9, Verdict.UNKNOWN, vulnerability="support/pump", reason="support_over"),
)  # fmt: skip


def read_back(write: Write) -> dict[str, Assertion]:
    document = write(statements(FINDINGS, ISSUED), ISSUED)
    read = sniff.read(json.dumps(document).encode())  # CycloneDX: by the published schema as well
    assert isinstance(read, Advisories)
    assert read.faults == ()
    return {each.id: each.assertions[0] for each in read.statements[0].vulnerabilities}


@WRITERS
def test_intake_reads_back_every_statement_on_that_product_version(write: Write) -> None:
    read = read_back(write)
    wanted = FINDINGS[:6]
    assert {name: each.status for name, each in read.items()} == {
        each.vulnerability: BY_VERDICT[each.verdict].status for each in wanted
    }
    assert {(each.product, each.product_version) for each in read.values()} == {("pump", "1.0")}
    assert read["CVE-2026-2"].target.purl == "pkg:npm/lodash"
    assert read["CVE-2026-2"].ranges == (Range(exact=("4.17.20",)),)
    assert read["CVE-2026-6"].target.product == "pump"


@WRITERS
def test_reasons_and_expiry_survive(write: Write) -> None:
    read = read_back(write)
    assert read["CVE-2026-2"].justification == "component_not_present"
    assert read["CVE-2026-2"].expires_at == LAPSES
    assert read["CVE-2026-5"].justification == "It is never called."
    assert "4.17.21" in (read["CVE-2026-1"].remediation or "")


@WRITERS
@pytest.mark.parametrize("version", ["3.0.5", "1:2.0 beta", None])
def test_a_component_without_a_purl_is_named_by_the_cpe_name_that_met_it(
    write: Write, version: str | None
) -> None:
    part = Component(
        ref="r",
        name="OpenSSL",
        version=version,
        cpe="cpe:2.3:a:openssl:open_ssl\\+:*:*:*:*:*:*:*:*",
    )
    met = evidence().model_copy(update={"identifier": "cpe:a:openssl:open_ssl+"})
    told = finding(1, Verdict.UNKNOWN, component=part.name, component_version=version,
                   component_purl=None, evidence=(met,))  # fmt: skip
    read = sniff.read(json.dumps(write(statements((told,), ISSUED), ISSUED)).encode())
    assert isinstance(read, Advisories)
    (claim,) = claims.read(read.statements[0].vulnerabilities[0].assertions)
    handle = next(each for each in handles.of_part(part) if each.ident.startswith("cpe:a"))
    assert handle.ident in claim.idents
    assert any(covers(span, handle) for span in claim.spans)


@WRITERS
def test_a_component_that_was_met_by_its_names_is_named_by_them(write: Write) -> None:
    part = Component(ref="r", name="Infusion Engine", version="4.2", supplier="Example Inc.")
    met = evidence().model_copy(update={"identifier": "name:example|infusion engine"})
    told = finding(1, Verdict.UNKNOWN, component=part.name, component_version=part.version,
                   component_purl=None, evidence=(met,))  # fmt: skip
    read = sniff.read(json.dumps(write(statements((told,), ISSUED), ISSUED)).encode())
    assert isinstance(read, Advisories)
    (claim,) = claims.read(read.statements[0].vulnerabilities[0].assertions)
    [handle] = handles.of_part(part)
    assert handle.ident in claim.idents
    assert any(covers(span, handle) for span in claim.spans)


def covers(span: Span, handle: Handle) -> bool:
    if span.interval is None or handle.key is None:
        return span.interval is None and handle.key is None
    return span.interval.low <= handle.key < span.interval.high


def test_cyclonedx_names_the_affected_versions_of_the_component_as_a_vers_range() -> None:
    document = cyclonedx.write(statements(FINDINGS, ISSUED), ISSUED)
    assert document["vulnerabilities"][0]["affects"][0] == {
        "ref": "urn:patchvigil:product:pump@1.0#pkg:npm/lodash",
        "versions": [{"range": "vers:npm/>=4.0.0|<4.17.21", "status": "affected"}],
    }
    assert read_back(cyclonedx.write)["CVE-2026-1"].ranges == (
        Range(introduced="4.0.0", fixed="4.17.21"),
    )


def test_csaf_holds_to_its_schema_and_to_every_mandatory_test_of_the_standard() -> None:
    document = csaf.write(statements(FINDINGS, ISSUED), ISSUED)
    report = validate(document, preset="basic")
    assert [each for each in report.results if not each.passed] == []
    assert {each.id for each in report.results} >= {"schema", "6.1.27", "6.1.33"}


def test_csaf_takes_the_cautious_of_two_words_on_one_part() -> None:
    said = statements(
        (finding(1, Verdict.NOT_AFFECTED, reason="component_not_present"),
         finding(1, Verdict.AFFECTED, hardware="B2")), ISSUED,
    )  # fmt: skip
    (found,) = csaf.write(said, ISSUED)["vulnerabilities"]
    assert found["product_status"] == {"known_affected": ["part-1"]}


def test_csaf_names_the_publisher_by_the_url_that_is_given() -> None:
    document = csaf.write((), replace(ISSUED, namespace="https://psirt.example"))
    assert document["document"]["publisher"]["namespace"] == "https://psirt.example"
    assert "vulnerabilities" not in document
