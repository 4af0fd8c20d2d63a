"""Explains where each rule stands for each product of a case, also of those that did not start."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.clocks import Anchor, Clock, ClockMode, ClockState
from services.deadline_clock.domain.applicability import Applicability, applicability
from services.deadline_clock.domain.arithmetic import Deadline
from services.deadline_clock.domain.change import Held
from services.deadline_clock.domain.counting import Asked, counted
from services.deadline_clock.domain.decide import stops_when
from services.deadline_clock.domain.facts import CaseFacts, Surroundings
from services.deadline_clock.domain.obligations import Obligation, obligations
from services.deadline_clock.domain.places import member_states, place
from services.deadline_clock.domain.rules import Regime, Rule, RuleBook, Trigger
from services.deadline_clock.domain.terms import PLACES
from services.deadline_clock.domain.wiring import wired

_STARTS = {
    Trigger.EXPLOITATION: "evidence that this product is exploited, or a person's assessment of it",
    Trigger.CORRECTION: "an approved measure, a customer notice or a wave for this product",
    Trigger.RISK_BAND: "a clinical risk band of this product that the rule is for",
}

_SETTLED_BY = (
    ("not in the catalogue", "register the product in the catalogue"),
    ("qualification", "the product's qualification, with its rationale, in the catalogue"),
    ("EU regime", "the product's EU regime in the catalogue"),
    ("device without", "the product's EU regime in the catalogue"),
    ("markets", "the product's markets in the catalogue"),
    ("main establishment", "the legal entity's main establishment in the catalogue"),
    ("legacy", "a legal review of CRA Article 2(2) for legacy devices"),
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
    due: Deadline | None = None
    zone: str | None = None
    reasoning: tuple[str, ...] = ()
    assumed: tuple[Assumed, ...] = ()
    because: str | None = None
    decided_by: str | None = None
    reopen_trigger: str | None = None
    why_not: str | None = None
    platform: PlatformCounter | None = None


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
    for product in (*facts.products(), ""):
        for rule in book.firing():
            if (rule.regime is Regime.NIS2) != (product == ""):
                continue
            if found := held.get((product, rule.id)):
                yield from explain_clocks(found, facts, surroundings, book)
            else:
                wanted_of = asked.get((product, rule.id))
                yield _not_started(rule, product, wanted_of, facts, surroundings)


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
    due = None
    if clock.due_operational is not None and clock.due_legal_outer is not None:
        due = Deadline(clock.due_operational, clock.due_legal_outer)
    return Explained(
        rule=rule,
        product=clock.product or "",
        mode=clock.mode,
        mode_reason=clock.mode_reason,
        starts_when=_starts(rule),
        stops_when=stops_when(clock),
        clock=clock.clock,
        state=clock.state,
        late=clock.late,
        anchor=clock.anchor,
        due=due,
        zone=clock.zone,
        reasoning=_reasoning(clock, rule, surroundings, book),
        assumed=_assumed(clock.assumed),
        because=held.because,
        decided_by=held.decided_by,
        reopen_trigger=held.reopen_trigger,
        platform=_platform(clock, rule, facts),
    )


def _not_started(
    rule: Rule,
    product: str,
    wanted: Obligation | None,
    facts: CaseFacts,
    surroundings: Surroundings,
) -> Explained:
    binds = _binds(rule, product, facts, surroundings)
    mode = wanted.mode if wanted is not None else binds.mode
    reason = wanted.mode_reason if wanted is not None else binds.reason
    if mode is ClockMode.OFF:
        why_not = f"off: {reason}"
    elif wanted is not None:
        why_not = wanted.because
    elif wired(rule) is None:
        why_not = f"no fact that is held here can start it: {_starts(rule)}"
    else:
        why_not = f"waits for {_starts(rule)}"
    return Explained(
        rule=rule,
        product=product,
        mode=mode,
        mode_reason=reason,
        starts_when=_starts(rule),
        stops_when=stops_when(rule),
        assumed=_assumed(wanted.assumed if wanted is not None else binds.assumed),
        reopen_trigger=wanted.reopen_trigger if wanted is not None else None,
        why_not=why_not,
    )


def _binds(rule: Rule, product: str, facts: CaseFacts, surroundings: Surroundings) -> Applicability:
    """Whether a rule binds; NIS2 where it binds one of the case's makers, else why it does not."""
    if rule.regime is not Regime.NIS2:
        return applicability(rule, surroundings.products.get(product))
    makers = {
        maker.entity: maker
        for name in facts.products()
        if (maker := surroundings.entity_of(name)) is not None
    }
    answers = [
        applicability(rule, None, maker, country)
        for maker in makers.values()
        for country in (member_states(maker) or (None,))
    ] or [applicability(rule, None)]
    return next((each for each in answers if each.mode is not ClockMode.OFF), answers[0])


def _starts(rule: Rule) -> str:
    return _STARTS.get(rule.trigger) or f"a fact of the kind {rule.trigger.value.replace('_', ' ')}"


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
