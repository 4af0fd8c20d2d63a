"""How a rule stands for a product by what happened, before asking whether the rule applies."""

from dataclasses import dataclass
from datetime import datetime

from schemas.catalogue import EntityRegistered
from schemas.clocks import Anchor, ClockState
from services.deadline_clock.domain.acts import Filing
from services.deadline_clock.domain.coordinator import coordinator
from services.deadline_clock.domain.facts import CaseFacts, Surroundings
from services.deadline_clock.domain.filings import first_filing
from services.deadline_clock.domain.happenings import Happening
from services.deadline_clock.domain.identity import ONCE, Subject
from services.deadline_clock.domain.places import Place
from services.deadline_clock.domain.rules import Rule


@dataclass(frozen=True, slots=True)
class Question:
    """A rule asked of a product: with its case's facts and what surrounds them.

    `first_day` is the instant from which the rule applies, or None where it always did. Where the
    duty is an entity's, `product` is empty, and `products` are all of the entity's in the case.
    `before` is the rule whose filing a later stage runs from.
    """

    rule: Rule
    product: str
    facts: CaseFacts
    surroundings: Surroundings
    where: Place
    first_day: datetime | None = None
    products: tuple[str, ...] = ()
    entity: str | None = None
    member_state: str | None = None
    before: str | None = None

    @property
    def maker(self) -> EntityRegistered | None:
        """The legal entity, as far as the catalogue holds it."""
        return self.surroundings.entities.get(self.entity) if self.entity is not None else None

    @property
    def country(self) -> str | None:
        """The Member State whose rules are asked: the entity's under NIS2, else the coordinator's.

        A rule that is counted in a zone of its own is still the rule of a country.
        """
        return self.member_state or coordinator(self.maker).country

    def subject(self, occurrence: str = ONCE) -> Subject:
        """Whose obligation it is, for one occurrence."""
        return Subject(self.entity, self.product or None, self.member_state, occurrence)

    def filed(self, rule: str, occurrence: str = ONCE) -> Filing | None:
        """The first filing of another stage for the same subject."""
        return first_filing(self.facts, rule, self.subject(occurrence))

    def happenings(self) -> tuple[Happening, ...]:
        """Incidents and safety events of the product, or of all products of the entity."""
        named = self.products or (self.product,)
        found = [each for product in named for each in self.facts.happenings_of(product)]
        return tuple(sorted(found, key=lambda each: (each.received_at, each.occurrence)))


@dataclass(frozen=True, slots=True)
class Met:
    """What a rule asks for happened: when, and by what."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer. `off_because` says why a rule does not reach these facts at all.

    `due` is an instant that somebody else set, such as an authority with its request; `country`
    the Member State whose authority is told, where what happened decides it.
    """

    state: ClockState
    because: str
    anchor: Anchor | None = None
    announced: bool = True
    off_because: str | None = None
    decided_by: str | None = None
    reopen_trigger: str | None = None
    assumed: tuple[str, ...] = ()
    met: Met | None = None
    initial_load: bool = False
    occurrence: str = ONCE
    due: datetime | None = None
    country: str | None = None
