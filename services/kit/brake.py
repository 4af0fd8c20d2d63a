"""Stops a consumer when most records fail: a bad release must not drain a topic into quarantine."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Brake:
    """Looks at the last `window` records, True where one failed.

    It never holds before it has seen that many.
    """

    window: int
    share: float
    _last: deque[bool] = field(default_factory=deque)

    def holds(self, failures: Sequence[bool]) -> bool:
        """Tell whether the consumer has to stop rather than go on with these outcomes."""
        seen = [*self._last, *failures][-self.window :]
        return len(seen) == self.window and sum(seen) > self.share * self.window

    def note(self, failures: Sequence[bool]) -> None:
        """Remember what became of records, in their order."""
        self._last.extend(failures[-self.window :])
        while len(self._last) > self.window:
            self._last.popleft()
