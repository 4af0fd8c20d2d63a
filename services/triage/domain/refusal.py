"""How a decision says no to a person: what is wrong, where, and what to do about it."""


class RefusalError(Exception):
    """An act that cannot be accepted.

    `pointer` is a JSON pointer into what the person sent. `conflict` tells apart what is wrong with
    the act itself from what the case's present state does not allow.
    """

    def __init__(
        self, reason: str, *, pointer: str | None = None, mend: str, conflict: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer
        self.mend = mend
        self.conflict = conflict
