"""CycloneDX VEX as assertions: states, justifications, references, versions, JSON and XML."""

import json
from typing import Any

import pytest

from schemas.advisories import Assertion, Range, Status
from services.intake.formats import sniff
from services.intake.formats.canonical import Advisories
from services.intake.formats.error import FormatError

SERIAL = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"
LODASH = f"urn:cdx:{SERIAL[9:]}/1#pkg%3Anpm%2Flodash%404.17.20"


def vex(analysis: dict[str, Any], *affects: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "serialNumber": SERIAL,
        "metadata": {"timestamp": "2026-01-02T00:00:00Z", "supplier": {"name": "Example Supplier"}},
        "vulnerabilities": [
            {"id": "CVE-2026-1", "analysis": analysis, "affects": list(affects), **more}
        ],
    }  # fmt: skip


def claims(document: Any) -> tuple[Assertion, ...]:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    read = sniff.read(raw)
    assert isinstance(read, Advisories)
    return read.statements[0].vulnerabilities[0].assertions


@pytest.mark.parametrize(("state", "status"), [
    ("exploitable", Status.AFFECTED), ("in_triage", Status.UNDER_INVESTIGATION),
    ("not_affected", Status.NOT_AFFECTED), ("false_positive", Status.NOT_AFFECTED),
    ("resolved", Status.FIXED), ("resolved_with_pedigree", Status.FIXED),
])  # fmt: skip
def test_each_state_is_one_status(state: str, status: Status) -> None:
    (claim,) = claims(vex({"state": state}, {"ref": LODASH}))
    assert (claim.status, claim.target.purl) == (status, "pkg:npm/lodash")
    assert claim.ranges == (Range(exact=("4.17.20",)),)
    assert claim.asserter == "Example Supplier"


def test_a_justification_becomes_the_word_that_all_formats_share() -> None:
    (claim,) = claims(
        vex({"state": "not_affected", "justification": "code_not_reachable"}, {"ref": LODASH})
    )
    assert claim.justification == "vulnerable_code_not_in_execute_path"


def test_what_the_supplier_will_do_is_kept() -> None:
    analysis = {"state": "exploitable", "response": ["update"], "detail": "In the parser."}
    (claim,) = claims(vex(analysis, {"ref": LODASH}, recommendation="Take 4.17.21."))
    assert claim.remediation == "Take 4.17.21.; update; In the parser."


def test_versions_and_ranges_are_parted_by_what_is_said_of_them() -> None:
    found = claims(
        vex(
            {"state": "exploitable"},
            {
                "ref": "pkg:npm/lodash",
                "versions": [
                    {"range": "vers:npm/>=4.0.0|<4.17.21", "status": "affected"},
                    {"version": "4.17.21", "status": "unaffected"},
                    {"version": "5.0.0-beta", "status": "unknown"},
                ],
            },
        )
    )
    assert {each.status: each.ranges for each in found} == {
        Status.AFFECTED: (Range(introduced="4.0.0", fixed="4.17.21"),),
        Status.NOT_AFFECTED: (Range(exact=("4.17.21",)),),
        Status.UNDER_INVESTIGATION: (Range(exact=("5.0.0-beta",)),),
    }


def test_a_version_called_affected_stays_so_where_the_flaw_is_resolved() -> None:
    versions = [{"version": "1.0", "status": "affected"}, {"version": "1.1"}]
    found = claims(vex({"state": "resolved"}, {"ref": "pkg:npm/a", "versions": versions}))
    assert {each.status for each in found} == {Status.AFFECTED, Status.FIXED}


def test_a_reference_into_the_document_means_that_component() -> None:
    document = vex({"state": "in_triage"}, {"ref": "pump"})
    document["metadata"]["component"] = {
        "type": "device", "bom-ref": "pump", "name": "Pump", "version": "2.0",
        "supplier": {"name": "Example"},
    }  # fmt: skip
    (claim,) = claims(document)
    assert (claim.target.vendor, claim.target.product) == ("Example", "Pump")
    assert claim.ranges == (Range(exact=("2.0",)),)


def test_a_reference_that_names_nothing_is_refused_at_its_place() -> None:
    with pytest.raises(FormatError) as caught:
        claims(vex({"state": "exploitable"}, {"ref": "urn:cdx:nobody/1#part-7"}))
    fault = caught.value.faults[0]
    assert (fault.code, fault.pointer) == (
        "unknown_reference", "/vulnerabilities/0/affects/0/ref",
    )  # fmt: skip


def test_a_part_of_our_product_is_a_limited_statement_that_lapses() -> None:
    (claim,) = claims(
        vex(
            {"state": "not_affected", "justification": "code_not_present"},
            {"ref": "urn:patchvigil:product:pump@1.0#pkg:npm/lodash@4.17.20"},
            properties=[{"name": "patchvigil:expires_at", "value": "2027-01-01T00:00:00Z"}],
        )
    )
    assert (claim.product, claim.product_version, claim.target.purl) == (
        "pump", "1.0", "pkg:npm/lodash",
    )  # fmt: skip
    assert claim.expires_at
    assert claim.expires_at.year == 2027


def test_xml_says_what_the_same_document_says_in_json() -> None:
    xml = f"""<bom xmlns="http://cyclonedx.org/schema/bom/1.5" serialNumber="{SERIAL}">
    <metadata><supplier><name>Example Supplier</name></supplier></metadata>
    <vulnerabilities><vulnerability><id>CVE-2026-1</id>
    <ratings><rating><score>9.8</score><method>CVSSv31</method>
    <vector>CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H</vector></rating></ratings>
    <analysis><state>not_affected</state><justification>protected_at_runtime</justification>
    <responses><response>will_not_fix</response></responses></analysis>
    <affects><target><ref>pkg:npm/lodash</ref><versions>
    <version><range>vers:npm/&lt;4.17.21</range></version></versions></target></affects>
    </vulnerability></vulnerabilities></bom>"""
    document = vex(
        {"state": "not_affected", "justification": "protected_at_runtime",
         "response": ["will_not_fix"]},
        {"ref": "pkg:npm/lodash", "versions": [{"range": "vers:npm/<4.17.21"}]},
    )  # fmt: skip
    assert claims(xml.encode()) == claims(document)
    read = sniff.read(xml.encode())
    assert isinstance(read, Advisories)
    assert read.statements[0].vulnerabilities[0].scores[0].base == 9.8


def test_a_document_without_a_serial_number_is_told_by_what_it_is_about() -> None:
    one = vex({"state": "in_triage"}, {"ref": "pkg:npm/a"})
    later = vex({"state": "exploitable"}, {"ref": "pkg:npm/a"})
    other = vex({"state": "in_triage"}, {"ref": "pkg:npm/b"})
    names = []
    for each in (one, later, other):
        del each["serialNumber"]
        read = sniff.read(json.dumps(each).encode())
        assert isinstance(read, Advisories)
        names.append(read.statements[0].advisory)
    assert names[0] == names[1] != names[2]
