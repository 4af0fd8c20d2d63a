"""Names the requests of authorities that no clock follows from, and how to have one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.deadline_clock.domain.facts import CaseFacts
from services.deadline_clock.domain.rules import RuleBook
from services.deadline_clock.domain.wiring import by_request


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request that started no clock: nobody is woken for it, whenever it is due."""

    request: str
    authority: str
    rule: str | None
    received_at: datetime
    due_at: datetime | None
    because: str
    mend: str


def unanswered(facts: CaseFacts, book: RuleBook) -> Iterator[Unanswered]:
    """Requests that name no rule, or one that no request starts.

    One that was recorded again as it should be (the same authority, the same receipt) is answered.
    """
    startable = {rule.id for rule in book if by_request(rule)}
    heard = {
        (each.authority, each.received_at) for each in facts.requests if each.rule in startable
    }
    for each in facts.requests:
        if each.rule in startable or (each.authority, each.received_at) in heard:
            continue
        yield Unanswered(
            request=each.request,
            authority=each.authority,
            rule=each.rule,
            received_at=each.received_at,
            due_at=each.due_at,
            because=_because(each.rule, book),
            mend="record it again, with the same authority and receipt, and name one of: "
            + ", ".join(sorted(startable)),
        )


def _because(rule: str | None, book: RuleBook) -> str:
    if rule is None:
        return "it names no rule"
    if book.rule(rule) is None:
        return f"no pack in force has a rule {rule}"
    return f"no request starts a clock of {rule}"
