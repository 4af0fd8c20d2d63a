"""Documents made to fill memory or time, and a process that reads one of them and measures itself.

`python -m tests.unit.intake.hostile FILE` reads the file as intake does, and prints what became of
it and how far the process grew beyond the document, in bytes.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from services.intake.formats import limits, sniff
from services.intake.formats.canonical import MAX_COMPONENTS
from services.intake.formats.error import FormatError

_SIZE = 45 * 1024 * 1024
_CVE = (
    b'{"dataType":"CVE_RECORD","dataVersion":"5.1","cveMetadata":{"cveId":"CVE-2026-1234",'
    b'"state":"PUBLISHED","assignerShortName":"x"},"containers":{"cna":{"providerMetadata":'
    b'{"shortName":"x"},'
)
_OSV = b'{"id":"A-1","modified":"2026-01-01T00:00:00Z",'
_BOM = b'{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,'
_XML = b'<bom xmlns="http://cyclonedx.org/schema/bom/1.6">'
_SPDX = b'{"spdxVersion":"SPDX-2.3","packages":[{"SPDXID":"a","name":"b"}'
_GRAPH = b'{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":['
_SWID = b'<x xmlns="http://standards.iso.org/iso/19770/-2/2015/schema.xsd">'


def _filled(head: bytes, piece: bytes, tail: bytes, size: int = _SIZE) -> bytes:
    return head + piece * ((size - len(head) - len(tail)) // len(piece)) + tail


def _joined(head: bytes, piece: Callable[[int], str], count: int, tail: bytes) -> bytes:
    return head + ",".join(map(piece, range(count))).encode() + tail


def _csaf(tree: object, statuses: object, **more: object) -> bytes:
    document = {
        "csaf_version": "2.0", "category": "csaf_security_advisory", "title": "t",
        "publisher": {"name": "p", "category": "vendor", "namespace": "https://example.com"},
        "tracking": {"id": "a", "current_release_date": "2026-01-01T00:00:00Z"},
    }  # fmt: skip
    vulnerability = {"cve": "CVE-2026-1234", "product_status": {"known_affected": statuses}, **more}
    return json.dumps(
        {"document": document, "product_tree": tree, "vulnerabilities": [vulnerability]}
    ).encode()


def _related(count: int) -> bytes:
    """Each product is installed on the one before: what it carries doubles every time."""
    names = [{"product_id": "p0", "name": "a"}]
    related = [
        {"category": "installed_on", "product_reference": f"p{n}",
         "relates_to_product_reference": f"p{n}",
         "full_product_name": {"name": "n", "product_id": f"p{n + 1}"}}
        for n in range(count)
    ]  # fmt: skip
    return _csaf({"full_product_names": names, "relationships": related}, [f"p{count}"])


def _grouped(count: int) -> bytes:
    """Each remedy speaks of a group of all products."""
    ids = [f"p{n}" for n in range(count)]
    tree = {
        "full_product_names": [{"product_id": each, "name": "a"} for each in ids],
        "product_groups": [{"group_id": "g", "product_ids": ids}],
    }
    remedy = {"category": "vendor_fix", "details": "d", "group_ids": ["g"]}
    return _csaf(tree, ids, remediations=[remedy] * count)


def _packages(count: int) -> bytes:
    """One product in as many packages as there are ids."""
    names = [
        {"product_id": f"p{n}", "name": "a",
         "product_identification_helper": {"purl": f"pkg:npm/a{n}@1"}}
        for n in range(count)
    ]  # fmt: skip
    return _csaf({"full_product_names": names}, [f"p{n}" for n in range(count)])


def _configured(nodes: int, matches: int) -> bytes:
    """Each match of an AND requires all others."""
    match = [
        {"vulnerable": True, "criteria": f"cpe:2.3:a:v:p{n}:*:*:*:*:*:*:*:*"}
        for n in range(matches)
    ]
    node = {"operator": "AND", "negate": False, "cpeMatch": match}
    joined = json.dumps([{"operator": "AND", "nodes": [node] * nodes}]).encode()
    return _CVE + b'"cpeApplicability":' + joined + b"}}}"


DOCUMENTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty lists": (lambda: _filled(b"[", b"[],", b"[]]"), "too_many"),
    "objects of one key": (lambda: _filled(b"[", b'{"a":{"b":1}},', b"{}]"), "too_many"),
    "keys": (lambda: _joined(b"{", lambda n: f'"{n}":1', 4_000_000, b"}"), "too_many"),
    "lists just below the limit": (
        lambda: b"[" + b"[]," * (limits.MAX_VALUES // 2 - 2) + b"[]]", "too_many"),
    "records of JSON Lines": (lambda: _filled(b'{"a":1}\n', b"{}\n", b"{}"), "too_many"),
    "blank lines": (lambda: _filled(b'{"a":1}\n', b"\n", b"{}"), "too_many"),
    "openings": (lambda: b"[" * 20_000_000 + b"]" * 20_000_000, "too_deep"),
    "openings after strings": (lambda: _filled(b"[" * 70, b'"",', b'""]'), "too_deep"),
    "escapes in a string never closed": (lambda: _filled(b'["[[[[', b'\\"', b""), "not_json"),
    "claims of a CVE record": (
        lambda: _filled(_CVE + b'"affected":[', b'{"product":"b"},', b"{}]}}}", 20 << 20),
        "too_many"),
    "claims just below the limit": (
        lambda: _CVE + b'"affected":[' + b",".join([b'{"product":"b"}'] * 49_000) + b"]}}}", ""),
    "claims of a collection": (
        lambda: b"\n".join(
            [_CVE + b'"affected":[' + b",".join([b'{"product":"b"}'] * 900) + b"]}}}"] * 400),
        "too_many"),
    "versions of a CVE record": (
        lambda: _filled(_CVE + b'"affected":[{"product":"b","versions":[',
                        b'{"version":"1"},', b"{}]}]}}}", 20 << 20), "too_many"),
    "platforms of a CVE record": (lambda: _configured(60, 500), ""),
    "events of an OSV record": (
        lambda: _filled(_OSV + b'"affected":[{"ranges":[{"type":"SEMVER","events":[',
                        b'{"introduced":"1"},', b"{}]}]}]}", 20 << 20), "too_many"),
    "relationships of CSAF": (lambda: _related(64), "too_deep"),
    "product groups of CSAF": (lambda: _grouped(20_000), ""),
    "packages of CSAF": (lambda: _packages(20_000), ""),
    "components": (
        lambda: _joined(_BOM + b'"components":[', lambda n: f'{{"name":"{n}","type":"library"}}',
                        MAX_COMPONENTS + 1, b"]}"), "too_many"),
    "components and edges just below the limits": (
        lambda: _joined(
            _joined(_BOM + b'"components":[', lambda n: f'{{"type":"library","name":"{n}"}}',
                    MAX_COMPONENTS, b'],"dependencies":[{"ref":"a","dependsOn":['),
            lambda n: f'"{n}"', limits.MAX_EDGES, b"]}]}"), ""),
    "faults of a CycloneDX document": (
        lambda: _filled(_BOM + b'"components":[{"type":"library","name":"a","hashes":[',
                        b"{},", b"{}]}]}", 4_000_000), "invalid"),
    "relationships of SPDX": (
        lambda: _filled(_SPDX + b'],"relationships":[',
                        b'{"spdxElementId":"a","relationshipType":"CONTAINS",'
                        b'"relatedSpdxElement":"b"},', b"{}]}"), "missing"),
    "relationships of SPDX 3": (
        lambda: _filled(
            _GRAPH + b'{"type":"software_Package","spdxId":"a","name":"b"},{"type":"Relationship",'
            b'"relationshipType":"contains","from":[' + b'"a",' * 5000 + b'"a"],"to":[',
            b'"a",', b'"a"]}]}', 60_000), "too_many"),
    "packages of tag-value": (
        lambda: _filled(b"SPDXVersion: SPDX-2.3\n", b"PackageName: a\nSPDXID: b\n", b""),
        "too_many"),
    "blank lines of tag-value": (
        lambda: _filled(b"SPDXVersion: SPDX-2.3\n", b"\n", b"a: b"), "too_many"),
    "attributes of one tag": (
        lambda: _XML[:-1] + b" " + b" ".join(b"a%d=''" % n for n in range(3_500_000)) + b"/>",
        "too_many"),
    "elements of XML": (lambda: _filled(_XML, b'<a b="c"/>', b"</bom>"), "too_many"),
    "attributes of one tag, below the limit of a document": (
        lambda: _XML[:-1] + b" "
        + b" ".join(b"a%d=''" % n for n in range(limits.MAX_NODES - 10)) + b"/>", "too_many"),
    "attributes just below the limit": (
        lambda: _XML
        + (b"<a " + b" ".join(b"a%d=''" % n for n in range(limits.MAX_ATTRIBUTES - 1)) + b"/>")
        * (limits.MAX_NODES // limits.MAX_ATTRIBUTES - 1) + b"</bom>", "no_components"),
    "elements just below the limit": (
        lambda: _XML + b"".join(b"<a%d/>" % n for n in range(limits.MAX_NODES - 10)) + b"</bom>",
        "no_components"),
    "components of XML": (
        lambda: _XML + b"<components>"
        + b'<component type="library"><name>a</name></component>' * (limits.MAX_NODES // 3 - 9)
        + b"</components></bom>", "too_many"),
    "SWID tags": (
        lambda: _SWID + b'<SoftwareIdentity name="a" tagId="b"/>' * (limits.MAX_NODES // 3 - 9)
        + b"</x>", "too_many"),
    "values of YAML": (lambda: _filled(b"products: [", b"[],", b"[]]", 5_000_000), "too_many"),
    "cells of CSV": (lambda: _filled(b"device,product\n", b",", b""), "empty"),
    "rows of CSV": (
        lambda: _filled(b"device,product,version,market,method\n", b"a,b,c,DE,automatic\n", b""),
        "too_many"),
}  # fmt: skip
"""By what fills it: the document, and the code it is refused with; empty where it is read."""


def _resident(field: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {field}")


def _measured(path: Path) -> dict[str, object]:
    sniff.read(_BOM + b'"components":[{"type":"library","name":"a"}]}')  # loads the schemas
    raw = path.read_bytes()
    before, started = _resident("VmRSS"), time.perf_counter()
    code = ""
    try:
        kept = sniff.read(raw)
    except FormatError as error:
        kept, code = None, error.faults[0].code
    took = time.perf_counter() - started
    del kept
    return {"code": code, "grew": _resident("VmHWM") - before, "seconds": round(took, 2)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measured(Path(sys.argv[1]))))
