"""Reads packs on this machine with the service's own reader; what is wrong with one is said."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli.refusal import Exit, Fault, RefusedError

if TYPE_CHECKING:
    from services.deadline_clock.domain.escalation import Escalation
    from services.deadline_clock.domain.rules import Pack
    from services.deadline_clock.library import Library

_NEEDS = "install patchvigil[deadline-clock], or ask a running fleet"


def shipped() -> "Library":
    """Read the packs of this installation, and those of PATCHVIGIL_POLICY_PACKS.

    Raises:
        RefusedError: one cannot be used, or what reads them is not installed.
    """
    library = _reader()
    try:
        return library.library()
    except library.PackError as error:
        raise _refused("the packs of this installation cannot be used", error) from error


def read(path: Path) -> "Pack | Escalation":
    """Read one pack from a file.

    Raises:
        RefusedError: it cannot be used, with every fault found.
    """
    library = _reader()
    try:
        return library.parsed(path.as_posix(), path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        mend = "save it as UTF-8"
        raise RefusedError(Exit.REFUSED, f"{path} is no text", str(error), mend) from error
    except library.PackError as error:
        raise _refused(f"{path} cannot be used", error) from error


def linted(path: Path) -> "Pack | Escalation":
    """Read one pack and hold it to those it would join.

    Raises:
        RefusedError: it cannot be used, does not go together with the others, or changes a text
            under its version.
    """
    library, found, held = _reader(), read(path), shipped()
    others: list[Pack | Escalation] = [*held.book.packs, held.escalation]
    try:
        library.joined([*others, found])
    except library.PackError as error:
        raise _refused(f"{path} does not go together with the other packs", error) from error
    if any(each.reference == found.reference and each.sha256 != found.sha256 for each in others):
        reason = f"{found.reference} is in force with another text"
        mend = "give the changed text a new version"
        raise RefusedError(Exit.REFUSED, f"{path} changes a version", reason, mend)
    return found


def instant(text: str, field: str) -> datetime:
    """Read an instant.

    Raises:
        RefusedError: it is none, or has no zone.
    """
    example = "write it with its zone, such as 2026-11-20T16:42:10+01:00 or 2026-11-20T15:42:10Z"
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        fault = Fault(field, f"{text!r} is no instant", example)
        raise RefusedError(Exit.USAGE, "the instant is not valid", faults=[fault]) from error
    if found.tzinfo is None:
        fault = Fault(field, f"{text!r} has no zone", example)
        raise RefusedError(Exit.USAGE, "the instant is not valid", faults=[fault])
    return found


def _refused(title: str, error: Exception) -> RefusedError:
    return RefusedError(
        Exit.REFUSED, title, faults=[_fault(line) for line in str(error).split("\n")]
    )


def _fault(line: str) -> Fault:
    """Take a fault's line apart: what is wrong, and behind the last semicolon the mend."""
    reason, found, mend = line.rpartition("; ")
    return Fault("", reason, mend) if found else Fault("", line, "")


class _Reader:
    """The service's reader, where what it needs is installed."""

    def __init__(self) -> None:
        from services.deadline_clock import library  # noqa: PLC0415  (needs jsonschema-rs)
        from services.deadline_clock.domain.pack_document import PackError  # noqa: PLC0415

        self.PackError = PackError
        self.library = library.library
        self.parsed = library.parsed
        self.joined = library.joined


def _reader() -> _Reader:
    try:
        return _Reader()
    except ModuleNotFoundError as error:
        reason = f"it needs {error.name}"
        raise RefusedError(
            Exit.REFUSED, "packs cannot be read on this machine", reason, _NEEDS
        ) from error
