"""What no order of facts may ever do to a clock."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from schemas.catalogue import QualificationKind
from schemas.clocks import ClockMode, ClockMoved, ClockState
from services.deadline_clock.domain.acts import Filing
from services.deadline_clock.domain.change import OPEN
from tests.unit.deadline_clock.facts import (
    CASE,
    HOUR,
    PATCH,
    T0,
    Clockwork,
    around,
    confirmed,
    pages,
    product,
    rejected,
    signal,
)


class Life(RuleBasedStateMachine):
    """Facts in any order, time only forward: what a clock may never do."""

    def __init__(self) -> None:
        super().__init__()
        self.works = Clockwork()
        self.facts = CASE
        self.now = T0
        self.late: set[str] = set()
        self.met: set[str] = set()

    def settle(self) -> None:
        before = {name: held.clock for name, held in self.works.held.items()}
        found = self.works.decide(self.facts, self.now)
        told = {each.clock.clock for each in pages(found)}
        for each in found:
            moved = [event for event in each.events if isinstance(event, ClockMoved)]
            was, now = before.get(each.change.after.clock.clock), each.change.after.clock
            earlier = (
                was is not None
                and was.due_operational is not None
                and now.due_operational is not None
                and now.due_operational < was.due_operational
            )
            if moved and earlier and was is not None and was.state in OPEN and now.state in OPEN:
                assert now.late or now.clock in told or each.told_together, (
                    "a deadline that moves earlier is told at once"
                )

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR
        self.settle()

    @rule(back=st.integers(0, 50), backfill=st.booleans(), name=st.sampled_from("abc"))
    def evidence(self, back: int, backfill: bool, name: str) -> None:
        found = signal(self.now - back * HOUR, evidence=name, backfill=backfill)
        known = {each.signal: each for each in self.facts.signals}
        self.facts = replace(self.facts, signals=tuple(({name: found} | known).values()))
        self.settle()

    @rule(back=st.integers(0, 50))
    def confirmation(self, back: int) -> None:
        answer = confirmed(self.now - back * HOUR, self.now)
        self.facts = replace(self.facts, assessments=(answer,))
        self.settle()

    @rule()
    def rejection(self) -> None:
        self.facts = replace(self.facts, assessments=(rejected(self.now),))
        self.settle()

    @rule(back=st.integers(0, 30))
    def measure(self, back: int) -> None:
        fix = replace(PATCH, available_at=self.now - back * HOUR)
        self.facts = replace(self.facts, measures=(fix,))
        self.settle()

    @precondition(lambda self: bool(self.works.held))
    @rule(data=st.data())
    def filed(self, data: st.DataObject) -> None:
        clock = self.works.held[data.draw(st.sampled_from(sorted(self.works.held)))].clock
        found = Filing(clock.clock, clock.clock, clock.rule, (), "ra", self.now, self.now)
        self.facts = replace(self.facts, filings=(*self.facts.filings, found))
        self.settle()

    @rule(kind=st.sampled_from([None, *QualificationKind]))
    def qualified(self, kind: QualificationKind | None) -> None:
        self.works.around = around(product(kind))
        self.settle()

    @invariant()
    def deciding_again_finds_nothing(self) -> None:
        assert self.works.decide(self.facts, self.now) == ()

    @invariant()
    def late_is_for_ever(self) -> None:
        now_late = {name for name, held in self.works.held.items() if held.clock.late}
        assert self.late <= now_late
        self.late = now_late

    @invariant()
    def met_is_final(self) -> None:
        now_met = {n for n, h in self.works.held.items() if h.clock.state is ClockState.MET}
        assert self.met <= now_met
        self.met = now_met

    @invariant()
    def operational_is_never_after_the_law(self) -> None:
        for held in self.works.held.values():
            if held.clock.due_operational is not None and held.clock.due_legal_outer is not None:
                assert held.clock.due_operational <= held.clock.due_legal_outer

    @invariant()
    def an_open_clock_past_its_deadline_is_late(self) -> None:
        for held in self.works.held.values():
            due = held.clock.due_operational
            if held.open and due is not None and due <= self.now:
                assert held.clock.late

    @invariant()
    def shadow_is_labelled(self) -> None:
        for held in self.works.held.values():
            if held.clock.mode is ClockMode.SHADOW:
                assert held.clock.mode_reason.startswith("not a legal duty")


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=40, stateful_step_count=20)
