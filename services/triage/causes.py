"""Which received event stands behind what happens to a case: ids of what follows derive from it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.event import Event
from services.kit.records import Received
from services.triage.domain.casefile import CaseFile
from services.triage.domain.signals import Signal


@dataclass(slots=True)
class Causes:
    """The last event of a batch that spoke of each identifier, report, product or signal.

    Empty where a person is the cause: what follows then has ids of its own.
    """

    by_name: dict[str, Received[Event]] = field(default_factory=dict)
    by_signal: dict[str, Received[Event]] = field(default_factory=dict)

    def note(self, received: Received[Event], names: Iterable[str]) -> None:
        """Remember that an event spoke of these identifiers, vulnerabilities or reports."""
        self.by_name.update(dict.fromkeys(names, received))

    def note_signal(self, received: Received[Event], signal: str) -> None:
        """Remember which event brought a piece of evidence."""
        self.by_signal[signal] = received

    def of(self, file: CaseFile) -> Received[Event] | None:
        """The event behind a change of this file."""
        names = (
            *((file.vulnerability,) if file.vulnerability else ()),
            *file.identifiers,
            *(each.report for each in file.reports),
            *(each.vulnerability for each in file.findings),
            *(f"product/{product}" for product in sorted(file.uses)),
        )
        return next((self.by_name[name] for name in names if name in self.by_name), None)

    def of_signal(self, signal: Signal) -> Received[Event] | None:
        """The event that brought this piece of evidence, if this batch did."""
        return self.by_signal.get(signal.held.signal)
