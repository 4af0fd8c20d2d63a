"""The one error of every parser: what is wrong in a document, where, and how to mend it."""

from collections.abc import Sequence
from dataclasses import dataclass


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
