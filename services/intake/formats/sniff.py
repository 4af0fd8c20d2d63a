"""Tells what a document is by its content, never by its name, and has it read by its parser."""

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from services.intake.formats import (
    csaf,
    cve,
    cyclonedx,
    cyclonedx_xml,
    kev,
    limits,
    markup,
    openvex,
    osv,
    reading,
    register,
    swid,
    tables,
)
from services.intake.formats.canonical import Advisories, Document, Sbom, Statement
from services.intake.formats.error import Fault, FormatError
from services.intake.formats.shape import Node
from services.intake.formats.spdx import document as spdx
from services.intake.formats.spdx import graph as spdx3
from services.intake.formats.spdx import tag_value

KNOWN = (
    "CVE JSON 5, CSAF 2.0, OSV, the CISA KEV catalogue, OpenVEX, CycloneDX 1.2 to 1.7 (JSON, XML), "
    "SPDX 2.2 and 2.3 (JSON, tag-value), SPDX 3.0 (JSON-LD), SWID tags, and our own files of "
    "products, entities, sites, devices, reports and incidents (YAML, JSON, CSV)"
)
MAX_RECORDS = 50_000
_SPLIT = "split the document"
_MAX_FAULTS = 1000
_ADVISORIES = {"cve": cve.parse, "csaf": csaf.parse, "osv": osv.parse, "openvex": openvex.parse}
_SBOMS: dict[str, Callable[[Node], Sbom | Advisories]] = {
    "cyclonedx": cyclonedx.parse,
    "spdx": spdx.parse,
    "spdx3": spdx3.parse,
}
_SPDX_TAGS = re.compile(rb"^SPDXVersion[ \t]*:", re.MULTILINE)
_SPDX_YAML = re.compile(rb"^[\"']?spdxVersion[\"']?[ \t]*:", re.MULTILINE)
_HEAD = 8192
_WRAPPER = "sbom"


def read(raw: bytes) -> Document:
    """Read a document of any known format.

    Raises:
        FormatError: whatever is wrong with it; nothing else is ever raised.
    """
    body = reading.checked(raw)
    try:
        if body[:1] == b"{":
            return _object(body)
        if body[:1] == b"[":
            return _array(body)
        return _text(body)
    except ValidationError as error:
        raise _contract(error) from error


