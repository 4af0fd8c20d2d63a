"""Decides on evidence of exploitation: one signal an entry, told once, taken back when it is."""

from dataclasses import replace
from datetime import datetime, timedelta

from schemas.signals import ExploitationReported, ExploitationWithdrawn
from services.intake.domain.shelf import HeldSignal, Shelf
from services.intake.domain.submission import Emission, Outcome, Status, Submission, rejected
from services.intake.formats.canonical import Evidence, KevCatalogue
from services.intake.formats.error import Fault

KEV = "kev"
_SKEW = timedelta(days=1)


def observe(
    found: Evidence,
    shelf: Shelf,
    now: datetime,
    *,
    backfill: bool,
    catalogued: bool = False,
) -> list[Emission]:
    """Report evidence that is new, back again, or says more; nothing for what we already hold.

    `received_at` stays the first instant at which we held it, whatever comes later. History
    (`backfill`) goes by the bulk lane, so that news does not queue behind it.
    """
    held = shelf.signals.get(found.signal)
    ransomware = found.ransomware
    if ransomware is None and held is not None:
        ransomware = held.ransomware
    if held is not None and held.standing and held.ransomware == ransomware:
        if catalogued and not held.catalogued:
            shelf.signals.put(found.signal, replace(held, catalogued=True))
        return []
    continued = held is not None and held.standing
    received_at = held.received_at if held is not None and continued else now
    history = held.backfill if held is not None and continued else backfill
    shelf.signals.put(
        found.signal,
        HeldSignal(
            found.identifier,
            found.source,
            found.reporter,
            True,
            catalogued or bool(held and held.catalogued),
            ransomware,
            received_at,
            history,
        ),
    )
    event = ExploitationReported(
        signal=found.signal,
        identifier=found.identifier,
        source=found.source,
        reporter=found.reporter,
        reported_at=found.reported_at,
        received_at=received_at,
        backfill=history,
        evidence=found.evidence,
        ransomware=ransomware,
    )
    return [Emission(event, found.signal, history)]


def decide(submission: Submission, document: KevCatalogue, shelf: Shelf, now: datetime) -> Outcome:
    """Compare a whole catalogue with what we hold: additions, changes, and entries dropped.

    The first load is history: its signals say so, and start nothing by themselves.
    """
    if document.released_at > now + _SKEW:
        return rejected(
            (
                Fault(
                    "future_date",
                    "the catalogue was released in the future",
                    "/dateReleased",
                    "correct the date",
                ),
            ),
            document.format,
        )
    last = shelf.feeds.get(KEV)
    if last is not None and document.released_at < last:
        return Outcome(
            Status.SUPERSEDED, f"the catalogue of {last:%Y-%m-%d %H:%M} is newer", document.format
        )
    backfill = last is None or submission.bulk
    emissions = [
        each
        for entry in document.entries
        for each in observe(entry, shelf, now, backfill=backfill, catalogued=True)
    ]
    reported = len(emissions)
    listed = {entry.signal for entry in document.entries}
    dropped = [
        (signal, held)
        for signal, held in shelf.signals.rows()
        if held.catalogued and held.standing and signal not in listed
    ]
    for signal, held in dropped:
        shelf.signals.put(signal, replace(held, standing=False))
        emissions.append(Emission(_withdrawn(signal, held, now), signal, submission.bulk))
    if last is None or document.released_at > last:
        shelf.feeds.put(KEV, document.released_at)
    counts = {"reported": reported, "withdrawn": len(dropped)}
    status = Status.PUBLISHED if emissions else Status.UNCHANGED
    detail = f"{len(document.entries)} entries: {reported} reported, {len(dropped)} withdrawn"
    return Outcome(status, detail, document.format, tuple(emissions), counts=counts)


def _withdrawn(signal: str, held: HeldSignal, now: datetime) -> ExploitationWithdrawn:
    return ExploitationWithdrawn(
        signal=signal, identifier=held.identifier, source=held.source, withdrawn_at=now
    )
