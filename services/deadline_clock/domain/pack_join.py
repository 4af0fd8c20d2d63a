"""Joins packs to the book in force; refuses those that do not go together."""

from collections.abc import Iterable, Iterator

from services.deadline_clock.domain.escalation import Escalation
from services.deadline_clock.domain.pack_document import PackError
from services.deadline_clock.domain.rules import Pack, Rule, RuleBook


def rule_book(packs: Iterable[Pack], escalation: Escalation) -> RuleBook:
    """Join packs.

    Raises:
        PackError: two share an id, a rule names one that no pack holds, or no escalation chain fits
            a rule that starts clocks; one line a fault.
    """
    book = RuleBook(tuple(packs))
    faults = [*_taken_twice(book), *_strangers(book), *_without_chain(book, escalation)]
    if faults:
        raise PackError("\n".join(faults))
    return book


def _taken_twice(book: RuleBook) -> Iterator[str]:
    names: dict[str, str] = {}
    for pack in book.packs:
        if pack.id in names:
            yield f"{pack.reference}: the pack {names[pack.id]} has the same id; leave one out"
        names[pack.id] = pack.reference
    owners: dict[str, str] = {}
    for rule in book:
        if rule.id in owners:
            yield f"{rule.pack}: rule {rule.id} is also in {owners[rule.id]}; rename one of them"
        owners[rule.id] = rule.pack


def _strangers(book: RuleBook) -> Iterator[str]:
    known = {rule.id for rule in book}
    for rule in book:
        for field, name in _named(rule):
            if name is not None and name not in known:
                yield (
                    f"{rule.pack}: {rule.id}: {field}: no pack holds a rule {name}; "
                    "correct its id, or add the pack that has it"
                )


def _named(rule: Rule) -> Iterator[tuple[str, str | None]]:
    counter = rule.platform_counter
    yield "anchor_rule", rule.anchor_rule
    yield "varies", rule.varies
    yield "supersedes", rule.supersedes
    yield "platform_counter", counter.from_filing_of if counter is not None else None


def _without_chain(book: RuleBook, escalation: Escalation) -> Iterator[str]:
    for rule in book.firing():
        for initial_load in (False, True):
            try:
                escalation.chain(rule, initial_load=initial_load)
            except LookupError as error:
                yield f"{escalation.reference}: {error}; add a chain for it"
