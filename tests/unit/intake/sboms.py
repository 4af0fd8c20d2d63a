"""One inventory in every format: a pump with two components, one of which needs the other."""

from typing import Any

PURL = "pkg:generic/tinytls@4.8.1"
CPE = "cpe:2.3:a:example:tinytls:4.8.1:*:*:*:*:*:*:*"
DIGEST = "ab" * 32


def spdx(version: str = "SPDX-2.3") -> dict[str, Any]:
    """An SPDX 2 document in JSON."""
    return {
        "spdxVersion": version,
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "pump.spdx",
        "documentDescribes": ["SPDXRef-pump"],
        "packages": [
            {"SPDXID": "SPDXRef-pump", "name": "Pump", "versionInfo": "1.0",
             "annotations": [{"annotationType": "OTHER", "annotator": "Tool: build",
                              "annotationDate": "2026-01-01T00:00:00Z",
                              "comment": "patchvigil:product=pump\npatchvigil:hardware: rev-b"}]},
            {"SPDXID": "SPDXRef-tls", "name": "tinytls", "versionInfo": "4.8.1",
             "supplier": "Organization: Example TLS (security@example.org)",
             "primaryPackagePurpose": "LIBRARY", "validUntilDate": "2030-01-31T00:00:00Z",
             "comment": "Level of Support: Actively maintained",
             "checksums": [{"algorithm": "SHA256", "checksumValue": DIGEST}],
             "externalRefs": [
                 {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                  "referenceLocator": PURL},
                 {"referenceCategory": "SECURITY", "referenceType": "cpe23Type",
                  "referenceLocator": CPE}]},
            {"SPDXID": "SPDXRef-rtos", "name": "rtos", "versionInfo": "10.0",
             "supplier": "NOASSERTION", "originator": "Person: R. Tos",
             "primaryPackagePurpose": "OPERATING-SYSTEM"},
        ],
        "relationships": [
            {"spdxElementId": "SPDXRef-pump", "relationshipType": "CONTAINS",
             "relatedSpdxElement": "SPDXRef-rtos"},
            {"spdxElementId": "SPDXRef-tls", "relationshipType": "DEPENDENCY_OF",
             "relatedSpdxElement": "SPDXRef-rtos"},
        ],
    }  # fmt: skip


TAG_VALUE = f"""\
# made by the build
SPDXVersion: SPDX-2.3
SPDXID: SPDXRef-DOCUMENT
DocumentName: pump.spdx

FileName: ./boot.bin
SPDXID: SPDXRef-boot
FileChecksum: SHA1: {"cd" * 20}

PackageName: Pump
SPDXID: SPDXRef-pump
PackageVersion: 1.0
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-pump
Relationship: SPDXRef-pump CONTAINS SPDXRef-boot

PackageName: tinytls
SPDXID: SPDXRef-tls
PackageVersion: 4.8.1
PackageSupplier: Organization: Example TLS (security@example.org)
PackageChecksum: SHA256: {DIGEST}
PrimaryPackagePurpose: LIBRARY
ValidUntilDate: 2030-01-31T00:00:00Z
PackageComment: <text>taken from the vendor
Level of Support: Actively maintained
</text>
ExternalRef: PACKAGE-MANAGER purl {PURL}
ExternalRef: SECURITY cpe23Type {CPE}

PackageName: rtos
SPDXID: SPDXRef-rtos
PackageVersion: 10.0
PackageSupplier: NOASSERTION
PackageOriginator: Person: R. Tos
PrimaryPackagePurpose: OPERATING-SYSTEM
PackageCopyrightText: <text>PackageName: none of this
is read</text>
Relationship: SPDXRef-pump CONTAINS SPDXRef-rtos
Relationship: SPDXRef-tls DEPENDENCY_OF SPDXRef-rtos

Annotator: Tool: build
AnnotationDate: 2026-01-01T00:00:00Z
AnnotationType: OTHER
SPDXREF: SPDXRef-pump
AnnotationComment: <text>patchvigil:product=pump
patchvigil:hardware: rev-b</text>
"""


