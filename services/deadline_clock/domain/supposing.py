"""What would move if something were otherwise: clocks, drafts and pages, before it is so."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from schemas.catalogue import Establishment
from schemas.clocks import Clock, ClockEscalated, ClockMode, ClockState
from services.deadline_clock.domain.acts import SUPPOSED, Initiation
from services.deadline_clock.domain.change import OPEN, Held
from services.deadline_clock.domain.decide import Decided, decide
from services.deadline_clock.domain.escalation import DraftState, Escalation
from services.deadline_clock.domain.facts import Assessment, CaseFacts, MeasureState, Surroundings
from services.deadline_clock.domain.happenings import IncidentAnswer
from services.deadline_clock.domain.replanning import Steps, replanned
from services.deadline_clock.domain.rules import AnchorName, RuleBook

SETTABLE = (AnchorName.AWARE_AT, AnchorName.MEASURE_AVAILABLE_AT, AnchorName.INITIATED_AT)
"""The instants that may be supposed otherwise."""

_WHO = "what-if"


@dataclass(frozen=True, slots=True)
class Supposed:
    """What is supposed: instants, for one product or for all (None), and the main establishment.

    Awareness is of exploitation, or of the product's incidents under `regime`.
    """

    instants: Mapping[AnchorName, datetime]
    product: str | None = None
    country: str | None = None
    regime: str | None = None


@dataclass(frozen=True, slots=True)
class Stood:
    """How the steps and drafts of clocks stand, by clock.

    `replan`: another escalation policy is supposed, by which the steps of all would be planned.
    """

    steps: Mapping[str, Steps]
    drafts: Mapping[str, DraftState] = field(default_factory=dict)
    replan: bool = False


@dataclass(frozen=True, slots=True)
class StepMove:
    """A step that would be armed, taken back, or fire at once."""

    step: str
    due_at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Moved:
    """One clock that would move. `before` is None where it would begin.

    `draft` says what becomes of a draft of its template; None where nothing does.
    """

    before: Clock | None
    after: Clock
    because: str
    steps: tuple[StepMove, ...]
    draft: str | None


def supposed_facts(facts: CaseFacts, supposed: Supposed, now: datetime) -> CaseFacts:
    """The facts of a case if these instants were so."""
    for name, at in supposed.instants.items():
        for product in facts.products():
            if supposed.product not in {None, product}:
                continue
            if name is AnchorName.AWARE_AT and supposed.regime is not None:
                facts = _aware_of_incidents(facts, product, supposed.regime, at, now)
            elif name is AnchorName.AWARE_AT:
                facts = _aware(facts, product, at, now)
            elif name is AnchorName.INITIATED_AT:
                facts = _initiated(facts, product, at)
            else:
                facts = _available(facts, product, at)
    return facts


def _aware(facts: CaseFacts, product: str, at: datetime, now: datetime) -> CaseFacts:
    answer = Assessment(product, True, at, max(at, now), _WHO, "supposed")
    others = tuple(each for each in facts.assessments if each.product != product)
    return replace(facts, assessments=(*others, answer))


def _aware_of_incidents(
    facts: CaseFacts, product: str, regime: str, at: datetime, now: datetime
) -> CaseFacts:
    """The incidents of a product, found reportable under one regime with this awareness."""
    answers = [
        IncidentAnswer(
            regime, product, each.occurrence, True, each.harm, at, max(at, now), _WHO, "supposed"
        )
        for each in facts.happenings_of(product)
    ]
    return replace(facts, incident_answers=(*facts.incident_answers, *answers))


def _initiated(facts: CaseFacts, product: str, at: datetime) -> CaseFacts:
    """A correction of the product, initiated at this instant whatever is on record."""
    act = Initiation(SUPPOSED, _WHO, product, at, _WHO)
    return replace(facts, initiations=(*facts.initiations, act))


def _available(facts: CaseFacts, product: str, at: datetime) -> CaseFacts:
    """The product's measures, available at this instant; a supposed one where it has none."""
    if not facts.measures_of(product):
        measure = MeasureState(f"{_WHO}-{product}", "patch", (product,), None, None, at)
        return replace(facts, measures=(*facts.measures, measure))
    moved = tuple(
        replace(each, available_at=at) if product in each.products else each
        for each in facts.measures
    )
    return replace(facts, measures=moved)


