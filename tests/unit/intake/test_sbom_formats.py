"""What every SBOM format gives, and how each refuses documents that are not as they should be."""

import json
from dataclasses import replace
from typing import Any

import pytest

from schemas.sboms import Component
from services.intake.formats import sniff
from services.intake.formats.canonical import MAX_COMPONENTS, Sbom
from services.intake.formats.error import Fault, FormatError
from services.intake.formats.limits import MAX_ATTRIBUTES, MAX_NODES
from services.intake.formats.reading import MAX_BYTES, MAX_DEPTH
from tests.unit.intake import sboms


def read(document: Any) -> Sbom:
    """The inventory in a document: text, or what becomes JSON."""
    raw = document if isinstance(document, str) else json.dumps(document)
    found = sniff.read(raw.encode())
    assert isinstance(found, Sbom)
    return found


def refused(document: Any) -> Fault:
    """The first fault of a document that must be refused."""
    raw = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(FormatError) as caught:
        sniff.read(raw.encode())
    return caught.value.faults[0]


def package(ref: str, **more: Any) -> dict[str, Any]:
    """A package of an SPDX 2 document."""
    return {"SPDXID": f"SPDXRef-{ref}", "name": ref, **more}


def spdx(*packages: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An SPDX 2 document."""
    return {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "d",
            "packages": list(packages), **more}  # fmt: skip


def related(first: str, kind: str, second: str) -> dict[str, str]:
    """A relationship of an SPDX 2 document."""
    return {"spdxElementId": f"SPDXRef-{first}", "relationshipType": kind,
            "relatedSpdxElement": f"SPDXRef-{second}"}  # fmt: skip


def graph(*elements: dict[str, Any]) -> dict[str, Any]:
    """An SPDX 3 document."""
    return {
        "@context": ["https://spdx.org/rdf/3.0.1/spdx-context.jsonld", {"x": "urn:x:"}],
        "@graph": list(elements),
    }


def swid(*tags: str) -> str:
    """SWID tags in a wrapper."""
    space = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd"
    return f'<all xmlns:s="{space}">{"".join(tags)}</all>'


TLS = Component(
    ref="SPDXRef-tls", name="tinytls", version="4.8.1", supplier="Example TLS", purl=sboms.PURL,
    cpe=sboms.CPE, hashes={"SHA-256": sboms.DIGEST}, support_level="Actively maintained",
    support_ends_on="2030-01-31",
)  # fmt: skip
RTOS = Component(
    ref="SPDXRef-rtos", name="rtos", version="10.0", kind="operating-system", supplier="R. Tos"
)
EDGES = {("SPDXRef-pump", "SPDXRef-rtos"), ("SPDXRef-rtos", "SPDXRef-tls")}


@pytest.mark.parametrize(("document", "format_", "version"), [
    (sboms.CYCLONEDX, "cyclonedx-xml", "1.6"),
    (sboms.spdx(), "spdx-json", "2.3"),
    (sboms.spdx("SPDX-2.2"), "spdx-json", "2.2"),
    (sboms.TAG_VALUE, "spdx-tag-value", "2.3"),
    (sboms.TAG_VALUE.replace("\n", "\r\n"), "spdx-tag-value", "2.3"),
    (sboms.spdx3(), "spdx3-json-ld", "3.0.1"),
])  # fmt: skip
def test_the_same_inventory_is_the_same_in_every_format(
    document: Any, format_: str, version: str
) -> None:
    found = read(document)
    assert (found.format, found.format_version) == (format_, version)
    assert found.components == (TLS, RTOS)
    assert set(found.dependencies) == EDGES
    about = found.subject
    assert (about.product, about.name, about.version, about.hardware) == (
        "pump", "Pump", "1.0", "rev-b",
    )  # fmt: skip


def test_swid_tags_give_what_they_can_hold() -> None:
    found = read(sboms.SWID)
    assert (found.format, found.format_version) == ("swid-xml", "2015")
    tag = {"kind": "application", "hashes": {}}
    assert found.components == (TLS.model_copy(update=tag), RTOS.model_copy(update=tag))
    assert set(found.dependencies) == EDGES
    assert replace(found.subject, name_at="", version_at="") == replace(
        read(sboms.spdx()).subject, name_at="", version_at=""
    )


@pytest.mark.parametrize(("kind", "edge"), [
    ("DEPENDS_ON", ("a", "b")), ("DEPENDENCY_OF", ("b", "a")), ("CONTAINS", ("a", "b")),
    ("CONTAINED_BY", ("b", "a")), ("HAS_PREREQUISITE", ("a", "b")),
    ("PREREQUISITE_FOR", ("b", "a")), ("STATIC_LINK", ("a", "b")),
    ("BUILD_DEPENDENCY_OF", ("b", "a")), ("VARIANT_OF", None), ("dependsOn", ("a", "b")),
])  # fmt: skip
def test_relationships_run_in_the_direction_that_their_name_says(
    kind: str, edge: tuple[str, str] | None
) -> None:
    found = read(spdx(package("a"), package("b"), relationships=[related("a", kind, "b")] * 2))
    assert found.dependencies == (
        ((f"SPDXRef-{edge[0]}", f"SPDXRef-{edge[1]}"),) if edge is not None else ()
    )


def test_a_cycle_stays_a_cycle_and_a_missing_package_stays_visible() -> None:
    relations = [related("a", "DEPENDS_ON", "b"), related("b", "DEPENDS_ON", "a"),
                 related("a", "DEPENDS_ON", "gone"), related("a", "CONTAINS", "file"),
                 related("b", "DEPENDS_ON", "") | {"relatedSpdxElement": "NONE"}]  # fmt: skip
    found = read(spdx(package("a"), package("b"), relationships=relations))
    assert found.dependencies == (
        ("SPDXRef-a", "SPDXRef-b"), ("SPDXRef-b", "SPDXRef-a"), ("SPDXRef-a", "SPDXRef-gone"),
    )  # fmt: skip


@pytest.mark.parametrize("more", [
    {"documentDescribes": ["SPDXRef-a"]},
    {"relationships": [related("DOCUMENT", "DESCRIBES", "a")]},
    {"relationships": [related("DOCUMENT", "DESCRIBE", "a")]},
    {"relationships": [related("a", "DESCRIBED_BY", "DOCUMENT")]},
])  # fmt: skip
def test_the_described_package_is_the_product_and_no_component(more: dict[str, Any]) -> None:
    found = read(spdx(package("a", versionInfo="2"), package("b"), **more))
    assert (found.subject.name, found.subject.version) == ("a", "2")
    assert [each.name for each in found.components] == ["b"]


def test_a_document_of_one_package_keeps_it_as_component() -> None:
    found = read(spdx(package("a", versionInfo="2"), documentDescribes=["SPDXRef-a"]))
    assert found.subject.name == "a"
    assert [each.name for each in found.components] == ["a"]


def test_several_described_packages_are_all_components_and_the_document_names_the_product() -> None:
    described = ["SPDXRef-a", "SPDXRef-b"]
    found = read(spdx(package("a"), package("b"), documentDescribes=described))
    assert (found.subject.name, found.subject.version, len(found.components)) == ("d", None, 2)
    assert found.subject.version_at == "/documentDescribes"


def test_every_identifier_of_a_package_is_kept() -> None:
    named = [("cpe22Type", "cpe:/a:v:p:1"), ("cpe23Type", sboms.CPE), ("purl", "pkg:npm/a@1"),
             ("http://spdx.org/rdf/references/purl", "pkg:npm/b@1"), ("purl", "pkg:npm/a@1"),
             ("swh", "swh:1:cnt:00"), ("purl", "no purl")]  # fmt: skip
    refs = [{"referenceCategory": "OTHER", "referenceType": kind, "referenceLocator": locator}
            for kind, locator in named]  # fmt: skip
    (found,) = read(spdx(package("a", externalRefs=refs))).components
    assert (found.purl, found.cpe) == ("pkg:npm/a@1", sboms.CPE)
    assert found.other_identifiers == ("pkg:npm/b@1", "cpe:/a:v:p:1")


@pytest.mark.parametrize(("written", "name"), [
    ("Organization: Acme, Inc. (sbom@acme.example)", "Acme, Inc."),
    ("Organization: Acme (Europe)", "Acme (Europe)"), ("Person: Jo Doe ()", "Jo Doe"),
    ("NOASSERTION", None), ("Organization: NOASSERTION", None), ("Acme", "Acme"),
    ("Organization:", None),
])  # fmt: skip
def test_a_supplier_is_named_without_mail(written: str, name: str | None) -> None:
    (found,) = read(spdx(package("a", supplier=written))).components
    assert found.supplier == name


def test_two_packages_of_one_id_are_both_kept() -> None:
    found = read(spdx(package("a"), package("a"), package("a", name="third")))
    assert [each.ref for each in found.components] == ["SPDXRef-a", "SPDXRef-a~2", "SPDXRef-a~3"]


def test_many_components_of_one_id_take_no_time_that_grows_with_their_square() -> None:
    found = read(spdx(*[package("a")] * 30_000))
    assert len({each.ref for each in found.components}) == 30_000


@pytest.mark.parametrize("document", [
    sboms.spdx(), sboms.TAG_VALUE, sboms.spdx3(), sboms.CYCLONEDX, sboms.SWID,
])  # fmt: skip
def test_a_field_of_a_million_characters_costs_no_other_component(document: Any) -> None:
    raw = document if isinstance(document, str) else json.dumps(document)
    found = read(raw.replace("tinytls", "t" * 1_000_000).replace("SPDXRef-tls", "r" * 1_000_000))
    assert {len(each.name) for each in found.components} == {4, 512}
    assert {len(each.ref) for each in found.components} == {12, 512}


@pytest.mark.parametrize(("document", "code", "pointer"), [
    (spdx(spdxVersion="SPDX-2.1"), "unknown_version", "/spdxVersion"),
    (spdx(spdxVersion=2.3), "unknown_version", "/spdxVersion"),
    (spdx(), "no_components", "/packages"),
    (spdx(packages={}), "wrong_type", "/packages"),
    (spdx(package("a"), {"name": "b"}), "missing", "/packages/1/SPDXID"),
    (spdx({"SPDXID": "SPDXRef-a", "name": " "}), "missing", "/packages/0/name"),
    (spdx(package("a", versionInfo=1)), "wrong_type", "/packages/0/versionInfo"),
    (spdx(package("a"), relationships=[{"spdxElementId": "a"}]),
     "missing", "/relationships/0/relationshipType"),
    (graph(), "no_components", "/@graph"),
    (graph({"type": "software_Package", "name": "a"}), "missing", "/@graph/0/spdxId"),
    (graph({"type": "software_Package", "spdxId": "urn:a"}), "missing", "/@graph/0/name"),
    (graph({"spdxId": "urn:a"}), "missing", "/@graph/0/type"),
    (graph({"type": "software_Package", "spdxId": "urn:a", "name": "a", "suppliedBy": 7}),
     "wrong_type", "/@graph/0/suppliedBy"),
    ({**graph(), "@context": "https://spdx.org/rdf/3.1.0/spdx-context.jsonld"},
     "unknown_version", "/@context"),
    ({**graph(), "@graph": {}}, "wrong_type", "/@graph"),
    ("SPDXVersion: SPDX-2.3\nPackageName: a\nno tag at all\n", "not_tag_value", "line 3"),
    ("SPDXVersion: SPDX-2.3\nPackageComment: <text>open\n", "not_tag_value", "line 2"),
    ("SPDXVersion: SPDX-2.3\nPackageVersion: 1\n", "misplaced", "line 2"),
    ("SPDXVersion: SPDX-2.3\nSPDXREF: SPDXRef-a\n", "misplaced", "line 2"),
    ("SPDXVersion: SPDX-2.3\nPackageName: a\nSPDXID: a\nSPDXID: b\n", "duplicate_key", "line 4"),
    ("SPDXVersion: SPDX-2.3\n\nPackageName: a\n", "missing", "line 3: /packages/0/SPDXID"),
    ("SPDXVersion: SPDX-2.3\nPackageName: a\nSPDXID: a\nRelationship: a DEPENDS_ON\n",
     "missing", "line 4: /relationships/0/relatedSpdxElement"),
    ("SPDXVersion: SPDX-3.0\n", "unknown_version", "/spdxVersion"),
    (sboms.CYCLONEDX.replace("bom/1.6", "bom/1.1"), "unknown_version", "/specVersion"),
    (sboms.CYCLONEDX.replace("bom/1.6", "bom/2.0"), "unknown_version", "/specVersion"),
    (sboms.CYCLONEDX.replace('type="library"', 'type="gadget"'), "invalid", "/components/0/type"),
    (sboms.CYCLONEDX.replace("<name>rtos</name>", ""), "invalid", "/components/1"),
    (sboms.CYCLONEDX[:-8], "not_xml", "line 36, column 17"),
    (sboms.SWID.replace("2015/", "2009/"), "unknown_version", "/"),
    (sboms.SWID.replace('tagId="SPDXRef-tls"', ""), "missing", "/tags/SoftwareIdentity[2]/@tagId"),
    (swid('<s:SoftwareIdentity name="a" tagId="a" supplemental="true"/>'), "no_components", "/"),
    ("<rdf:RDF xmlns:rdf='urn:rdf' xmlns='http://spdx.org/rdf/terms#'><SpdxDocument/></rdf:RDF>",
     "format_later", ""),
    ('spdxVersion: "SPDX-2.3"\npackages: []\n', "format_later", ""),
    ("<html><body/></html>", "unknown_format", ""),
])  # fmt: skip
def test_a_bad_sbom_names_its_fault_and_the_place(document: Any, code: str, pointer: str) -> None:
    fault = refused(document)
    assert (fault.code, fault.pointer) == (code, pointer)
    assert fault.reason
    assert fault.mend


def test_every_bad_package_is_named_not_only_the_first() -> None:
    with pytest.raises(FormatError) as caught:
        read(spdx(package("a", name=""), package("b"), package("c", versionInfo=[])))
    assert [fault.pointer for fault in caught.value.faults] == [
        "/packages/0/name", "/packages/2/versionInfo",
    ]  # fmt: skip


@pytest.mark.parametrize(("more", "code"), [
    ("<services><service><name>api</name></service></services>", "saasbom"),
    ("", "no_components"),
])  # fmt: skip
def test_cyclonedx_xml_that_is_no_sbom_says_what_it_is(more: str, code: str) -> None:
    assert refused(f'<bom xmlns="http://cyclonedx.org/schema/bom/1.4">{more}</bom>').code == code


def test_components_that_differ_in_what_is_not_read_are_two() -> None:
    one = "<component type='library'><name>a</name><description>{}</description></component>"
    found = read(
        '<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components>'
        f"{one.format('this')}{one.format('that')}</components></bom>"
    )
    assert len(found.components) == 2


BOMB = """<?xml version="1.0"?>
<!DOCTYPE bom [<!ENTITY a0 "lol"> {entities}]>
<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components><component type="library">
<name>&a9;</name></component></components></bom>""".format(
    entities="".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
)


@pytest.mark.parametrize("raw", [
    BOMB, '<!DOCTYPE bom SYSTEM "file:///etc/passwd"><bom/>', "<!DOCTYPE bom><bom/>",
    '<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]><b>&x;</b>',
])  # fmt: skip
def test_document_types_and_entities_are_refused(raw: str) -> None:
    assert refused(raw).code == "dtd"


def test_xml_nested_too_deep_or_with_too_many_elements_is_refused() -> None:
    for depth, code in ((MAX_DEPTH, "unknown_format"), (200_000, "too_deep")):
        assert refused("<a>" * depth + "</a>" * depth).code == code
    assert refused("<a>" + "<b/>" * MAX_NODES + "</a>").code == "too_many"


def test_a_start_tag_without_end_is_read_once_not_with_every_piece() -> None:
    value = "x" * 500
    assert refused("<a " + " ".join(f"a{n}='{value}'" for n in range(9_000)) + "/>").code == (
        "unknown_format"
    )


def test_a_tag_of_more_attributes_than_any_has_is_refused() -> None:
    fault = refused("<a " + " ".join(f"a{n}=''" for n in range(MAX_ATTRIBUTES + 1)) + "/>")
    assert (fault.code, "in one tag" in fault.reason) == ("too_many", True)


def test_more_components_than_any_product_has_are_refused() -> None:
    fault = refused(spdx(*[package("a")] * (MAX_COMPONENTS + 1)))
    assert (fault.code, str(MAX_COMPONENTS) in fault.reason) == ("too_many", True)


@pytest.mark.parametrize("start", [b"<bom>", b"SPDXVersion: SPDX-2.3\n", b'{"spdxVersion": "'])
def test_a_document_beyond_the_limit_is_refused_before_it_is_read(start: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        sniff.read(start.ljust(MAX_BYTES + 1, b"x"))
    assert caught.value.faults[0].code == "too_large"


def test_an_spdx_3_document_may_write_elements_in_place_or_name_them() -> None:
    pump = {"type": "software_Package", "spdxId": "urn:pump", "name": "Pump"}
    lib = {"@type": "software_Package", "@id": "urn:lib", "name": "lib",
           "suppliedBy": {"type": "Organization", "name": "Acme"},
           "supportLevel": "limitedSupport"}  # fmt: skip
    found = read(graph(
        {"type": "SpdxDocument", "@id": "urn:d", "rootElement": pump},
        {"type": "Relationship", "from": {"@id": "urn:pump"}, "to": lib,
         "relationshipType": "contains"},
    ))  # fmt: skip
    assert found.subject.name == "Pump"
    (component,) = found.components
    assert (component.ref, component.supplier, component.support_level) == (
        "urn:lib", "Acme", "limitedSupport",
    )  # fmt: skip
    assert found.dependencies == (("urn:pump", "urn:lib"),)


def test_spdx_3_says_its_version_in_the_creation_information_too() -> None:
    document = graph(
        {"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.0"},
        {"type": "software_Package", "spdxId": "urn:a", "name": "a"},
    )
    document["@context"] = "https://spdx.org/rdf/spdx-context.jsonld"
    assert read(document).format_version == "3.0.0"


def test_loose_swid_tags_leave_the_product_to_the_sender() -> None:
    tag = '<s:SoftwareIdentity name="{0}" tagId="{0}" version="1"/>'
    found = read(swid(tag.format("a"), tag.format("b")))
    assert (found.subject.name, len(found.components)) == (None, 2)


def test_a_swid_tag_alone_is_product_and_component() -> None:
    found = read(
        '<SoftwareIdentity xmlns="http://standards.iso.org/iso/19770/-2/2015/schema.xsd" '
        'name="a" tagId="t" version="1"/>'
    )
    assert (found.subject.name, found.subject.version) == ("a", "1")
    assert [each.ref for each in found.components] == ["t"]


def test_a_swid_part_names_its_parent() -> None:
    found = read(swid(
        '<s:SoftwareIdentity name="part" tagId="p"><s:Link rel="parent" href="swid:w%20h"/>'
        "</s:SoftwareIdentity>",
        '<s:SoftwareIdentity name="whole" tagId="w h" version="1"/>',
    ))  # fmt: skip
    assert found.subject.name == "whole"
    assert found.dependencies == (("w h", "p"),)


@pytest.mark.parametrize("written", [
    "End of Support = 2030-01-31", "  end-of-support:2030-01-31T00:00:00Z",
    "x\nEnd-Of-Support: 2030-01-31",
])  # fmt: skip
def test_an_end_of_support_is_read_from_a_line_of_a_comment(written: str) -> None:
    (found,) = read(spdx(package("a", comment=written))).components
    assert str(found.support_ends_on) == "2030-01-31"


def test_githubs_export_is_read_out_of_its_wrapper() -> None:
    refs = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
             "referenceLocator": "pkg:npm/a@1"}]  # fmt: skip
    bare = spdx(package("app"), package("a", versionInfo="1", externalRefs=refs))
    assert read({"sbom": bare}) == read(bare)


@pytest.mark.parametrize(
    ("inner", "pointer"),
    [
        (spdx(), "/sbom/packages"),
        ({"dataType": "CVE_RECORD"}, "/sbom"),
        ({"sbom": spdx(package("a"))}, "/sbom"),
        ({}, "/sbom"),
    ],
)
def test_faults_inside_a_wrapper_are_told_where_they_are(
    inner: dict[str, Any], pointer: str
) -> None:
    assert refused({"sbom": inner}).pointer == pointer


def test_syfts_own_json_is_refused_with_the_option_that_mends_it() -> None:
    fault = refused({"artifacts": [], "descriptor": {"name": "syft"}})
    assert (fault.code, fault.mend) == ("syft_json", "run Syft with `-o cyclonedx-json`")
