"""Which of several known instants a rule runs from; many a tool runs it from the wrong one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.deadline_clock.domain.rules import Rule
from services.deadline_clock.domain.terms import AnchorName, Trigger

ACTS = ("approved_at", "customer_told_at", "first_wave_at")
"""What may be read as initiating a correction (21 CFR 806.10(b)); the earliest counts."""

NEVER = ("published_at", "detected_at", "signal_held_at")
"""Instants that are known long before the law counts, and from which no period of it runs."""

KNOWN = frozenset({*(name.value for name in AnchorName), *ACTS, *NEVER})
"""Every fact that may be given."""


@dataclass(frozen=True, slots=True)
class Anchored:
    """The instant a rule runs from, and what there is to say about the choice."""

    at: datetime
    note: str | None = None


def anchored(rule: Rule, facts: Mapping[str, datetime]) -> Anchored | None:
    """Choose the fact that a rule runs from; None where it is not known yet: the rule waits.

    `filed_at` is the filing of the stage that the rule names. Other facts change nothing, however
    early they are.
    """
    if rule.anchor is AnchorName.INITIATED_AT:
        return _initiated(facts)
    at = facts.get(rule.anchor.value)
    if at is None:
        return None
    aware_at = facts.get(AnchorName.AWARE_AT)
    of_exploitation = rule.trigger is Trigger.EXPLOITATION
    if rule.anchor is AnchorName.MEASURE_AVAILABLE_AT and of_exploitation and aware_at is not None:
        return _no_earlier(at, aware_at)
    return Anchored(at)


def _initiated(facts: Mapping[str, datetime]) -> Anchored | None:
    named = [AnchorName.INITIATED_AT.value, *ACTS]
    found = [(facts[name], name) for name in named if name in facts]
    if not found:
        return None
    at, name = min(found)
    if name == "approved_at":
        return Anchored(at, "interpretation: approval to act counts as initiating")
    return Anchored(at)


def _no_earlier(available: datetime, aware: datetime) -> Anchored:
    if available >= aware:
        return Anchored(available)
    return Anchored(
        aware, "interpretation: the measure predates aware_at, the later instant counts"
    )