def supposed_surroundings(around: Surroundings, supposed: Supposed) -> Surroundings:
    """What surrounds a case if the legal entities were mainly established elsewhere."""
    if supposed.country is None:
        return around
    seat = Establishment(country=supposed.country, basis="supposed")
    entities = {
        name: each.model_copy(update={"main_establishment": seat})
        for name, each in around.entities.items()
    }
    return replace(around, entities=entities)


def moves(
    facts: CaseFacts,
    around: Surroundings,
    clocks: Sequence[Held],
    stood: Stood,
    book: RuleBook,
    escalation: Escalation,
    now: datetime,
) -> Iterator[Moved]:
    """Say what would move if these facts, surroundings and packs were those in force.

    A clock that would only name another version of its pack does not move. A clock whose rule is
    in none of the packs is shown as it is, with that said: its pack cannot be applied so.
    """
    found = decide(facts, around, clocks, book, escalation, now)
    replans = _replanned(found, clocks, stood, book, escalation, now) if stood.replan else ()
    for each in (*found, *replans):
        moved = _moved(each, stood, now)
        if moved.steps or moved.draft is not None or _visible(moved):
            yield moved
    for held in clocks:
        if held.open and book.rule(held.clock.rule) is None:
            because = f"rule {held.clock.rule} is in no pack any more, and this open clock needs it"
            yield Moved(held.clock, held.clock, because, (), None)


def _replanned(
    found: Iterable[Decided],
    clocks: Iterable[Held],
    stood: Stood,
    book: RuleBook,
    escalation: Escalation,
    now: datetime,
) -> Iterator[Decided]:
    """The clocks that stay as they are, and whose steps would be others."""
    moved = {each.change.after.clock.clock for each in found}
    for held in clocks:
        name, rule = held.clock.clock, book.rule(held.clock.rule)
        if name in moved or rule is None:
            continue
        steps, draft = stood.steps.get(name, Steps()), stood.drafts.get(name, DraftState.NONE)
        if (again := replanned(held, rule, escalation, steps, now, draft)) is not None:
            yield again


def _moved(decided: Decided, stood: Stood, now: datetime) -> Moved:
    change = decided.change
    before = change.before.clock if change.before is not None else None
    return Moved(
        before, change.after.clock, change.after.because,
        tuple(_steps(decided, stood, now)), _draft(before, change.after.clock),
    )  # fmt: skip


def _visible(moved: Moved) -> bool:
    if moved.before is None:
        return True
    return _shown(moved.before) != _shown(moved.after)


def _shown(clock: Clock) -> tuple[object, ...]:
    return (
        clock.state, clock.mode, clock.late, clock.due_operational, clock.due_legal_outer,
        clock.anchor and (clock.anchor.name, clock.anchor.at),
    )  # fmt: skip


def _steps(decided: Decided, stood: Stood, now: datetime) -> Iterator[StepMove]:
    for event in decided.events:
        if isinstance(event, ClockEscalated):
            yield StepMove(event.step, now, f"fires at once ({event.severity.value})")
    if decided.alarms is None:
        return
    steps = stood.steps.get(decided.change.after.clock.clock, Steps())
    was = frozenset((step, due_at) for step, due_at, _ in steps.armed)
    then = frozenset((each.step.at, each.due_at) for each in decided.alarms)
    ordered = sorted(was ^ then, key=lambda each: (each[1], each[0]))
    for step, due_at in ordered:
        yield StepMove(step, due_at, "armed" if (step, due_at) in then else "taken back")


def _draft(before: Clock | None, after: Clock) -> str | None:
    if after.template is None:
        return None
    was, asks = _asks(before), _asks(after)
    if asks and not was:
        return "would be new"
    if was and not asks and after.state is not ClockState.MET:
        return "would be of no use"
    if was and asks and before is not None and before.template != after.template:
        return f"would follow {after.template} instead of {before.template}"
    return None


def _asks(clock: Clock | None) -> bool:
    return clock is not None and clock.state in OPEN and clock.mode is not ClockMode.OFF
