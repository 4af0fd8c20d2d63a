"""Whom NIS2 binds in a case: the makers of its products, each in its Member States."""

from collections.abc import Iterable, Mapping

from schemas.catalogue import EntityRegistered, Nis2Status
from services.deadline_clock.domain.calendars import MEMBER_STATES
from services.deadline_clock.domain.coordinator import coordinator
from services.deadline_clock.domain.facts import CaseFacts, Surroundings

Makers = Mapping[str | None, tuple[str, ...]]
"""Legal entities with all of their products in a case; None is whoever makes the others."""

_BINDS = frozenset({Nis2Status.ESSENTIAL, Nis2Status.IMPORTANT})


def makers(facts: CaseFacts, surroundings: Surroundings) -> Makers:
    """The makers of a case's products.

    Of a product that the catalogue does not hold the maker is unknown, and bound all the same: a
    late catalogue hides no duty.
    """
    found: dict[str | None, tuple[str, ...]] = {}
    for name in facts.products():
        known = surroundings.products.get(name)
        entity = known.entity if known is not None else None
        found[entity] = (*found.get(entity, ()), name)
    return found


def countries(entity: EntityRegistered | None) -> tuple[str | None, ...]:
    """The Member States in which NIS2 binds an entity; None is one that nobody has stated.

    Where no status is stated, the main establishment's, else the seat's, is assumed.
    """
    if entity is None or not entity.nis2:
        return (coordinator(entity).country,)
    return tuple(sorted(_with(entity, _BINDS)))


def released(entity: EntityRegistered | None) -> tuple[str, ...]:
    """The Member States in which an entity is stated to be out of scope."""
    if entity is None:
        return ()
    return tuple(sorted(_with(entity, frozenset({Nis2Status.OUT_OF_SCOPE}))))


def _with(entity: EntityRegistered, statuses: frozenset[Nis2Status]) -> frozenset[str]:
    found = {country for country, status in entity.nis2.items() if status in statuses}
    return MEMBER_STATES & found


def asked_of(
    facts: CaseFacts, surroundings: Surroundings
) -> frozenset[tuple[str | None, str | None]]:
    """Every entity with each Member State in which it is asked, or is stated not to be bound."""
    return frozenset(
        (entity, country)
        for entity in makers(facts, surroundings)
        for country in _all(surroundings.entities.get(entity or ""))
    )


def _all(entity: EntityRegistered | None) -> Iterable[str | None]:
    return (*countries(entity), *released(entity))
