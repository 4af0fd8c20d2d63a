"""Reads lists of a package a line: requirements.txt, go.sum, purls, dpkg-query and rpm."""

import re
from collections.abc import Iterable, Iterator

from packaging.requirements import InvalidRequirement, Requirement

from schemas.identifiers import purl
from schemas.sboms import Component
from services.intake.formats.built import packages
from services.intake.formats.canonical import LONGEST_NAME
from services.intake.formats.error import FormatError

_OPTIONS = re.compile(r"\s--[a-z]")
_COMMENT = re.compile(r"(^|\s)#.*")
_INCLUDED = re.compile(r"^(-r|--requirement|-e|--editable)\b")
_KEYS = "gpg-pubkey-"
"""What rpm lists beside packages: the keys that it checks them with."""


def purls(rows: Iterable[str]) -> list[Component]:
    """Read package URLs.

    Raises:
        FormatError: one cannot be read.
    """
    return [_of_purl(number, row) for number, row in enumerate(rows, 1)]


def _of_purl(number: int, row: str) -> Component:
    found = purl.read(row)
    if found is None:
        raise FormatError(
            "bad_purl", f"{row[:80]!r} is no package URL",
            "write it as pkg:TYPE/NAME@VERSION", f"package {number}",
        )  # fmt: skip
    return Component(
        ref=row[:LONGEST_NAME], name=found.name[:LONGEST_NAME], version=found.version,
        group=found.namespace, purl=row,
    )  # fmt: skip


def go_sum(rows: Iterable[str]) -> list[Component]:
    """Read a go.sum: modules whose code was fetched; of those with `/go.mod` only the file was.

    A go.sum may keep versions that a build no longer takes, until `go mod tidy`.
    """
    parts = (row.split() for row in rows)
    return [
        packages.of("golang", name, version)
        for name, version, _ in parts
        if not version.endswith("/go.mod")
    ]


def dpkg(rows: Iterable[str]) -> list[Component]:
    """Read `dpkg-query -W`: name, architecture behind a colon, and version.

    Which distribution they are of is not said: they are known by name and version.
    """
    parts = (row.split() for row in rows)
    return [packages.of(None, name.partition(":")[0], version) for name, version in parts]


def rpm(rows: Iterable[str]) -> list[Component]:
    """Read `rpm -qa`: name, version, release and architecture; there is no epoch in it."""
    parts = (row.rpartition(".")[0].rsplit("-", 2) for row in rows if not row.startswith(_KEYS))
    return [packages.of(None, name, f"{version}-{release}") for name, version, release in parts]


def requirements(text: str) -> list[Component]:
    """Read a requirements.txt in which every version is pinned, whatever its markers say.

    Raises:
        FormatError: a line that is no requirement, that has no pinned version, or that includes
            another file or project.
    """
    return [_requirement(number, line) for number, line in _logical(text)]


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Lines joined where a backslash continues them, without comments and options."""
    held, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first or number
        held += _COMMENT.sub("", line.rstrip().removesuffix("\\"))
        if line.rstrip().endswith("\\"):
            continue
        whole, held, at, first = held.strip(), "", first, 0
        if whole and (_INCLUDED.match(whole) or not whole.startswith("-")):
            yield at, _OPTIONS.split(f"{whole} ", maxsplit=1)[0].strip()


def _requirement(number: int, line: str) -> Component:
    where = f"line {number}"
    if _INCLUDED.match(line):
        raise FormatError(
            "included", f"{line[:80]!r} names another file or project",
            "write one file of all that is installed: pip freeze", where,
        )  # fmt: skip
    try:
        found = Requirement(line)
    except InvalidRequirement as error:
        raise FormatError(
            "not_a_package", f"{line[:80]!r} is no requirement, nor a line of another list",
            "write NAME==VERSION, or see the lists that are read in docs/sboms.md", where,
        ) from error  # fmt: skip
    pins = [each for each in found.specifier if each.operator in {"==", "==="}]
    if found.url is None and (len(pins) != 1 or pins[0].version.endswith(".*")):
        raise FormatError(
            "not_pinned", f"{line[:80]!r} has no pinned version",
            "write what is installed: pip freeze, pip-compile or uv export", where,
        )  # fmt: skip
    return packages.of("pypi", found.name, pins[0].version if pins else None)
