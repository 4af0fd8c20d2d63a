"""Where a rule's period is counted: whose holidays, which zone, and what was assumed for it."""

from dataclasses import dataclass

from schemas.catalogue import EntityRegistered
from services.deadline_clock.domain.calendars import BRUSSELS, ZONES
from services.deadline_clock.domain.coordinator import coordinator
from services.deadline_clock.domain.rules import Rule
from services.deadline_clock.domain.terms import PLACES


@dataclass(frozen=True, slots=True)
class Place:
    """The Member State whose holidays count, and the zone."""

    country: str | None
    zone: str
    assumed: tuple[str, ...] = ()


def place(rule: Rule, entity: EntityRegistered | None, member_state: str | None = None) -> Place:
    """Where a rule's period is counted: its own zone, or that of the main establishment.

    That is the Member State of the coordinating CSIRT (CRA Article 14(7)). Where it is unknown,
    Brussels time and no holidays are assumed: the stricter reading, an end rolls less far. An
    entity's duty (NIS2) is counted in `member_state`.
    """
    if rule.zone not in PLACES:
        return Place(rule.countries[0] if rule.countries else None, rule.zone)
    if member_state is not None:
        return Place(member_state, ZONES[member_state])
    found = coordinator(entity)
    if found.country is None:
        return Place(None, BRUSSELS, found.assumed)
    return Place(found.country, ZONES[found.country], found.assumed)
