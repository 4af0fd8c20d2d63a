"""Plans the steps of a clock anew where another escalation policy came into force.

The clock itself stays as it is. A step that the new policy puts into the past is told at once where
nobody was told of anything since: a policy may move a step, and never loses one.
"""

from dataclasses import dataclass
from datetime import datetime

from schemas.clocks import Severity
from services.deadline_clock.domain.ahead import ahead, chain_of, grouped, planned
from services.deadline_clock.domain.change import Change, Held
from services.deadline_clock.domain.clock import lateness
from services.deadline_clock.domain.decide import Decided, escalated
from services.deadline_clock.domain.escalation import (
    Alarm,
    DraftState,
    Escalation,
    Step,
    severity,
)
from services.deadline_clock.domain.rules import Rule


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of one clock: those armed, and the last instant of which somebody was told."""

    armed: frozenset[tuple[str, datetime, Severity]] = frozenset()
    told: datetime | None = None


def replanned(
    held: Held,
    rule: Rule,
    escalation: Escalation,
    steps: Steps,
    now: datetime,
    draft: DraftState = DraftState.NONE,
) -> Decided | None:
    """Say how the steps of an open clock are by this policy; None where they are so already."""
    if not held.open or held.clock.due_operational is None:
        return None
    chain = chain_of(held, rule, escalation)
    # Where a sandbox compresses time, steps are told before their legal time.
    after = max(now, steps.told) if steps.told is not None else now
    pending = ahead(held, rule, chain, after)
    step = _missed(planned(held, rule, chain), steps, now, draft)
    if step is None and steps.armed == _rows(held, pending):
        return None
    change = lateness(held, now) or Change(held, held)
    if step is None:
        return Decided(change, change.events, pending)
    if grouped(held):
        return Decided(change, change.events, pending, step.at)
    event = escalated(change.after, step, now, pending[0] if pending else None)
    return Decided(change, (*change.events, event), pending)


def _rows(held: Held, pending: tuple[Alarm, ...]) -> frozenset[tuple[str, datetime, Severity]]:
    return frozenset(
        (each.step.at, each.due_at, severity(held.clock, each.step)) for each in pending
    )


def _missed(
    every: tuple[Alarm, ...], steps: Steps, now: datetime, draft: DraftState
) -> Step | None:
    """The last step that lies in the past and of whose time nobody was told."""
    passed = [each for each in every if each.due_at <= now and each.step.wanted(draft)]
    if not passed or (steps.told is not None and steps.told >= passed[-1].due_at):
        return None
    return passed[-1].step
