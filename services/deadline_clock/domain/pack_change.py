"""What a pack that two people applied does to clocks: who is named, and what it must keep."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.clocks import ClockEnded, ClockEvent, ClockMoved, ClockStarted
from services.deadline_clock.domain.decide import Decided
from services.deadline_clock.domain.rules import RuleBook
from services.deadline_clock.domain.wiring import wired

_LONGEST = 512
"""Characters of a reason on the wire."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A pack (`id@version`) that one person proposed and another one put in force."""

    proposal: int
    pack: str
    proposed_by: str
    approved_by: str
    since: datetime


def attributed(
    decided: Decided, applied: Mapping[str, Applied], moving: Applied | None = None
) -> Decided:
    """Name the pack change and both people for a change of a clock that follows from one.

    It does where the clock names another pack afterwards, whatever asked; and while the clocks are
    `moving` to a pack, for every change, since the same facts are decided anew. The clock's own
    reason stays beside it.
    """
    before, after = decided.change.before, decided.change.after
    was, now = before.clock.pack if before is not None else None, after.clock.pack
    found = moving
    if was != now and (was is not None or moving is not None):
        found = applied.get(now, moving)
    if found is None:
        return decided
    words = _words(found, was if found.pack == now else None)
    because = f"{words}; {after.because}"[:_LONGEST]
    history = replace(after, because=because, decided_by=found.approved_by)
    events = tuple(_told(event, because) for event in decided.events)
    return replace(decided, events=events, history=history)


def _words(applied: Applied, was: str | None) -> str:
    instead = f" in the place of {was}" if was not in {None, applied.pack} else ""
    return (
        f"pack {applied.pack} came into force{instead}, "
        f"proposed by {applied.proposed_by}, approved by {applied.approved_by}"
    )


def _told(event: ClockEvent, because: str) -> ClockEvent:
    if isinstance(event, ClockStarted | ClockMoved | ClockEnded):
        return event.model_copy(update={"because": because})
    return event


def orphaned(now: RuleBook, then: RuleBook, open_clocks: Mapping[str, int]) -> Iterator[str]:
    """The rules that open clocks (counted by rule) rest on and a book would start no more.

    Nothing would decide such a clock ever again: neither a filing nor a person could end it.
    """
    for rule, count in sorted(open_clocks.items()):
        if _starts(now, rule) and not _starts(then, rule):
            clocks = "1 open clock rests" if count == 1 else f"{count} open clocks rest"
            yield (
                f"{clocks} on rule {rule}, which would start clocks no more; "
                "keep the rule in the pack until they have ended"
            )


def _starts(book: RuleBook, name: str) -> bool:
    rule = book.rule(name)
    return rule is not None and rule.fires and wired(rule) is not None
