"""A drill: one early-warning clock of a case that does not exist, told of as a real one would be.

Its case is known to this service alone: triage, the catalogue, coverage and every statistic never
hear of it. The clock is decided by the same rules as a real one, on a product made for it.
"""

from dataclasses import replace
from datetime import date, datetime

from schemas.catalogue import (
    EntityRegistered,
    EuFacts,
    EuRegime,
    ProductRegistered,
    Qualification,
    QualificationKind,
)
from schemas.clocks import ClockEnded, ClockMode, ClockState, RuleKind, Severity
from services.deadline_clock.domain.change import Change, Held
from services.deadline_clock.domain.decide import Decided, decide
from services.deadline_clock.domain.escalation import Escalation
from services.deadline_clock.domain.facts import CaseFacts, Scope, Signal, Surroundings
from services.deadline_clock.domain.rules import RuleBook

PREFIX = "DRILL-"
"""How the tracking id of a drill begins: lists of what is real leave it out."""

PRODUCT = "drill-product"
TITLE = "DRILL: a made case, to see how long a page, an answer and a draft take"
SANDBOX = "drill-sandbox"
_RATIONALE = "made for drills, never sold"


class NoRuleError(LookupError):
    """No rule in force pages at the start of an exploited case: there is nothing to drill."""


def name(year: int, number: int) -> str:
    """The tracking id of a drill."""
    return f"{PREFIX}{year}-{number:04}"


def begun(case: str, book: RuleBook, escalation: Escalation, now: datetime) -> Decided:
    """The clock of a drill as a signal of exploitation starts it, and its first page.

    Raises:
        NoRuleError: no rule in force pages for such a case.
    """
    facts = CaseFacts(
        case=case,
        title=TITLE,
        identifiers=(case,),
        scope=(Scope(PRODUCT, bears=True),),
        signals=(Signal(f"{case}-signal", PRODUCT, "drill", SANDBOX, now, None, backfill=False),),
    )
    found = decide(facts, _sandbox(now), (), book, escalation, now)
    paging = [each for each in found if _pages(each)]
    if not paging:
        raise NoRuleError("no rule in force pages at the start of an exploited case")
    first = min(paging, key=lambda each: each.change.after.clock.due_operational or now)
    return _marked(first)


def ended(held: Held, because: str, by: str | None) -> Decided:
    """What the end of a drill does to its clock: it is not applicable, and no alarm is left."""
    clock = held.clock.model_copy(update={"state": ClockState.NOT_APPLICABLE})
    after = replace(held, clock=clock, because=because, decided_by=by)
    event = ClockEnded(clock=clock, because=because, decided_by=by)
    return Decided(Change(held, after, (event,)), (event,), alarms=())


def _pages(decided: Decided) -> bool:
    clock = decided.change.after.clock
    told = (getattr(event, "severity", None) is Severity.PAGE for event in decided.events)
    law = clock.kind is RuleKind.LAW and clock.mode is ClockMode.MANDATORY
    return law and clock.product == PRODUCT and any(told)


def _marked(decided: Decided) -> Decided:
    """The same decision, marked as a drill wherever a person or a service may read it."""
    after = decided.change.after
    label = f"DRILL: {after.clock.label}"
    marked = after.clock.model_copy(update={"drill": True, "label": label})
    events = tuple(event.model_copy(update={"clock": marked}) for event in decided.events)
    change = Change(None, replace(after, clock=marked), events)
    return replace(decided, change=change, events=events)


def _sandbox(now: datetime) -> Surroundings:
    product = ProductRegistered(
        product=PRODUCT,
        name="DRILL product",
        entity=SANDBOX,
        qualification=Qualification(
            kind=QualificationKind.NOT_A_DEVICE,
            rationale=_RATIONALE,
            decided_by=SANDBOX,
            decided_on=date(now.year, 1, 1),
        ),
        eu=EuFacts(regime=EuRegime.NONE),
        markets=("DE",),
        registered_at=now,
    )
    entity = EntityRegistered(entity=SANDBOX, name="DRILL entity", registered_at=now)
    return Surroundings({PRODUCT: product}, {SANDBOX: entity})
