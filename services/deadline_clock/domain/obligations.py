"""What the facts of a case ask for: which obligation on whom, from when, how it stands.

Pure and without a present: the same facts give the same obligations, whenever and however often
they are asked for. What lies in the past (lateness, what was told) is `clock`'s concern.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.clocks import Anchor, ClockMode, ClockState, MetBy
from services.deadline_clock.domain import conditions
from services.deadline_clock.domain.applicability import Applicability, applicability
from services.deadline_clock.domain.arithmetic import Deadline, deadline
from services.deadline_clock.domain.bound import countries, makers, released
from services.deadline_clock.domain.calendars import MEMBER_STATES, calendar, zone
from services.deadline_clock.domain.coordinator import coordinator
from services.deadline_clock.domain.facts import CaseFacts, Surroundings
from services.deadline_clock.domain.identity import Subject
from services.deadline_clock.domain.national import (
    Replaced,
    replaced,
    stage_before,
    unasked,
)
from services.deadline_clock.domain.places import Place, place
from services.deadline_clock.domain.rules import AnchorName, Regime, Rule, RuleBook, Unit
from services.deadline_clock.domain.standing import Met, Question, Standing
from services.deadline_clock.domain.terms import COMPETENT_AUTHORITY
from services.deadline_clock.domain.wiring import Wire, wired

_OFF = ClockState.NOT_APPLICABLE


@dataclass(frozen=True, slots=True)
class Obligation:
    """One rule's demand of one subject in one case.

    `state` knows no lateness. `announced` is False where nothing is to be shown unless a clock
    already exists.
    """

    rule: Rule
    subject: Subject
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
    recipient: str | None = None


def obligations(
    facts: CaseFacts, surroundings: Surroundings, book: RuleBook, products: Iterable[str]
) -> Iterator[Obligation]:
    """Every obligation of a case on some of its products and their makers, rule by rule."""
    asked = tuple(products)
    among = replaced(book)
    rules = [(rule, wire) for rule in book.firing() if (wire := wired(rule)) is not None]
    for product in asked:
        for rule, wire in rules:
            if rule.regime is not Regime.NIS2:
                question = _of_product(rule, product, facts, surroundings)
                yield from _obligations(rule, wire, question, among)
    wanted = frozenset(asked)
    for entity, members in makers(facts, surroundings).items():
        for rule, wire in rules if wanted.intersection(members) else ():
            if rule.regime is Regime.NIS2:
                for question in _of_entity(rule, entity, members, facts, surroundings):
                    yield from _obligations(rule, wire, question, among)


def _of_product(rule: Rule, product: str, facts: CaseFacts, surroundings: Surroundings) -> Question:
    known = surroundings.products.get(product)
    entity = known.entity if known is not None else None
    where = place(rule, surroundings.entity_of(product))
    return Question(
        rule, product, facts, surroundings, where, first_day=_first_day(rule, where), entity=entity
    )


def _of_entity(
    rule: Rule,
    entity: str | None,
    products: tuple[str, ...],
    facts: CaseFacts,
    surroundings: Surroundings,
) -> Iterator[Question]:
    """The duty is the entity's, once for each Member State; where it is not bound, it ends."""
    maker = surroundings.entities.get(entity) if entity is not None else None
    for country in (*countries(maker), *released(maker)):
        where = place(rule, maker, country)
        yield Question(
            rule=rule,
            product="",
            facts=facts,
            surroundings=surroundings,
            where=where,
            first_day=_first_day(rule, where),
            products=products,
            entity=entity,
            member_state=country,
        )


def _obligations(
    rule: Rule, wire: Wire, question: Question, among: Replaced
) -> Iterator[Obligation]:
    """What a rule demands of a subject; one that does not ask ends the clocks it once started."""
    question = replace(question, before=stage_before(rule, question.country, among))
    because = unasked(rule, question.country, among)
    if because is None and not conditions.hold(question):
        because = "its conditions do not hold"
    for standing in wire.standings(question):
        found = standing if because is None else _unasked(standing, because)
        yield _obligation(question, found)


def _unasked(standing: Standing, because: str) -> Standing:
    return replace(
        standing,
        state=ClockState.SUPERSEDED,
        because=because,
        announced=False,
        met=None,
        reopen_trigger="that changes",
    )


def _obligation(question: Question, standing: Standing) -> Obligation:
    rule, where = question.rule, _where(question, standing)
    known = question.surroundings.products.get(question.product)
    binds = applicability(rule, known, question.maker, question.member_state)
    standing, binds = _settled(_in_force(rule, standing, where), binds)
    return Obligation(
        rule=rule,
        subject=question.subject(standing.occurrence),
        mode=binds.mode,
        mode_reason=binds.reason,
        assumed=(*binds.assumed, *standing.assumed, *_assumed_place(rule, where)),
        state=standing.state,
        anchor=standing.anchor,
        due=_due(rule, standing, where),
        zone=where.zone,
        because=standing.because,
        announced=standing.announced,
        decided_by=standing.decided_by,
        reopen_trigger=standing.reopen_trigger,
        met=standing.met,
        initial_load=standing.initial_load,
        recipient=_recipient(question),
    )


def _recipient(question: Question) -> str | None:
    """Whom a filing under the CRA goes to: a wrong coordinator may make it invalid."""
    to_csirt = question.rule.regime is Regime.CRA and question.rule.met_by is MetBy.FILING
    return coordinator(question.maker).words if to_csirt else None


def _where(question: Question, standing: Standing) -> Place:
    """Where it is counted: the authority of the place of an incident is told of it."""
    if question.rule.zone == COMPETENT_AUTHORITY and standing.country in MEMBER_STATES:
        return place(question.rule, None, standing.country)
    return question.where


def _in_force(rule: Rule, standing: Standing, where: Place) -> Standing:
    """A rule asks nothing of what happened after its last day."""
    if rule.applies_until is None or standing.anchor is None:
        return standing
    if standing.anchor.at.astimezone(zone(where.zone)).date() <= rule.applies_until:
        return standing
    last = rule.applies_until.isoformat()
    return replace(standing, off_because=f"the rule applied until {last}", state=_OFF)


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
            occurrence=standing.occurrence,
        )
        return ended, binds
    return standing, binds


def _first_day(rule: Rule, where: Place) -> datetime | None:
    if rule.applies_from is None:
        return None
    day = rule.applies_from
    return datetime(day.year, day.month, day.day, tzinfo=zone(where.zone))


def _due(rule: Rule, standing: Standing, where: Place) -> Deadline | None:
    """When it is due: as somebody else set it, as the rule counts, or at the anchor itself."""
    if standing.due is not None:
        return Deadline(standing.due, standing.due)
    if standing.anchor is None:
        return None
    if rule.period is None:
        at_once = rule.anchor is AnchorName.ACTION_STARTS_AT
        return Deadline(standing.anchor.at, standing.anchor.at) if at_once else None
    days = calendar(rule.period.calendar, where.country, rule.period.edition)
    return deadline(standing.anchor.at, rule.period, zone(where.zone), days)


def _assumed_place(rule: Rule, where: Place) -> tuple[str, ...]:
    """Hours are the same everywhere: where they are counted need not be assumed."""
    counted = rule.period is not None and rule.period.unit is not Unit.HOUR
    return where.assumed if counted else ()
