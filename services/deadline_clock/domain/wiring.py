"""Which rules facts can start: what happens must be answered, and so must what a period runs from.

A rule that is not wired is read, checked, shown and counted by the calculator. It starts no clock,
whatever happens. To wire one, give its trigger a function that says how it stands, with the anchors
that the function sets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.deadline_clock.domain import correction, exploitation, risk_band
from services.deadline_clock.domain.rules import AnchorName, Rule, Trigger
from services.deadline_clock.domain.standing import Question, Standing


@dataclass(frozen=True, slots=True)
class Wire:
    """How a trigger's rules stand, and from which anchors their periods may run."""

    standing: Callable[[Question], Standing | None]
    anchors: frozenset[AnchorName]


WIRES: Mapping[Trigger, Wire] = {
    Trigger.EXPLOITATION: Wire(
        exploitation.standing,
        frozenset({AnchorName.AWARE_AT, AnchorName.MEASURE_AVAILABLE_AT}),
    ),
    Trigger.CORRECTION: Wire(correction.standing, frozenset({AnchorName.INITIATED_AT})),
    Trigger.RISK_BAND: Wire(
        risk_band.standing, frozenset({AnchorName.ASSESSED_AT, AnchorName.MEASURE_AVAILABLE_AT})
    ),
}


def wired(rule: Rule) -> Wire | None:
    """The wire of a rule, or None where no facts answer it yet.

    Rules without a number, with conditions, or for some countries only are not wired at all: nobody
    asks yet whether their conditions hold.
    """
    wire = WIRES.get(rule.trigger)
    if wire is None or rule.anchor not in wire.anchors:
        return None
    if rule.period is None or rule.conditions or rule.countries:
        return None
    return wire