def spdx3() -> dict[str, Any]:
    """An SPDX 3.0 document."""
    return {
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [
            {"type": "CreationInfo", "@id": "_:made", "specVersion": "3.0.1"},
            {"type": "SpdxDocument", "spdxId": "urn:x:doc", "rootElement": ["urn:x:bom"]},
            {"type": "software_Sbom", "spdxId": "urn:x:bom", "rootElement": ["SPDXRef-pump"]},
            {"type": "Organization", "spdxId": "urn:x:org", "name": "Example TLS"},
            {"type": "Person", "spdxId": "urn:x:person", "name": "R. Tos"},
            {"type": "software_Package", "spdxId": "SPDXRef-pump", "name": "Pump",
             "software_packageVersion": "1.0",
             "extension": [{"type": "extension_CdxPropertiesExtension", "extension_cdxProperty": [
                 {"type": "extension_CdxPropertyEntry",
                  "extension_cdxPropName": "patchvigil:product",
                  "extension_cdxPropValue": "pump"}]}]},
            {"type": "software_Package", "spdxId": "SPDXRef-tls", "name": "tinytls",
             "software_packageVersion": "4.8.1", "software_packageUrl": PURL,
             "software_primaryPurpose": "library", "suppliedBy": "urn:x:org",
             "validUntilTime": "2030-01-31T00:00:00Z",
             "externalIdentifier": [
                 {"type": "ExternalIdentifier", "externalIdentifierType": "packageUrl",
                  "identifier": PURL}, "_:cpe"],
             "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": DIGEST}]},
            {"type": "ExternalIdentifier", "@id": "_:cpe", "externalIdentifierType": "cpe23",
             "identifier": CPE},
            {"type": "software_Package", "spdxId": "SPDXRef-rtos", "name": "rtos",
             "software_packageVersion": "10.0", "originatedBy": ["urn:x:person"],
             "software_primaryPurpose": "operatingSystem"},
            {"type": "Relationship", "spdxId": "urn:x:r1", "from": "SPDXRef-pump",
             "relationshipType": "contains", "to": ["SPDXRef-rtos"]},
            {"type": "LifecycleScopedRelationship", "spdxId": "urn:x:r2", "from": "SPDXRef-rtos",
             "relationshipType": "dependsOn", "scope": "runtime", "to": ["SPDXRef-tls"]},
            {"type": "Annotation", "spdxId": "urn:x:a1", "subject": "SPDXRef-tls",
             "annotationType": "other", "statement": "Level of Support: Actively maintained"},
            {"type": "Annotation", "spdxId": "urn:x:a2", "subject": "SPDXRef-pump",
             "annotationType": "other", "statement": "patchvigil:hardware=rev-b"},
        ],
    }  # fmt: skip


CYCLONEDX = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<!-- made by the build -->
<bom xmlns="http://cyclonedx.org/schema/bom/1.6" xmlns:v="urn:vendor" version="1">
  <metadata>
    <component type="device" bom-ref="SPDXRef-pump">
      <name>Pump</name><version>1.0</version>
    </component>
    <properties>
      <property name="patchvigil:product">pump</property>
      <property name="patchvigil:hardware">rev-b</property>
    </properties>
  </metadata>
  <components>
    <component type="library" bom-ref="SPDXRef-tls">
      <supplier><name>Example TLS</name></supplier>
      <name>tinytls</name>
      <version>4.8.1</version>
      <hashes><hash alg="SHA-256">{DIGEST}</hash></hashes>
      <licenses><license><name>a licence</name></license></licenses>
      <cpe>{CPE}</cpe>
      <purl>{PURL}</purl>
      <v:version>9.9</v:version>
      <properties>
        <property name="Level of Support">Actively maintained</property>
        <property name="End-of-Support">2030-01-31</property>
      </properties>
    </component>
    <component type="operating-system" bom-ref="SPDXRef-rtos">
      <publisher>R. Tos</publisher><name>rtos</name><version>10.0</version>
    </component>
  </components>
  <dependencies>
    <dependency ref="SPDXRef-pump"><dependency ref="SPDXRef-rtos"/></dependency>
    <dependency ref="SPDXRef-rtos"><dependency ref="SPDXRef-tls"/></dependency>
    <dependency ref="SPDXRef-tls"/>
  </dependencies>
</bom>
"""

SWID = f"""\
<tags xmlns="urn:wrapper" xmlns:s="http://standards.iso.org/iso/19770/-2/2015/schema.xsd"
      xmlns:p="urn:patchvigil">
  <s:SoftwareIdentity tagId="SPDXRef-pump" name="Pump" version="1.0">
    <s:Entity name="Example Medical" role="tagCreator softwareCreator"/>
    <s:Link rel="component" href="swid:SPDXRef-rtos"/>
    <s:Meta p:product="pump" p:hardware="rev-b"/>
  </s:SoftwareIdentity>
  <s:SoftwareIdentity tagId="SPDXRef-tls" name="tinytls" version="4.8.1">
    <s:Entity name="Tag Factory" role="tagCreator"/>
    <s:Entity name="Example TLS" role="softwareCreator distributor"/>
    <s:Link rel="see-also" href="{PURL}"/>
    <s:Link rel="see-also" href="{CPE}"/>
    <s:Meta p:level-of-support="Actively maintained" p:end-of-support="2030-01-31"/>
  </s:SoftwareIdentity>
  <s:SoftwareIdentity tagId="SPDXRef-rtos" name="rtos" version="10.0">
    <s:Entity name="R. Tos" role="softwareCreator"/>
    <s:Link rel="requires" href="swid:SPDXRef-tls"/>
  </s:SoftwareIdentity>
  <s:SoftwareIdentity tagId="more" name="rtos" supplemental="true">
    <s:Link rel="supplemental" href="swid:SPDXRef-rtos"/>
  </s:SoftwareIdentity>
</tags>
"""
