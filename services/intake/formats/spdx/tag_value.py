"""Reads SPDX 2.2 and 2.3 in tag-value form: turns it into the shape of the JSON, line by line."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from services.intake.formats import limits
from services.intake.formats.canonical import MAX_COMPONENTS, Sbom, Subject
from services.intake.formats.error import Fault, FormatError
from services.intake.formats.spdx import document

_TAG = re.compile(r"[ \t]*([A-Za-z][A-Za-z0-9_-]*)[ \t]*:[ \t]*(.*)", re.DOTALL)
_OPEN, _CLOSE = "<text>", "</text>"
_PLACE = re.compile(r"/(packages|relationships|annotations)/(\d+)")


class _Line(NamedTuple):
    """A tag and its value, which may run over several lines; `number` is the first one's."""

    number: int
    tag: str
    value: str


class _Shape:
    """The document as far as it was read: JSON's shape, and the line on which each part begins."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {}
        self.packages: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self.parts: dict[str, list[dict[str, Any]]] = {
            "packages": self.packages,
            "files": [],
            "relationships": [],
            "annotations": self.annotations,
        }
        self.lines: dict[str, list[int]] = {part: [] for part in self.parts}
        self.about = self.document  # the element that an `SPDXID` names

    def begin(self, part: str, value: dict[str, Any], line: _Line) -> dict[str, Any]:
        """Append to one of the parts, each as long as the JSON's may be.

        Raises:
            FormatError: it would be longer.
        """
        most = MAX_COMPONENTS if part == "packages" else limits.MAX_EDGES
        if len(self.parts[part]) >= most:
            raise limits.too_many(most, part, document.SPLIT, f"line {line.number}")
        self.parts[part].append(value)
        self.lines[part].append(line.number)
        return value


def parse(body: bytes) -> Sbom:
    """Read one document.

    Raises:
        FormatError: a line that is no tag, an open `<text>`, a tag out of place or repeated, and
            whatever the JSON form is refused for.
    """
    shape = _Shape()
    for line in _lines(body):
        if (take := _TAGS.get(line.tag)) is not None:
            take(shape, line)
    _annotate(shape)
    del shape.parts["annotations"]
    try:
        read = document.parse({**shape.document, **shape.parts}, "spdx-tag-value")
    except FormatError as error:
        raise FormatError.of([_placed(fault, shape.lines) for fault in error.faults]) from error
    return replace(read, subject=_tagged(read.subject, shape.lines))


def _tagged(subject: Subject, lines: dict[str, list[int]]) -> Subject:
    """The subject with the places of its fields in a reader's words."""
    matched = _PLACE.match(subject.name_at)
    if matched is None:
        return replace(subject, name_at="DocumentName", version_at="PackageVersion")
    line = lines["packages"][int(matched[2])]
    return replace(
        subject, name_at=f"line {line}: PackageName", version_at=f"line {line}: PackageVersion"
    )


def _placed(fault: Fault, lines: dict[str, list[int]]) -> Fault:
    """The fault with its line: a reader of tags has no use for a JSON pointer alone."""
    matched = _PLACE.match(fault.pointer or "")
    if matched is None:
        return fault
    line = lines[matched[1]][int(matched[2])]
    return Fault(fault.code, fault.reason, f"line {line}: {fault.pointer}", fault.mend)


def _lines(body: bytes) -> Iterator[_Line]:
    # Line by line: a list of all of them would take many times the document.
    rows = ((number, row.decode().rstrip("\n")) for number, row in enumerate(io.BytesIO(body), 1))
    for number, row in rows:
        if not row.strip() or row.lstrip().startswith("#"):
            continue
        matched = _TAG.fullmatch(row)
        if matched is None:
            raise FormatError(
                "not_tag_value",
                f"{row.strip()[:40]!r} is no `Tag: value`",
                "put values of several lines between <text> and </text>",
                f"line {number}",
            )
        value = matched[2]
        if value.startswith(_OPEN):
            value = _enclosed(value.removeprefix(_OPEN), rows, number)
        yield _Line(number, matched[1], value.strip())


def _enclosed(first: str, rows: Iterator[tuple[int, str]], number: int) -> str:
    """The text up to its closing mark, on this line or a later one."""
    parts = [first]
    while _CLOSE not in parts[-1]:
        row = next(rows, None)
        if row is None:
            raise FormatError(
                "not_tag_value", "this <text> is never closed", "add </text>", f"line {number}"
            )
        parts.append(row[1])
    parts[-1] = parts[-1].partition(_CLOSE)[0]
    return "\n".join(parts)


