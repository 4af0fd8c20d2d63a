"""Who made an SBOM, when and with what, is read from every format."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.intake.formats import sniff
from services.intake.formats.canonical import Author, Origin, Sbom
from tests.unit.intake import sboms

MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STAMP = "2026-01-02T03:04:05Z"
AUTHORS = (Author("Example Devices"), Author("A. Person", person=True))


def origin(document: Any) -> Origin:
    raw = document if isinstance(document, str) else json.dumps(document)
    found = sniff.read(raw.encode())
    assert isinstance(found, Sbom)
    return found.origin


def bom(**metadata: Any) -> dict[str, Any]:
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": metadata,
        "components": [{"type": "library", "name": "a"}],
    }  # fmt: skip


CYCLONEDX = bom(
    timestamp=STAMP, manufacturer={"name": "Example Devices"},
    authors=[{"name": "A. Person", "email": "a@example.org"}],
    tools={"components": [{"type": "application", "name": "build", "version": "1"}]},
)  # fmt: skip
XML = f"""\
<bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1">
  <metadata><timestamp>{STAMP}</timestamp>
    <tools><components><component type="application"><name>build</name><version>1</version>
    </component></components></tools>
    <authors><author><name>A. Person</name><email>a@example.org</email></author></authors>
    <manufacturer><name>Example Devices</name></manufacturer></metadata>
  <components><component type="library"><name>a</name></component></components>
</bom>
"""
SPDX = sboms.spdx() | {
    "creationInfo": {
        "created": STAMP,
        "creators": ["Organization: Example Devices (x@example.org)", "Person: A. Person",
                     "Tool: build 1"],
    }
}  # fmt: skip
TAGS = sboms.TAG_VALUE.replace(
    "DocumentName: pump.spdx\n",
    "DocumentName: pump.spdx\nCreator: Organization: Example Devices\nCreator: Person: A. Person\n"
    f"Creator: Tool: build 1\nCreated: {STAMP}\n",
)


def spdx3() -> dict[str, Any]:
    document = sboms.spdx3()
    document["@graph"][0] |= {
        "created": STAMP, "createdBy": ["urn:x:maker", "urn:x:author"], "createdUsing": ["urn:x:t"],
    }  # fmt: skip
    document["@graph"] += [
        {"type": "Organization", "spdxId": "urn:x:maker", "name": "Example Devices"},
        {"type": "Person", "spdxId": "urn:x:author", "name": "A. Person"},
        {"type": "Tool", "spdxId": "urn:x:t", "name": "build 1"},
    ]
    return document


@pytest.mark.parametrize(
    "document", [CYCLONEDX, XML, SPDX, TAGS, spdx3()],
    ids=["cyclonedx", "cyclonedx-xml", "spdx", "spdx-tag-value", "spdx3"],
)  # fmt: skip
def test_authors_tools_and_the_date_are_read_and_no_mail_address(document: Any) -> None:
    found = origin(document)
    assert (found.authors, found.tools, found.made_at) == (AUTHORS, ("build 1",), MADE)


def test_a_swid_tag_names_its_creator_and_its_date() -> None:
    space = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd"
    found = origin(
        f'<SoftwareIdentity xmlns="{space}" name="a" tagId="a">'
        '<Entity name="Example Devices" role="tagCreator softwareCreator"/>'
        f'<Meta timestamp="{STAMP}"/></SoftwareIdentity>'
    )
    assert (found.authors, found.made_at) == ((Author("Example Devices"),), MADE)


def test_a_tool_is_no_author_and_neither_is_the_products_maker() -> None:
    found = origin(bom(tools=[{"name": "build"}], supplier={"name": "S"}))
    assert (found.authors, found.tools) == ((), ("build",))


@pytest.mark.parametrize("written", ["yesterday", "0001-01-01T00:00:00Z"])
def test_what_is_no_date_costs_no_inventory(written: str) -> None:
    assert origin(bom(timestamp=written)).made_at is None
    assert origin(SPDX | {"creationInfo": {"created": written}}).made_at is None


def test_references_that_two_components_have_are_named() -> None:
    document = bom()
    document["components"] = [
        {"type": "library", "name": name, "bom-ref": "same"} for name in ("a", "b", "c")
    ]
    assert origin(document).repeated == ("same",)


def test_further_identifiers_are_what_the_evidence_concludes() -> None:
    document = bom()
    document["components"][0] |= {
        "purl": "pkg:npm/a@1",
        "evidence": {"identity": [{"field": "cpe", "concludedValue": sboms.CPE},
                                  {"field": "purl", "concludedValue": "pkg:npm/a@1"},
                                  {"field": "name", "concludedValue": "a"}]},
    }  # fmt: skip
    found = sniff.read(json.dumps(document).encode())
    assert isinstance(found, Sbom)
    assert found.components[0].other_identifiers == (sboms.CPE,)
