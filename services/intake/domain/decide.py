"""Decides on one submission: the gate of raw bytes first, then what its content asks for."""

from datetime import datetime

from services.intake.domain import advisories, evidence, inventory, registration
from services.intake.domain.shelf import HeldDocument, Shelf
from services.intake.domain.submission import (
    SETTLED,
    Outcome,
    Status,
    Submission,
    rejected,
)
from services.intake.formats.canonical import Advisories, Document, KevCatalogue, Sbom
from services.intake.formats.error import Fault, FormatError

UNAUTHORISED = Fault(
    "unauthorised",
    "the record is not signed by a principal that may submit",
    None,
    "sign the record's value: headers `pv-principal` and `pv-signature` (see docs/publishing.md), "
    "with a principal of the role `integration` that the principals file knows",
)


def same_bytes(submission: Submission, shelf: Shelf) -> Outcome | None:
    """The outcome where the same bytes came last under this source and name; else None.

    The same bytes as somebody else's word are not the same.
    """
    held = shelf.documents.get(submission.place)
    if held is None or held.digest != submission.digest or held.status not in SETTLED:
        return None
    if held.person != submission.person:
        return None
    state = "waits" if held.status is Status.WAITING else "is known"
    return Outcome(Status.UNCHANGED, f"the same bytes: it {state} as submission {held.submission}")


def decide(
    submission: Submission, document: Document | FormatError, shelf: Shelf, now: datetime
) -> Outcome:
    """Decide on a submission whose content was read, and note on the shelf what came of it."""
    outcome = _content(submission, document, shelf, now)
    remember(submission, outcome, shelf)
    return outcome


def remember(submission: Submission, outcome: Outcome, shelf: Shelf) -> None:
    """Note under source and name which bytes came last. Stale ones do not replace newer ones."""
    if outcome.status is not Status.SUPERSEDED:
        held = HeldDocument(submission.digest, submission.id, outcome.status, submission.person)
        shelf.documents.put(submission.place, held)


def _content(
    submission: Submission, document: Document | FormatError, shelf: Shelf, now: datetime
) -> Outcome:
    if isinstance(document, FormatError):
        return rejected(document.faults)
    if isinstance(document, Advisories):
        return advisories.decide(submission, document, shelf, now)
    if isinstance(document, KevCatalogue):
        return evidence.decide(submission, document, shelf, now)
    if isinstance(document, Sbom):
        return inventory.decide(submission, document, shelf, now)
    return registration.decide(submission, document, shelf, now)
