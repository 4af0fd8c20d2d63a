"""Explains where each rule stands for each product of a case, also of those that did not start."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.clocks import Anchor, Clock, ClockMode, ClockState
from services.deadline_clock.domain.change import Held
from services.deadline_clock.domain.counting import Asked, counted
from services.deadline_clock.domain.decide import stops_when
from services.deadline_clock.domain.facts import CaseFacts, Surroundings
from services.deadline_clock.domain.national import replaced
from services.deadline_clock.domain.obligations import Obligation, obligations
from services.deadline_clock.domain.places import place
from services.deadline_clock.domain.rules import OpenPoint, Regime, Rule, RuleBook
from services.deadline_clock.domain.terms import PLACES
from services.deadline_clock.domain.unstarted import (
    Unstarted,
    WhyNot,
    starts,
    why_not,
)

_SETTLED_BY = (
    ("not in the catalogue", "register the product in the catalogue"),
    ("qualification", "the product's qualification, with its rationale, in the catalogue"),
    ("EU regime", "the product's EU regime in the catalogue"),
    ("device without", "the product's EU regime in the catalogue"),
    ("markets", "the product's markets in the catalogue"),
    ("main establishment", "the legal entity's main establishment in the catalogue"),
    ("legacy", "a legal review of CRA Article 2(2) for legacy devices"),
    ("NIS2 status", "the legal entity's NIS2 status in that Member State, in the catalogue"),
    ("no person has confirmed", "a person's assessment of exploitation in this product"),
)
"""What settles an assumption, by words that its text holds."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """A fact taken on the stricter side, and what somebody has to state to settle it."""

    what: str
    settled_by: str


@dataclass(frozen=True, slots=True)
class PlatformCounter:
    """What the reporting platform will show beside the law's deadline."""

    due: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One rule on one product. `state` is None where the rule did not start: `why_not` says why.

    `because` is what brought a clock to its state; `starts_when` and `stops_when` are in words.
    `due_legal_outer` is of law only. `open_points` is what nobody has settled about the rule.
    """

    rule: Rule
    product: str
    mode: ClockMode
    mode_reason: str
    starts_when: str
    stops_when: str
    clock: str | None = None
    state: ClockState | None = None
    late: bool = False
    anchor: Anchor | None = None
    due_operational: datetime | None = None
    due_legal_outer: datetime | None = None
    zone: str | None = None
    reasoning: tuple[str, ...] = ()
    assumed: tuple[Assumed, ...] = ()
    because: str | None = None
    decided_by: str | None = None
    reopen_trigger: str | None = None
    why_not: str | None = None
    platform: PlatformCounter | None = None
    open_points: tuple[OpenPoint, ...] = ()


def explain(
    facts: CaseFacts, surroundings: Surroundings, clocks: Sequence[Held], book: RuleBook
) -> Iterator[Explained]:
    """Say of every firing rule how it stands for every product of a case, product by product.

    NIS2 is the entity's, not a product's: its rules come last, with an empty product.
    """
    held: dict[tuple[str, str], list[Held]] = {}
    for each in clocks:
        held.setdefault((each.clock.product or "", each.clock.rule), []).append(each)
    asked: dict[tuple[str, str], Obligation] = {}
    for wanted in obligations(facts, surroundings, book, facts.products()):
        asked.setdefault((wanted.subject.product or "", wanted.rule.id), wanted)
    among = replaced(book)
    for product in (*facts.products(), ""):
        for rule in book.firing():
            if (rule.regime is Regime.NIS2) != (product == ""):
                continue
            if found := held.get((product, rule.id)):
                yield from explain_clocks(found, facts, surroundings, book)
            else:
                subject = Unstarted(rule, product, asked.get((product, rule.id)))
                unstarted = why_not(subject, facts, surroundings, among)
                yield _not_started(subject, unstarted, book)


def explain_clocks(
    clocks: Iterable[Held], facts: CaseFacts, surroundings: Surroundings, book: RuleBook
) -> Iterator[Explained]:
    """Explain clocks as they are given, such as those of an earlier instant.

    A clock whose rule left its pack is not among them: nothing can be said of how it was counted.
    """
    for held in clocks:
        rule = book.rule(held.clock.rule)
        if rule is not None:
            yield _clock(held, rule, facts, surroundings, book)


def _clock(
    held: Held, rule: Rule, facts: CaseFacts, surroundings: Surroundings, book: RuleBook
) -> Explained:
    clock = held.clock
    return Explained(
        rule=rule,
        product=clock.product or "",
        mode=clock.mode,
        mode_reason=clock.mode_reason,
        starts_when=starts(rule),
        stops_when=stops_when(clock),
        clock=clock.clock,
        state=clock.state,
        late=clock.late,
        anchor=clock.anchor,
        due_operational=clock.due_operational,
        due_legal_outer=clock.due_legal_outer,
        zone=clock.zone,
        reasoning=_reasoning(clock, rule, surroundings, book),
        assumed=_assumed(clock.assumed),
        because=held.because,
        decided_by=held.decided_by,
        reopen_trigger=held.reopen_trigger,
        platform=_platform(clock, rule, facts),
        open_points=book.open_points(rule),
    )


def _not_started(subject: Unstarted, found: WhyNot, book: RuleBook) -> Explained:
    rule = subject.rule
    return Explained(
        rule=rule,
        product=subject.product,
        mode=found.mode,
        mode_reason=found.reason,
        starts_when=starts(rule),
        stops_when=stops_when(rule),
        assumed=_assumed(found.assumed),
        reopen_trigger=found.reopen_trigger,
        why_not=found.words,
        open_points=book.open_points(rule),
    )


def _reasoning(
    clock: Clock, rule: Rule, surroundings: Surroundings, book: RuleBook
) -> tuple[str, ...]:
    """How the deadline was counted, and how where its anchor is not the law's own."""
    if clock.anchor is None:
        return (f"not counted: waits for {rule.anchor.value}",)
    maker = surroundings.entities.get(clock.entity or "")
    country = place(rule, maker, clock.member_state).country if rule.zone in PLACES else None
    told = counted(rule, Asked(clock.anchor.at, country), book).reasoning
    if clock.anchor.name != rule.anchor:
        first = f"counted from {clock.anchor.name} for now: there is no {rule.anchor.value} yet"
        return (first, *told)
    return told


def _assumed(assumed: Iterable[str]) -> tuple[Assumed, ...]:
    return tuple(Assumed(each, _settles(each)) for each in assumed)


def _settles(assumption: str) -> str:
    for words, settles in _SETTLED_BY:
        if words in assumption:
            return settles
    return "the fact itself, once somebody states it"


def _platform(clock: Clock, rule: Rule, facts: CaseFacts) -> PlatformCounter | None:
    """The platform's own counter of a filing stage, once the one it counts from is filed."""
    counter = rule.platform_counter
    if counter is None or clock.due_operational is None:
        return None
    filed = min(
        (
            each.filed_at
            for each in facts.filings
            if each.rule == counter.from_filing_of and clock.product in each.products
        ),
        default=None,
    )
    if filed is None:
        return None
    due = filed + timedelta(hours=counter.hours)
    order = "earlier than" if due < clock.due_operational else "not before"
    words = (
        f"{counter.platform}'s own counter, not law: {counter.hours} h from the filing of "
        f"{counter.from_filing_of}, {order} the deadline"
    )
    return PlatformCounter(due, words)
