"""Decides on our own files: which rows are new, which are history, and what a whole file lacks.

A report of exploitation is told as a report, with its mark: triage, which holds every revision of a
report, makes the signals of it. Evidence from elsewhere is `evidence`'s.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from schemas.catalogue import ProductRegistered, ProductRetired, SiteRegistered
from schemas.devices import DeviceRegistered, DeviceRetired
from schemas.event import Event
from schemas.signals import IncidentReported, ReportReceived
from services.intake.domain import identity
from services.intake.domain.shelf import HeldProduct, HeldRow, Shelf, Waiting
from services.intake.domain.submission import (
    WAIT,
    Emission,
    Kept,
    Outcome,
    Status,
    Submission,
    rejected,
)
from services.intake.formats.canonical import Entry, Register
from services.intake.formats.error import Fault

_SKEW = timedelta(minutes=5)
_MISSING_SHOWN = 5


def key(value: Event) -> str:
    """Under which key a row is held: its kind and its id."""
    if isinstance(value, DeviceRegistered):
        return f"device/{value.device}"
    if isinstance(value, ReportReceived | IncidentReported):
        return f"report/{value.report}"
    return value.key


def names(product: ProductRegistered) -> frozenset[str]:
    """Every name under which an SBOM or a device file may speak of a product, in lower case."""
    known = (product.product, product.name, *(each.product for each in product.identities))
    return frozenset(each.lower() for each in known)


def needs(document: Register) -> frozenset[str]:
    """The products that a file speaks of and does not bring itself, in lower case."""
    brought = {
        e.value.product
        for e in document.entries
        if isinstance(e.value, ProductRegistered) and not e.retired
    }
    wanted = {e.value.product for e in document.entries if isinstance(e.value, DeviceRegistered)}
    return frozenset(each.lower() for each in wanted - brought)


def decide(submission: Submission, document: Register, shelf: Shelf, now: datetime) -> Outcome:
    """Take a file in whole, let it wait whole for products it needs, or refuse it whole."""
    if faults := _future(document, now):
        return rejected(faults, document.format)
    missing = _missing(document, shelf)
    if missing:
        return _wait(submission, document, shelf, missing)
    emissions: list[Emission] = []
    kept: list[Kept] = []
    counts: Counter[str] = Counter()
    for entry in document.entries:
        emitted = _take(submission, entry, shelf, now, kept)
        counts["published" if emitted else "unchanged"] += 1
        emissions += emitted
    status = Status.PUBLISHED if emissions else Status.UNCHANGED
    detail = ", ".join(f"{count} {word}" for word, count in counts.items())
    return Outcome(
        status,
        f"{detail} of {len(document.entries)} rows",
        document.format,
        tuple(emissions),
        kept=tuple(kept),
        counts=dict(counts),
    )


def _future(document: Register, now: datetime) -> tuple[Fault, ...]:
    return tuple(
        Fault(
            "future_date",
            f"`{field}` lies in the future",
            f"{entry.pointer}/{field}",
            "correct the date, and check its time zone",
        )
        for entry in document.entries
        for field in ("occurred_at", "received_at")
        if (moment := getattr(entry.value, field, None)) and moment > now + _SKEW
    )


def _missing(document: Register, shelf: Shelf) -> list[str]:
    brought = {e.value.product for e in document.entries if isinstance(e.value, ProductRegistered)}
    wanted = {e.value.product for e in document.entries if isinstance(e.value, DeviceRegistered)}
    return sorted(each for each in wanted - brought if shelf.products.get(each) is None)


def _wait(submission: Submission, document: Register, shelf: Shelf, missing: list[str]) -> Outcome:
    """Devices may overtake their product on another partition: the file waits, in one piece."""
    needed = frozenset(each.lower() for each in missing)
    shelf.waiting.put(submission.id, Waiting(submission.id, needed, None))
    until = submission.received_at + WAIT
    shown = ", ".join(missing[:_MISSING_SHOWN]) + (" …" if len(missing) > _MISSING_SHOWN else "")
    return Outcome(
        Status.WAITING,
        f"waits for products {shown} until {until:%Y-%m-%d %H:%M} UTC",
        document.format,
        needs=needed,
    )


def _take(
    submission: Submission, entry: Entry, shelf: Shelf, now: datetime, kept: list[Kept]
) -> list[Emission]:
    place = key(entry.value)
    held = shelf.rows.get(place)
    digest = identity.canonical(entry.value, entry.retired, entry.contact)
    if held is not None and held.digest == digest:
        return []
    event = _settled(entry, held, submission, now)
    if entry.contact is not None:
        reference = str(identity.derived("contact", place))
        field = "contact" if isinstance(event, SiteRegistered) else "reporter"
        if field in type(event).model_fields:
            event = event.model_copy(update={field: reference})
        kept.append(Kept(reference, entry.contact))
    accepted = getattr(event, "received_at", now)
    stored: Any = event if "registered_at" in type(event).model_fields else None
    shelf.rows.put(place, HeldRow(digest, stored, accepted, entry.retired))
    if isinstance(event, ProductRegistered):
        shelf.products.put(
            event.product,
            HeldProduct(
                event.product,
                names(event),
                frozenset(v.version for v in event.versions),
                entry.retired,
            ),
        )
    emitted = _retirement(event, now) if entry.retired else event
    return [Emission(emitted, digest)]


def _settled(entry: Entry, held: HeldRow | None, submission: Submission, now: datetime) -> Event:
    """Set the instants that are intake's to set; a report keeps the instant we first held it."""
    value = entry.value
    if not isinstance(value, ReportReceived | IncidentReported):
        return value.model_copy(update={"registered_at": now})
    if entry.dated:
        return value
    return value.model_copy(
        update={"received_at": held.accepted_at if held else submission.received_at}
    )


def _retirement(event: Event, now: datetime) -> Event:
    if isinstance(event, ProductRegistered):
        return ProductRetired(last=event, retired_at=now)
    if isinstance(event, DeviceRegistered):
        return DeviceRetired(last=event, retired_at=now)
    return event


def names_of(value: Event) -> frozenset[str]:
    """The names that a row brings into the catalogue."""
    return names(value) if isinstance(value, ProductRegistered) else frozenset()


def products_of(values: Iterable[Event]) -> set[str]:
    """The ids of the products that rows bring or, as devices, belong to."""
    return {v.product for v in values if isinstance(v, ProductRegistered | DeviceRegistered)}
