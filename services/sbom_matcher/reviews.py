"""Tells when the completeness of SBOMs is due for review, and takes a person's review."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from schemas.sboms import ReviewReason, SbomRegistered, SbomReviewed
from services.kit import ids
from services.kit.records import Cause, Received
from services.kit.timers import Fired
from services.kit.unit import Unit
from services.sbom_matcher.domain.sboms import review
from services.sbom_matcher.domain.sboms.review import Graded
from services.sbom_matcher.store import revisions
from services.sbom_matcher.store.revisions import Duty, Place, Review

QUARTER = "sbom review quarter"
"""The step at which a quarter without a review is over."""
_SEPARATOR = "\x1f"


async def on_registered(
    unit: Unit, registered: Sequence[tuple[Received[SbomRegistered], int | None]]
) -> None:
    """Keep revisions, each with its count of unmatchable components, and say they are due.

    Records that are older than the registry's count say no revision, and are left to the matcher.
    """
    numbered = [(each.event, left) for each, left in registered if each.event.revision]
    causes: dict[tuple[str, ...], Received[SbomRegistered]] = {
        (*revisions.place(each.event), str(each.event.revision)): each for each, _ in registered
    }
    fresh, first = await revisions.save(unit.db, numbered)
    since = {id(each): causes[_named(each)].event.registered_at for each in fresh}
    await _tell(
        unit,
        ((each, ReviewReason.RELEASE, since[id(each)], causes[_named(each)]) for each in fresh),
    )
    for each in fresh:
        where = Place(each.product, each.version, each.hardware)
        if where in first:
            first.discard(where)
            _arm(unit, where, since[id(each)])


async def on_quarters(fired: Sequence[Fired], unit: Unit) -> None:
    """Say that a quarter went by without a review, and wait for the next one."""
    places = {each.id: Place(*each.subject.split(_SEPARATOR)) for each in fired}
    if not fired:
        return
    held = await revisions.latest(unit.db, sorted(set(places.values())))
    due = [
        (held[places[each.id]].graded, ReviewReason.QUARTER, each.due_at, each)
        for each in fired
        if places[each.id] in held and not held[places[each.id]].retired
    ]
    await _tell(unit, due)
    for each in fired:
        _arm(unit, places[each.id], each.due_at)


async def take(unit: Unit, graded: Graded, found: Review) -> SbomReviewed:
    """Keep a person's review, tell of it, and begin a new quarter."""
    met = await revisions.save_review(unit.db, found)
    event = SbomReviewed(
        review=str(found.review),
        meets=met,
        product=graded.product,
        version=graded.version,
        hardware=graded.hardware,
        sbom=graded.sbom,
        revision=graded.revision,
        complete=found.complete,
        note=found.note,
        depth=graded.depth,
        unresolved=graded.unresolved,
        flat=graded.flat,
        reviewed_by=found.reviewed_by,
        reviewed_at=found.reviewed_at,
    )
    unit.emit(event)
    unit.disarm(_SEPARATOR.join(found.place), QUARTER)
    _arm(unit, found.place, found.reviewed_at)
    return event


async def _tell(unit: Unit, due: Iterable[tuple[Graded, ReviewReason, datetime, Cause]]) -> None:
    duties = []
    for graded, reason, since, cause in due:
        duty = ids.derived("sbom review", *_named(graded), reason, since.isoformat())
        unit.emit(review.due(graded, reason, str(duty), since), cause=cause, name=str(duty))
        duties.append(Duty(duty, graded, reason, since))
    await revisions.save_duties(unit.db, duties)


def _arm(unit: Unit, where: Place, since: datetime) -> None:
    unit.arm(_SEPARATOR.join(where), QUARTER, review.next_quarter(since))


def _named(graded: Graded) -> tuple[str, ...]:
    return graded.product, graded.version, graded.hardware, str(graded.revision)
