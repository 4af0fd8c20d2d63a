"""Says what became of one try to send: accepted, or refused for now or for good."""

from dataclasses import dataclass


class SendError(Exception):
    """A try failed. `permanent` ones would fail again; `retry_after` is the receiver's own wish."""

    def __init__(
        self, reason: str, *, permanent: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it; `receipt` is what it said."""

    receipt: str | None
