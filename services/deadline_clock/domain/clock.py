"""A clock's life: how it moves when what is asked of it changes, and what that tells the world.

States: provisional or awaiting_anchor → running → met; any open state → not_applicable or
superseded, which later facts may open again. Met is final. `late` is raised once and for ever. An
acknowledgement is no input here at all: nothing in this module can see one.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from schemas.clocks import (
    Clock,
    ClockEnded,
    ClockEvent,
    ClockLate,
    ClockMet,
    ClockMoved,
    ClockStarted,
    ClockState,
    MetBy,
    RuleKind,
)
from services.deadline_clock.domain.change import OPEN, Change, Held
from services.deadline_clock.domain.facts import CaseFacts
from services.deadline_clock.domain.filings import first_filing
from services.deadline_clock.domain.identity import clock_id
from services.deadline_clock.domain.obligations import Obligation
from services.deadline_clock.domain.standing import Met

_TICKING = frozenset({ClockState.PROVISIONAL, ClockState.RUNNING})

_SHOWN = (
    "case", "pack", "entity", "mode", "mode_reason", "assumed", "state", "late", "anchor",
    "due_operational", "due_legal_outer", "zone", "met_at", "recipient",
)  # fmt: skip
"""Fields whose change is told. Title and identifiers travel along with the next event."""


def advance(
    held: Held | None, wanted: Obligation, facts: CaseFacts, now: datetime
) -> Change | None:
    """Bring one clock to what is asked of it now; None where nothing changes.

    A clock that was met stays as it is. One that does not exist yet begins, unless the obligation
    is not to be announced.
    """
    if held is None and not wanted.announced:
        return None
    if held is not None and held.clock.state is ClockState.MET:
        return _after_it_was_met(held, wanted, facts)
    after = _after(held, wanted, facts, now)
    if held is not None and not _differs(held, after):
        return None
    return Change(held, after, tuple(_events(held, after, facts)))


def superseded(held: Held, by: Held, facts: CaseFacts) -> Change | None:
    """End a clock whose obligation another clock of the same case carries on (after a merge)."""
    because = f"clock {by.clock.clock} of the merged case carries it on: the earliest anchor wins"
    changes = {"case": facts.case}
    if held.clock.state in OPEN:
        changes["state"] = ClockState.SUPERSEDED
    clock = held.clock.model_copy(update=changes)
    after = replace(held, clock=clock, because=because if held.open else held.because)
    if not _differs(held, after):
        return None
    return Change(held, after, tuple(_events(held, after, facts)))


def ended(held: Held, because: str, reopens: str, facts: CaseFacts) -> Change | None:
    """End an open clock that nothing asks for any more; what `reopens` names brings it back."""
    if not held.open:
        return None
    clock = held.clock.model_copy(update={"state": ClockState.SUPERSEDED})
    after = replace(held, clock=clock, because=because, decided_by=None, reopen_trigger=reopens)
    return Change(held, after, tuple(_events(held, after, facts)))


def lateness(held: Held, at: datetime) -> Change | None:
    """What passing the deadline does to a clock: it is late, for ever. None where it is not."""
    after = replace(held, clock=_late(held.clock, at))
    if not newly_late(held, after) or after.clock.due_operational is None:
        return None
    return Change(held, after, (ClockLate(clock=after.clock, late_at=after.clock.due_operational),))


def newly_late(held: Held | None, after: Held) -> bool:
    """Whether a deadline passed just now: the first one, or that of a clock running anew."""
    if held is None or not held.clock.late:
        return after.clock.late
    late = ClockState.LATE
    return after.clock.state is late and held.clock.state is not late


def _after_it_was_met(held: Held, wanted: Obligation, facts: CaseFacts) -> Change | None:
    """A met clock follows its case into another, and takes an earlier anchor that the law counts.

    What was filed in time by what was known then may have been late: that is shown, for ever.
    """
    clock = held.clock.model_copy(update={"case": facts.case})
    because = "its case was merged"
    if _runs_earlier(held.clock, wanted) and wanted.anchor is not None and wanted.due is not None:
        corrected = {
            "anchor": wanted.anchor,
            "due_operational": wanted.due.operational,
            "due_legal_outer": wanted.due.outer,
        }
        clock = clock.model_copy(update=corrected)
        because = f"{wanted.anchor.name} was corrected to an earlier instant: {wanted.because}"
    if clock == held.clock:
        return None
    after = replace(held, clock=_late(clock, clock.met_at or clock.started_at))
    return Change(held, after, tuple(_events_of_met(held, after, because)))


def _runs_earlier(clock: Clock, wanted: Obligation) -> bool:
    """Whether the law counts from an earlier instant of the same kind than when it was met."""
    was, now = clock.anchor, wanted.anchor
    return (
        wanted.rule.kind is RuleKind.LAW
        and wanted.state is ClockState.RUNNING
        and was is not None
        and now is not None
        and was.name == now.name
        and now.at < was.at
    )


def _events_of_met(held: Held, after: Held, because: str) -> Iterator[ClockEvent]:
    if newly_late(held, after):
        due = after.clock.due_operational or after.clock.started_at
        yield ClockLate(clock=after.clock, late_at=due)
    yield _moved(held, after, because)


def _after(held: Held | None, wanted: Obligation, facts: CaseFacts, now: datetime) -> Held:
    identity = held.clock.clock if held is not None else _identity(wanted, facts)
    subject = wanted.subject
    met = wanted.met or _filed(wanted, identity, facts)
    rule = wanted.rule
    # Guidance and policy set no last moment of the law.
    law = wanted.due if rule.limits else None
    clock = Clock(
        clock=identity,
        case=facts.case,
        rule=rule.id,
        pack=rule.pack,
        kind=rule.kind,
        label=rule.label,
        authority=rule.authority,
        confidence=rule.confidence.value,
        stage=rule.stage,
        met_by=rule.met_by,
        product=subject.product,
        entity=subject.entity,
        member_state=subject.member_state,
        mode=wanted.mode,
        mode_reason=wanted.mode_reason,
        assumed=wanted.assumed,
        state=ClockState.MET if met is not None else wanted.state,
        late=held is not None and held.clock.late,
        anchor=wanted.anchor,
        due_operational=wanted.due.operational if wanted.due is not None else None,
        due_legal_outer=law.outer if law is not None else None,
        recipient=wanted.recipient,
        zone=wanted.zone,
        template=rule.template,
        title=facts.title,
        identifiers=facts.identifiers,
        started_at=held.clock.started_at if held is not None else now,
        met_at=met.at if met is not None else None,
    )
    at = met.at if met is not None else now
    if held is not None and held.clock.state is ClockState.LATE and met is None:
        # A deadline that passed has passed, also where a sandbox compresses time and now lags.
        same = held.clock.due_operational == clock.due_operational
        at = max(now, clock.due_operational) if same and clock.due_operational is not None else now
    return Held(
        clock=_late(clock, at),
        occurrence=subject.occurrence,
        initial_load=wanted.initial_load,
        because=met.by if met is not None else wanted.because,
        decided_by=wanted.decided_by,
        reopen_trigger=wanted.reopen_trigger,
    )


def _identity(wanted: Obligation, facts: CaseFacts) -> str:
    return str(clock_id(wanted.rule.id, wanted.subject, facts.case))


def _late(clock: Clock, at: datetime) -> Clock:
    """Raise the flag where the deadline passed unmet. A provisional clock keeps its state.

    What passed is then only the deadline for a person to assess: the law has no awareness yet.
    """
    due = clock.due_operational
    ticking = clock.state in _TICKING or clock.state is ClockState.MET
    passed = (
        ticking and due is not None and due <= at and (clock.met_at is None or clock.met_at > due)
    )
    late = clock.late or passed
    overdue = passed and clock.state is ClockState.RUNNING
    state = ClockState.LATE if overdue else clock.state
    if (late, state) == (clock.late, clock.state):
        return clock
    return clock.model_copy(update={"late": late, "state": state})


def _filed(wanted: Obligation, identity: str, facts: CaseFacts) -> Met | None:
    """A filing for this very clock, or for its rule where it lists the product."""
    if wanted.rule.met_by is not MetBy.FILING:
        return None
    first = first_filing(facts, wanted.rule.id, wanted.subject, identity)
    return (
        None if first is None else Met(first.filed_at, f"filing {first.filing} by {first.filed_by}")
    )


def _differs(held: Held, after: Held) -> bool:
    told = any(getattr(held.clock, name) != getattr(after.clock, name) for name in _SHOWN)
    return told or held.initial_load != after.initial_load


def _events(held: Held | None, after: Held, facts: CaseFacts) -> Iterator[ClockEvent]:
    state = after.clock.state
    if held is None and (after.open or state is ClockState.MET):
        yield ClockStarted(
            clock=after.clock,
            because=after.because,
            digest_of=(facts.case,) if after.initial_load and after.open else (),
        )
    late = newly_late(held, after)
    if late:
        due = after.clock.due_operational or after.clock.started_at
        yield ClockLate(clock=after.clock, late_at=due)
    if state is ClockState.MET:
        yield ClockMet(clock=after.clock, by=after.because)
    elif not after.open and (held is None or held.clock.state != state):
        yield ClockEnded(
            clock=after.clock,
            because=after.because,
            decided_by=after.decided_by,
            reopen_trigger=after.reopen_trigger,
        )
    elif held is not None and not (late and _only_late(held, after)):
        yield _moved(held, after, after.because)


def _only_late(held: Held, after: Held) -> bool:
    """Whether nothing but lateness changed, which its own event says."""
    update = {"late": after.clock.late, "state": after.clock.state}
    return not _differs(replace(held, clock=held.clock.model_copy(update=update)), after)


def _moved(held: Held, after: Held, because: str) -> ClockMoved:
    return ClockMoved(
        clock=after.clock,
        previous_state=held.clock.state,
        previous_due=held.clock.due_operational,
        because=because,
    )
