"""Deadline-clock's Kafka edge for facts of cases: hold, load, decide event by event, keep.

Cases, drafts and waves share one consumer and its order: they state facts of the same cases.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.campaigns import SafetyStopped, WaveStarted
from schemas.cases import (
    CaseClosed,
    CaseMerged,
    CaseOpened,
    CaseReopened,
    CaseScoped,
    CaseSignalled,
    CaseSplit,
    DecisionRecorded,
    ExploitationAssessed,
    IncidentAssessed,
    MeasureApproved,
    MeasureAvailable,
    MeasurePlanned,
    PathwayDecided,
    RiskAssessed,
)
from schemas.drafts import FilingRecorded, NoticeSent, RequestReceived
from schemas.event import Event
from schemas.sboms import SbomReviewDue, SbomReviewed
from services.deadline_clock import casework, in_force
from services.deadline_clock.consumer import consumer
from services.deadline_clock.domain.facts import CaseFacts
from services.deadline_clock.domain.folding import concerned, fold
from services.deadline_clock.domain.merging import merged, separated
from services.deadline_clock.store import cases
from services.kit.records import Batch, Received
from services.kit.unit import Unit


@dataclass(frozen=True, slots=True)
class _Turn:
    """One event in its turn: the case it speaks of, and that case's facts after it."""

    received: Received[Event]
    facts: CaseFacts
    products: frozenset[str]
    absorbed: str | None = None


@consumer.on(
    CaseOpened,
    CaseScoped,
    CaseSignalled,
    ExploitationAssessed,
    IncidentAssessed,
    RiskAssessed,
    PathwayDecided,
    DecisionRecorded,
    MeasurePlanned,
    MeasureApproved,
    MeasureAvailable,
    CaseMerged,
    CaseSplit,
    CaseClosed,
    CaseReopened,
    FilingRecorded,
    NoticeSent,
    RequestReceived,
    WaveStarted,
    SafetyStopped,
    SbomReviewDue,
    SbomReviewed,
    name="case-facts",
)
async def on_case_facts(batch: Batch, unit: Unit) -> None:
    """Take the facts of cases and decide their clocks, event by event, each with its own cause."""
    packs = await in_force.hold(unit)
    living = await casework.hold(unit, _named(batch))
    fresh = await _take(unit, batch)
    files = await cases.load(unit.db, living.values())
    linked = {case: frozenset(facts.products()) for case, facts in files.items()}
    turns = _fold(fresh, files, living)
    moves = _moves(turns)
    await cases.forward(unit.db, moves)
    desk = await casework.lay_out(unit, packs, files, absorbed=moves)
    for turn in turns:
        if turn.absorbed is not None:
            desk.merge(turn.facts.case, turn.absorbed)
        if turn.products or turn.absorbed is not None:
            desk.settle(turn.facts, unit.now, turn.received, turn.products or None)
    touched = {turn.facts.case for turn in turns} & files.keys()
    await cases.save(unit.db, [files[case] for case in touched], linked)
    await casework.keep(unit, desk.decided)
    await cases.move_clocks(unit.db, moves)


def _named(batch: Iterable[Received[Event]]) -> set[str]:
    named: set[str] = set()
    for received in batch:
        event = received.event
        if isinstance(event, CaseMerged):
            named |= {event.survivor, event.absorbed}
        elif isinstance(event, CaseSplit):
            named |= {event.case, event.separated}
        else:
            named.add(_case(event))
    return named


def _case(event: Event) -> str:
    """The case an event speaks of; what is due of a product's SBOM has a file of its own."""
    if isinstance(event, SbomReviewDue | SbomReviewed):
        return f"sbom/{event.product}"
    case: str = getattr(event, "case")  # noqa: B009  (every other event here has one)
    return case


async def _take(unit: Unit, batch: Batch) -> list[Received[Event]]:
    """Leave out what is not above the revision taken of its key, and remember the rest as taken."""
    newest: dict[cases.Aggregate, int] = {}
    for received in batch:
        aggregate = (received.event.TOPIC, received.key)
        newest[aggregate] = max(received.revision, newest.get(aggregate, 0))
    known = await cases.take(unit.db, newest)
    fresh: list[Received[Event]] = []
    for received in batch:
        aggregate = (received.event.TOPIC, received.key)
        if received.revision > known.get(aggregate, 0):
            known[aggregate] = received.revision
            fresh.append(received)
    return fresh


def _fold(
    fresh: Sequence[Received[Event]], files: dict[str, CaseFacts], living: dict[str, str]
) -> list[_Turn]:
    """Fold each event into its case; `files` and `living` become what they are after the last."""
    turns: list[_Turn] = []
    for received in fresh:
        event = received.event
        if isinstance(event, CaseMerged):
            turns += _merge(received, event, files, living)
            continue
        if isinstance(event, CaseSplit):
            turns += _split(received, event, files, living)
            continue
        before = files[living[_case(event)]]
        after = fold(before, event)
        files[after.case] = after
        turns.append(_Turn(received, after, concerned(event, before, after)))
    return turns


def _merge(
    received: Received[Event],
    event: CaseMerged,
    files: dict[str, CaseFacts],
    living: dict[str, str],
) -> list[_Turn]:
    """Join two cases, once: the event comes under both keys."""
    survivor, absorbed = living[event.survivor], living[event.absorbed]
    if survivor == absorbed:
        return []
    facts = merged(files[survivor], files.pop(absorbed))
    files[survivor] = facts
    for case, lives_on_as in living.items():
        if lives_on_as == absorbed:
            living[case] = survivor
    return [_Turn(received, facts, frozenset(facts.products()), absorbed)]


def _split(
    received: Received[Event],
    event: CaseSplit,
    files: dict[str, CaseFacts],
    living: dict[str, str],
) -> list[_Turn]:
    """Give the new case what people said while it was part of the other."""
    origin, separate = living[event.case], living[event.separated]
    if origin == separate:
        return []
    facts = separated(files[origin], files[separate])
    files[separate] = facts
    return [_Turn(received, facts, frozenset(facts.products()))]


def _moves(turns: Iterable[_Turn]) -> dict[str, str]:
    moves: dict[str, str] = {}
    for turn in turns:
        if turn.absorbed is not None:
            moves = {a: turn.facts.case if s == turn.absorbed else s for a, s in moves.items()}
            moves[turn.absorbed] = turn.facts.case
    return moves
