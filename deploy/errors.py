"""The one error of bringing a stack up: what is wrong, and what a person can do about it."""


class StackError(Exception):
    """The stack cannot run; the message says why and how to mend it."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(f"{reason}\n  What to do: {mend}")
        self.reason = reason
        self.mend = mend
