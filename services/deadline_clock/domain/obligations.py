"""What the facts of a case ask for: which obligation on which product, from when, how it stands.

Pure and without a present: the same facts give the same obligations, whenever and however often
they are asked for. What lies in the past (lateness, what was told) is `clock`'s concern.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from schemas.clocks import Anchor, ClockMode, ClockState
from services.deadline_clock.domain.applicability import (
    Applicability,
    Place,
    applicability,
    place,
)
from services.deadline_clock.domain.arithmetic import Deadline, deadline
from services.deadline_clock.domain.calendars import calendar, zone
from services.deadline_clock.domain.facts import CaseFacts, Surroundings
from services.deadline_clock.domain.rules import Rule, RuleBook, Unit
from services.deadline_clock.domain.standing import Met, Question, Standing
from services.deadline_clock.domain.wiring import wired

_OCCURRENCE = "1"
"""Exploitation and correction happen once a case and product; later regimes count them."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """One rule's demand for one product of one case.

    `state` knows no lateness. `announced` is False where nothing is to be shown unless a clock
    already exists.
    """

    rule: Rule
    product: str
    entity: str | None
    occurrence: str
    mode: ClockMode
    mode_reason: str
    assumed: tuple[str, ...]
    state: ClockState
    anchor: Anchor | None
    due: Deadline | None
    zone: str
    because: str
    announced: bool = True
    decided_by: str | None = None
    reopen_trigger: str | None = None
    met: Met | None = None
    initial_load: bool = False


def obligations(
    facts: CaseFacts, surroundings: Surroundings, book: RuleBook, products: Iterable[str]
) -> Iterator[Obligation]:
    """Every obligation of a case on some of its products, in the order of the rules."""
    rules = book.firing()
    for product in products:
        for rule in rules:
            found = _obligation(rule, product, facts, surroundings)
            if found is not None:
                yield found


def _obligation(
    rule: Rule, product: str, facts: CaseFacts, surroundings: Surroundings
) -> Obligation | None:
    wire = wired(rule)
    if wire is None:
        return None
    where = place(rule, surroundings.entity_of(product))
    question = Question(rule, product, facts, surroundings, _first_day(rule, where))
    standing = wire.standing(question)
    if standing is None:
        return None
    binds = applicability(rule, surroundings.products.get(product))
    standing, binds = _settled(standing, binds)
    known = surroundings.products.get(product)
    due = _due(rule, standing.anchor, where)
    return Obligation(
        rule=rule,
        product=product,
        entity=known.entity if known is not None else None,
        occurrence=_OCCURRENCE,
        mode=binds.mode,
        mode_reason=binds.reason,
        assumed=(*binds.assumed, *standing.assumed, *_assumed_place(rule, where)),
        state=standing.state,
        anchor=standing.anchor,
        due=due,
        zone=where.zone,
        because=standing.because,
        announced=standing.announced,
        decided_by=standing.decided_by,
        reopen_trigger=standing.reopen_trigger,
        met=standing.met,
        initial_load=standing.initial_load,
    )


def _settled(standing: Standing, binds: Applicability) -> tuple[Standing, Applicability]:
    """Join what happened with what applies: what is off ends, whatever happened."""
    if standing.off_because is not None:
        return standing, Applicability(ClockMode.OFF, standing.off_because, ())
    if binds.mode is ClockMode.OFF:
        ended = Standing(
            state=ClockState.NOT_APPLICABLE,
            because=binds.reason,
            announced=False,
            reopen_trigger="the catalogue's facts change",
        )
        return ended, binds
    return standing, binds


def _first_day(rule: Rule, where: Place) -> datetime | None:
    if rule.applies_from is None:
        return None
    day = rule.applies_from
    return datetime(day.year, day.month, day.day, tzinfo=zone(where.zone))


def _due(rule: Rule, anchor: Anchor | None, where: Place) -> Deadline | None:
    if anchor is None or rule.period is None:
        return None
    days = calendar(rule.period.calendar, where.country, rule.period.edition)
    return deadline(anchor.at, rule.period, zone(where.zone), days)


def _assumed_place(rule: Rule, where: Place) -> tuple[str, ...]:
    """Hours are the same everywhere: where they are counted need not be assumed."""
    counted = rule.period is not None and rule.period.unit is not Unit.HOUR
    return where.assumed if counted else ()
