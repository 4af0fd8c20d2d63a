"""Brings a case's clocks to what is asked: one clock a demand, and none that nobody asks for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from schemas.clocks import ClockState
from services.deadline_clock.domain.bound import asked_of
from services.deadline_clock.domain.change import Change, Held, Slot, slot
from services.deadline_clock.domain.clock import advance, ended, superseded
from services.deadline_clock.domain.facts import CaseFacts, Surroundings
from services.deadline_clock.domain.obligations import Obligation

_ELSEWHERE = "NIS2 is asked of another entity, or in another Member State, by the catalogue's facts"


def changes(
    facts: CaseFacts,
    surroundings: Surroundings,
    clocks: Sequence[Held],
    asked: Iterable[Obligation],
    now: datetime,
) -> Iterator[Change]:
    """Every clock of a case that begins, moves or ends; those that stay as they are do not come."""
    held = _by_slot(clocks)
    for wanted in asked:
        mine = held.get(slot(wanted.rule.id, wanted.subject), ())
        first = mine[0] if mine else None
        if (change := advance(first, wanted, facts, now)) is not None:
            yield change
        yield from _duplicates(mine, facts)
    yield from _elsewhere(facts, surroundings, clocks)


def _elsewhere(
    facts: CaseFacts, surroundings: Surroundings, clocks: Iterable[Held]
) -> Iterator[Change]:
    """End an entity's clocks where it, or a Member State whose law binds it, is another now."""
    held = [each for each in clocks if each.clock.product is None and each.open]
    bound = asked_of(facts, surroundings) if held else frozenset()
    for each in held:
        if (each.clock.entity, each.clock.member_state) in bound:
            continue
        if (change := ended(each, _ELSEWHERE, "that changes", facts)) is not None:
            yield change


def _by_slot(clocks: Iterable[Held]) -> Mapping[Slot, Sequence[Held]]:
    """Clocks by what they are the clock of; the earliest anchor leads after a merge."""
    slots: dict[Slot, list[Held]] = {}
    for each in clocks:
        slots.setdefault(each.slot, []).append(each)
    return {slot: sorted(held, key=_precedence) for slot, held in slots.items()}


def _precedence(held: Held) -> tuple[bool, bool, bool, float, str]:
    """What was met leads, then the earliest anchor; what another carries on comes last."""
    met = held.clock.state is ClockState.MET
    carried_on = held.clock.state is ClockState.SUPERSEDED
    anchor = held.clock.anchor
    at = anchor.at if anchor is not None else held.clock.started_at
    return (not met, carried_on, anchor is None, at.timestamp(), held.clock.clock)


def _duplicates(clocks: Sequence[Held], facts: CaseFacts) -> Iterator[Change]:
    for each in clocks[1:]:
        if (change := superseded(each, clocks[0], facts)) is not None:
            yield change