def _contract(error: ValidationError) -> FormatError:
    """A value that the contracts cannot hold, such as a name of a thousand characters."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = "/".join(str(part) for part in first["loc"])
    return FormatError(
        "invalid", f"{error.title} {field}: {first['msg']}", "shorten or correct the value"
    )


def _object(body: bytes) -> Document:
    try:
        document = reading.json_value(body)
    except FormatError:
        if b"\n" in body and _is_object(body.partition(b"\n")[0]):
            return _lines(body)
        raise
    if document.keys() == {_WRAPPER} and isinstance(document[_WRAPPER], dict):
        return _wrapped(document[_WRAPPER])
    name = kind(document)
    if name == "patchvigil":
        return register.parse(reading.strict_json(body))
    if name in _SBOMS:
        return _SBOMS[name](document)
    if name == "kev":
        return kev.parse(document)
    return Advisories(name, (_ADVISORIES[name](document),))


def _wrapped(document: Node) -> Sbom | Advisories:
    """Read an SBOM that is wrapped as GitHub's export of a repository's dependencies is."""
    try:
        return _inventory(document)
    except FormatError as error:
        at = f"/{_WRAPPER}"
        faults = [replace(each, pointer=at + (each.pointer or "")) for each in error.faults]
        raise FormatError.of(faults) from error


def _inventory(document: Node) -> Sbom | Advisories:
    name = kind(document)
    if name not in _SBOMS:
        raise FormatError("unknown_format", f"in `{_WRAPPER}` is none, but {name}", "send it alone")
    return _SBOMS[name](document)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(reading.json_value(line), dict)
    except FormatError:
        return False


def kind(document: Node) -> str:  # noqa: PLR0911  (one return a format)
    """Name the format of a parsed JSON object.

    Raises:
        FormatError: it is none that we read; one that is known to come later is named.
    """
    if "dataType" in document or "cveMetadata" in document:
        return "cve"
    if isinstance(document.get("document"), dict) and "csaf_version" in document["document"]:
        return "csaf"
    if document.get("bomFormat") == "CycloneDX":
        return "cyclonedx"
    if "vulnerabilities" in document and "dateReleased" in document:
        return "kev"
    if "openvex" in str(document.get("@context", "")):
        return "openvex"
    if "spdxVersion" in document:
        return "spdx"
    if spdx3.is_ours(document):
        return "spdx3"
    if register.is_ours(document):
        return "patchvigil"
    if isinstance(document.get("id"), str) and ("affected" in document or "modified" in document):
        return "osv"
    raise _unread(document)


def _unread(document: Node) -> FormatError:
    if isinstance(document.get("feed"), dict):
        return FormatError(
            "feed_index",
            "a ROLIE feed: it lists documents and is none",
            "send the documents it lists",
            "/feed",
        )
    if "artifacts" in document and "descriptor" in document:
        return FormatError(
            "syft_json",
            "Syft's own JSON, which has no published form that other tools read",
            "run Syft with `-o cyclonedx-json`",
            "/descriptor",
        )
    return _unknown()


def _unknown() -> FormatError:
    return FormatError(
        "unknown_format", "the format is not recognised", f"send one of: {KNOWN}", ""
    )


def _later(name: str) -> FormatError:
    return FormatError(
        "format_later",
        f"{name}: this format is not read yet",
        "convert it to SPDX-2.3 in JSON or tag-value, or to CycloneDX",
        "",
    )


def _array(body: bytes) -> Document:
    records = reading.json_value(body)
    if not records:
        raise FormatError("empty", "the list is empty", "send at least one record", "")
    return _collection((f"/{position}", record) for position, record in enumerate(records))


def _lines(body: bytes) -> Document:
    limits.lines(body)
    lines = enumerate(io.BytesIO(body), 1)
    return _collection((f"line {number}", line) for number, line in lines if line.strip())


def _collection(records: Iterable[tuple[str, Any]]) -> Advisories:
    """Read a collection of advisories: a faulty record is listed and does not cost the others."""
    statements: list[Statement] = []
    faults: list[Fault] = []
    formats: set[str] = set()
    claims = 0
    for at, record in limits.at_most(records, MAX_RECORDS, "records", _SPLIT, None):
        try:
            name, statement = _record(record)
        except FormatError as error:
            faults += [
                Fault(fault.code, fault.reason, _under(at, fault.pointer), fault.mend)
                for fault in error.faults[:1]
            ]
        else:
            formats.add(name)
            claims += _size(statement)
            if claims > limits.MAX_TOGETHER:
                raise limits.too_many(limits.MAX_TOGETHER, "claims and ranges", _SPLIT, at)
            place = statement.modified_in and _under(at, statement.modified_in)
            statements.append(replace(statement, modified_in=place))
    if not statements:
        raise FormatError.of(faults[:_MAX_FAULTS])
    return Advisories("+".join(sorted(formats)), tuple(statements), tuple(faults))


def _size(statement: Statement) -> int:
    return sum(1 + len(a.ranges) for v in statement.vulnerabilities for a in v.assertions)


def _under(at: str, pointer: str | None) -> str:
    return f"{at}: {pointer}" if at.startswith("line") and pointer else f"{at}{pointer or ''}"


def _record(record: Any) -> tuple[str, Statement]:
    document = reading.json_value(record) if isinstance(record, bytes) else record
    if not isinstance(document, dict):
        raise _unknown()
    name = kind(document)
    if name not in _ADVISORIES:
        raise FormatError(
            "not_in_a_collection",
            f"{name} documents are not read as part of a collection",
            "send the document by itself",
            "",
        )
    try:
        return name, _ADVISORIES[name](document)
    except ValidationError as error:
        raise _contract(error) from error


def _text(body: bytes) -> Document:
    if body[:1] == b"<":
        return _markup(body)
    limits.lines(body)
    # Tag-value files may begin with comments, as ours may; none of ours holds this tag.
    if _SPDX_TAGS.search(body, 0, _HEAD):
        return tag_value.parse(body)
    if _SPDX_YAML.search(body, 0, _HEAD):
        raise _later("SPDX in YAML")
    text = body.decode()
    if tables.looks_like(text):
        return register.parse_csv(text)
    if ":" not in text.partition("\n")[0] and not text.startswith(("#", "---")):
        raise _unknown()
    document = reading.yaml_value(body)
    if not register.is_ours(document):
        raise _unknown()
    return register.parse(document)


def _markup(body: bytes) -> Document:
    root = markup.tree(body)
    name, space = markup.name(root), markup.space(root)
    if name == "bom" and space.startswith(cyclonedx_xml.NAMESPACE):
        return cyclonedx_xml.parse(root)
    if swid.is_ours(root):
        return swid.parse(root)
    if name == "RDF" and any("spdx.org" in markup.space(each) for each in root):
        raise _later("SPDX in RDF/XML")
    raise _unknown()
