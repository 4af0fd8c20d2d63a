"""Recognises cases that were told under a tracking id before the database was set back.

The facts that were lost come again, but not in the order in which they came first. A case that once
began with a report may now begin with the vulnerability that the report named, or the reverse.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.triage.domain import tracking


@dataclass(frozen=True, slots=True)
class Opening:
    """A case that is to be opened. `names` are the vulnerability's own, or what a report names."""

    vulnerability: str | None
    names: frozenset[str]
    reports: frozenset[str]


@dataclass(frozen=True, slots=True)
class Told:
    """A case as others know it. Only one that began without a vulnerability has a report."""

    case: str
    vulnerability: str | None
    identifiers: frozenset[str]
    report: str | None


def recognise(openings: Sequence[Opening], told: Sequence[Told]) -> list[str | None]:
    """Give each case that is opened the id under which others know it, or None; no id twice.

    What it was opened for counts most, then an identifier that both go by; of several the oldest
    has it, as where cases are merged.
    """
    found: list[str | None] = [None] * len(openings)
    taken: set[str] = set()
    alike = sorted(
        (likeness, tracking.order(known.case), position, known.case)
        for position, opening in enumerate(openings)
        for known in told
        if (likeness := _likeness(opening, known)) is not None
    )
    for _, _, position, case in alike:
        if found[position] is None and case not in taken:
            found[position] = case
            taken.add(case)
    return found


def _likeness(opening: Opening, known: Told) -> int | None:
    """How surely both are one case, 0 the surest; None where they are not."""
    if opening.vulnerability is not None and known.vulnerability is not None:
        if opening.vulnerability == known.vulnerability:
            return 0
        return 2 if known.vulnerability in opening.names else None
    if known.report is not None and known.report in opening.reports:
        return 0
    if opening.vulnerability is None and known.vulnerability is None:
        return None  # each report that names nothing known has a file of its own
    return 1 if known.identifiers & opening.names else None
