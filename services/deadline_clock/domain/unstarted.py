"""Says why a rule started no clock for a product: it is off, or which fact it waits for."""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.clocks import ClockMode
from services.deadline_clock.domain.applicability import Applicability, applicability
from services.deadline_clock.domain.bound import asked_of
from services.deadline_clock.domain.coordinator import coordinator
from services.deadline_clock.domain.facts import CaseFacts, Surroundings
from services.deadline_clock.domain.national import Replaced, unasked
from services.deadline_clock.domain.obligations import Obligation
from services.deadline_clock.domain.rules import Regime, Rule, Trigger
from services.deadline_clock.domain.wiring import wired

_STARTS = {
    Trigger.EXPLOITATION: "evidence that this product is exploited, or a person's assessment of it",
    Trigger.CORRECTION: "an approved measure, a customer notice or a wave for this product",
    Trigger.RISK_BAND: "a clinical risk band of this product that the rule is for",
}


@dataclass(frozen=True, slots=True)
class Unstarted:
    """A rule without a clock for a product (empty: the entity's), and what is asked of it so far.

    `wanted` is None where no fact bears on the rule yet.
    """

    rule: Rule
    product: str
    wanted: Obligation | None


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Whether the rule would bind, by which article, and in words why there is no clock."""

    mode: ClockMode
    reason: str
    words: str
    assumed: tuple[str, ...] = ()
    reopen_trigger: str | None = None


def starts(rule: Rule) -> str:
    """What starts a clock of a rule, in words."""
    return _STARTS.get(rule.trigger) or f"a fact of the kind {rule.trigger.value.replace('_', ' ')}"


def why_not(
    subject: Unstarted, facts: CaseFacts, surroundings: Surroundings, among: Replaced
) -> WhyNot:
    """Say why there is no clock; `among` is what national law replaces."""
    rule, wanted = subject.rule, subject.wanted
    binds = _binds(subject, facts, surroundings, among)
    reopens = wanted.reopen_trigger if wanted is not None else None
    if binds.mode is ClockMode.OFF:
        return WhyNot(binds.mode, binds.reason, f"off: {binds.reason}", binds.assumed, reopens)
    if wanted is not None:
        off = f"off: {wanted.mode_reason}"
        words = off if wanted.mode is ClockMode.OFF else wanted.because
        return WhyNot(wanted.mode, wanted.mode_reason, words, wanted.assumed, reopens)
    words = f"waits for {starts(rule)}"
    if wired(rule) is None:
        words = f"no fact that is held here can start it: {starts(rule)}"
    return WhyNot(binds.mode, binds.reason, words, binds.assumed)


def _binds(
    subject: Unstarted, facts: CaseFacts, surroundings: Surroundings, among: Replaced
) -> Applicability:
    """Whether a rule binds anybody here, by the first whom it does; else why not the first."""
    answers = list(_answers(subject, facts, surroundings, among))
    return next((each for each in answers if each.mode is not ClockMode.OFF), answers[0])


def _answers(
    subject: Unstarted, facts: CaseFacts, surroundings: Surroundings, among: Replaced
) -> Iterator[Applicability]:
    rule, product = subject.rule, subject.product
    if rule.regime is not Regime.NIS2:
        binds = applicability(rule, surroundings.products.get(product))
        country = coordinator(surroundings.entity_of(product)).country
        yield _here(rule, country, among, binds)
        return
    for entity, country in sorted(asked_of(facts, surroundings), key=str):
        maker = surroundings.entities.get(entity) if entity is not None else None
        yield _here(rule, country, among, applicability(rule, None, maker, country))


def _here(rule: Rule, country: str | None, among: Replaced, binds: Applicability) -> Applicability:
    """A rule that is asked elsewhere only binds nobody here; what is off anyway stays so."""
    elsewhere = unasked(rule, country, among)
    if elsewhere is None or binds.mode is ClockMode.OFF:
        return binds
    return Applicability(ClockMode.OFF, elsewhere)
