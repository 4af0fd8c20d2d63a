"""The one error of every parser: what is wrong in a document, where, and how to mend it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

MOST_FAULTS = 20
"""Whoever mends a document reads so many faults at a time, and sends it again."""

Raw = TypeVar("Raw")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: a stable short `code`, the reason, the place and the mend.

    `pointer` is an RFC 6901 JSON pointer, or `line N, column NAME` in a CSV file.
    """

    code: str
    reason: str
    pointer: str | None
    mend: str


class FormatError(Exception):
    """A document that cannot be accepted; nothing of it is published. Holds every fault found."""

    def __init__(self, code: str, reason: str, mend: str, pointer: str | None = None) -> None:
        super().__init__(f"{pointer or 'document'}: {reason}")
        self.faults: tuple[Fault, ...] = (Fault(code, reason, pointer, mend),)

    @classmethod
    def of(cls, faults: Sequence[Fault]) -> "FormatError":
        """Collect several faults (at least one) into one error."""
        first = faults[0]
        error = cls(first.code, first.reason, first.mend, first.pointer)
        error.faults = tuple(faults)
        return error


def read_all(raw: Iterable[Raw], read: Callable[[Raw], Made]) -> list[Made]:
    """Read each part of a document, and tell the faults of all parts at once.

    Raises:
        FormatError: one part or more cannot be read; it holds at least the first MOST_FAULTS.
    """
    made: list[Made] = []
    faults: list[Fault] = []
    for each in raw:
        try:
            made.append(read(each))
        except FormatError as error:
            faults += error.faults
            if len(faults) >= MOST_FAULTS:
                break
    if faults:
        raise FormatError.of(faults)
    return made