def _once(parent: dict[str, Any], name: str, line: _Line) -> None:
    if name in parent:
        raise FormatError(
            "duplicate_key",
            f"`{line.tag}` occurs twice in one element",
            "keep one; a package begins with `PackageName`, a file with `FileName`",
            f"line {line.number}",
        )
    parent[name] = line.value


def _of_document(name: str) -> Callable[[_Shape, _Line], None]:
    return lambda shape, line: _once(shape.document, name, line)


def _package(shape: _Shape, line: _Line) -> dict[str, Any]:
    if not shape.packages:
        raise FormatError(
            "misplaced",
            f"`{line.tag}` stands before the first package",
            "begin each package with `PackageName`",
            f"line {line.number}",
        )
    return shape.packages[-1]


def _of_package(name: str) -> Callable[[_Shape, _Line], None]:
    return lambda shape, line: _once(_package(shape, line), name, line)


def _package_name(shape: _Shape, line: _Line) -> None:
    shape.about = shape.begin("packages", {"name": line.value}, line)


def _file_name(shape: _Shape, line: _Line) -> None:
    shape.about = shape.begin("files", {}, line)


def _other_element(shape: _Shape, _: _Line) -> None:
    """A snippet or a licence: what follows is no part of the package before."""
    shape.about = {}


def _id(shape: _Shape, line: _Line) -> None:
    _once(shape.about, "SPDXID", line)


def _checksum(shape: _Shape, line: _Line) -> None:
    algorithm, _, value = line.value.partition(":")
    checksums = _package(shape, line).setdefault("checksums", [])
    checksums.append({"algorithm": algorithm.strip(), "checksumValue": value.strip()})


def _external_ref(shape: _Shape, line: _Line) -> None:
    category, kind, locator = (*line.value.split(None, 2), "", "", "")[:3]
    _package(shape, line).setdefault("externalRefs", []).append(
        {"referenceCategory": category, "referenceType": kind, "referenceLocator": locator}
    )


def _creator(shape: _Shape, line: _Line) -> None:
    made = shape.document.setdefault("creationInfo", {})
    made.setdefault("creators", []).append(line.value)


def _created(shape: _Shape, line: _Line) -> None:
    _once(shape.document.setdefault("creationInfo", {}), "created", line)


def _relationship(shape: _Shape, line: _Line) -> None:
    first, kind, second = (*line.value.split(None, 2), "", "", "")[:3]
    shape.begin(
        "relationships",
        {"spdxElementId": first, "relationshipType": kind, "relatedSpdxElement": second},
        line,
    )


def _annotator(shape: _Shape, line: _Line) -> None:
    shape.begin("annotations", {}, line)


def _of_annotation(name: str) -> Callable[[_Shape, _Line], None]:
    def read(shape: _Shape, line: _Line) -> None:
        if not shape.annotations:
            raise FormatError(
                "misplaced",
                f"`{line.tag}` stands before the first `Annotator`",
                "begin each annotation with `Annotator`",
                f"line {line.number}",
            )
        _once(shape.annotations[-1], name, line)

    return read


def _annotate(shape: _Shape) -> None:
    """Put annotations where JSON has them: in the package they speak of, or the document."""
    packages = {package.get("SPDXID"): package for package in reversed(shape.packages)}
    own = shape.document.get("SPDXID")
    for each in shape.annotations:
        about = each.get("about", own)
        target = shape.document if about == own else packages.get(about)
        if target is not None:
            target.setdefault("annotations", []).append(each)


_TAGS: dict[str, Callable[[_Shape, _Line], None]] = {
    "SPDXVersion": _of_document("spdxVersion"),
    "DocumentName": _of_document("name"),
    "DocumentComment": _of_document("comment"),
    "Creator": _creator,
    "Created": _created,
    "SPDXID": _id,
    "PackageName": _package_name,
    "PackageVersion": _of_package("versionInfo"),
    "PackageSupplier": _of_package("supplier"),
    "PackageOriginator": _of_package("originator"),
    "PackageComment": _of_package("comment"),
    "PackageChecksum": _checksum,
    "PrimaryPackagePurpose": _of_package("primaryPackagePurpose"),
    "ValidUntilDate": _of_package("validUntilDate"),
    "ExternalRef": _external_ref,
    "FileName": _file_name,
    "SnippetSPDXID": _other_element,
    "SnippetSPDXIdentifier": _other_element,
    "LicenseID": _other_element,
    "Relationship": _relationship,
    "Annotator": _annotator,
    "SPDXREF": _of_annotation("about"),
    "AnnotationComment": _of_annotation("comment"),
}
