"""Writes the tables of docs/clocks.md from the packs, so that the page never drifts from them."""

import sys
from collections.abc import Iterator
from pathlib import Path

from services.deadline_clock.domain.escalation import Escalation, Step
from services.deadline_clock.domain.rules import Pack, Roll, Rule, RuleBook
from services.deadline_clock.domain.terms import Bound, Status
from services.deadline_clock.domain.wiring import wired
from services.deadline_clock.library import library

_BEGIN = "<!-- begin {name}: written by services/deadline_clock/documentation.py -->"
_END = "<!-- end {name} -->"


def rules_table(book: RuleBook) -> str:
    """One line a rule: what it asks, from when, until when, by what authority, how sure we are."""
    head = [
        "| rule | what | kind | from | period | met by | authority | source | confidence |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *(_rule(rule) for rule in book)])


def _rule(rule: Rule) -> str:
    since = f", from {rule.applies_from.isoformat()}" if rule.applies_from is not None else ""
    kind = f"{_kind(rule)}{since}"
    only = f", {', '.join(rule.countries)} only" if rule.countries else ""
    cells = (
        f"`{rule.id}`", rule.label, kind + only, _anchor(rule), _period(rule),
        rule.met_by.value.replace("_", " "), rule.authority, rule.source, rule.confidence.value,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _kind(rule: Rule) -> str:
    if rule.status is Status.PROPOSED:
        return "proposal, not law"
    if rule.status.value == rule.kind.value:
        return rule.kind.value
    return f"{rule.kind.value}, {rule.status.value.replace('_', ' ')}"


def _anchor(rule: Rule) -> str:
    of = f" of `{rule.anchor_rule}`" if rule.anchor_rule is not None else ""
    return f"`{rule.anchor.value}`{of}"


def _period(rule: Rule) -> str:
    period = rule.period
    if period is None:
        return f"no number: {rule.soft_limb}"
    text = f"at least {period.words}" if period.bound is Bound.AT_LEAST else period.words
    return f"{text}, law rolls to a working day" if period.roll is Roll.NEXT_WORKING_DAY else text


def _kinds(pack: Pack) -> str:
    proposals = all(rule.status is Status.PROPOSED for rule in pack.rules)
    return "proposals" if proposals else pack.kind.value


def packs_table(book: RuleBook) -> str:
    """One line a pack: what stands behind it, how many rules, and what is open about them."""
    head = [
        "| pack | kind | what | rules | facts start | open points |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join(
        [
            *head,
            *(
                f"| `{pack.id}` | {_kinds(pack)} | {pack.title} | {len(pack.rules)} | "
                f"{sum(rule.fires and wired(rule) is not None for rule in pack.rules)} | "
                f"{len(pack.open_points)} |"
                for pack in sorted(book.packs, key=lambda each: each.id)
            ),
        ]
    )


def steps_table(escalation: Escalation) -> str:
    """One line a chain: which clocks it is for, and its steps."""
    head = ["| chain | for | steps | while late |", "|---|---|---|---|"]
    return "\n".join([*head, *_chains(escalation)])


def _chains(escalation: Escalation) -> Iterator[str]:
    for chain in escalation.chains:
        kinds = ", ".join(kind.value for kind in chain.kinds)
        limit = f" up to {chain.up_to} {chain.unit.value}s" if chain.up_to and chain.unit else ""
        who = "an initial load's, not assessed yet" if chain.initial_load else kinds + limit
        steps = ", ".join(f"{step.at} ({_how(step)})" for step in chain.steps)
        repeats = ", ".join(
            f"every {int(each.every.total_seconds()) // 60} min until "
            f"{int(each.until.total_seconds()) // 3600} h"
            for each in chain.repeat
        )
        yield f"| `{chain.id}` | {who} | {steps} | {repeats or 'not again'} |"


def _how(step: Step) -> str:
    limit = step.draft_below
    unless = f" unless the draft is {limit.name.lower()}" if limit is not None else ""
    return f"{step.severity.value}{unless}"


def written(page: str) -> str:
    """The page with its tables as the packs have them now.

    Raises:
        ValueError: a marker is missing.
    """
    packs = library()
    page = _replaced(page, "packs", packs_table(packs.book))
    page = _replaced(page, "rules", rules_table(packs.book))
    return _replaced(page, "steps", steps_table(packs.escalation))


def _replaced(page: str, name: str, table: str) -> str:
    begin, end = _BEGIN.format(name=name), _END.format(name=name)
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page lacks the markers of `{name}`: put {begin} and {end} into it")
    return f"{before}{begin}\n{table}\n{end}{after}"


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/clocks.md")
    target.write_text(written(target.read_text("utf-8")), "utf-8")
