"""Says what was refused: which field, why and what to do about it, with a status for scripts."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """The exit statuses of every command."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    FORBIDDEN = 4
    FAULT = 5


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (a pointer or parameter), why, and the mend."""

    where: str = ""
    reason: str = ""
    mend: str = ""

    def lines(self) -> list[str]:
        """Give it as indented lines."""
        said = ": ".join(filter(None, (self.where, self.reason)))
        return [
            *([f"  {said}"] if said else []),
            *([f"    mend: {self.mend}"] if self.mend else []),
        ]


class RefusedError(Exception):
    """A service refused or could not be reached; carries what to print and the exit status."""

    def __init__(
        self,
        status: Exit,
        title: str,
        reason: str = "",
        mend: str = "",
        *,
        faults: Sequence[Fault] = (),
        instance: str = "",
    ) -> None:
        self.status = status
        self.title = title
        self.faults = tuple(faults) or (Fault("", reason, mend),)
        self.instance = instance
        """The address that the refused thing has all the same, such as a rejected submission's."""
        super().__init__(": ".join(filter(None, (title, self.faults[0].reason))))

    @property
    def text(self) -> str:
        """The whole refusal, line by line, for a person."""
        lines = [line for fault in self.faults for line in fault.lines()]
        return "\n".join([f"refused: {self.title}", *lines])
