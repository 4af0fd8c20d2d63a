"""Reads documents on this machine with intake's parsers; what is wrong with one is said."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from schemas.sboms import Component
from services.cli.refusal import Exit, Fault, RefusedError
from services.intake.formats import reading, sniff
from services.intake.formats.canonical import Document, Sbom
from services.intake.formats.error import FormatError

_Read = TypeVar("_Read")


def document(path: Path) -> Document:
    """Read a document of any format that intake reads.

    Raises:
        RefusedError: it cannot be read, with every fault found.
    """
    return _read(path, sniff.read)


def sbom(path: Path) -> Sbom:
    """Read an SBOM.

    Raises:
        RefusedError: it cannot be read, or is another document.
    """
    return _sbom(path, document(path))


def packages(path: Path, *, development: bool) -> tuple[Component, ...]:
    """Read what a build contains: a lock file, a list of packages, or a second SBOM.

    Raises:
        RefusedError: it is none of them, or cannot be read.
    """
    from services.intake.formats.built import contents  # noqa: PLC0415 - `match` needs none of it

    if _read(path, contents.is_ours):
        return _read(path, lambda raw: contents.read(raw, development=development))
    return sbom(path).components


def _sbom(path: Path, found: Document) -> Sbom:
    if isinstance(found, Sbom):
        return found
    reason = f"it is a document of the format {found.format}"
    raise RefusedError(Exit.REFUSED, f"{path} is no SBOM", reason, "give an SBOM")


def _read(path: Path, parse: Callable[[bytes], _Read]) -> _Read:
    try:
        reading.of_size(path.stat().st_size)
        return parse(path.read_bytes())
    except OSError as error:
        raise RefusedError(Exit.USAGE, f"{path} cannot be read", error.strerror or "") from error
    except FormatError as error:
        faults = [Fault(each.pointer or "", each.reason, each.mend) for each in error.faults]
        raise RefusedError(Exit.REFUSED, f"{path} is not valid", faults=faults) from error
