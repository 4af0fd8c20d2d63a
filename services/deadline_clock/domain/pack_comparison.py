"""What one pack says differently from another: rules, fields, and which way deadlines move."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from services.deadline_clock.domain.arithmetic import deadline
from services.deadline_clock.domain.calendars import BRUSSELS, COUNTRIES, calendar, zone
from services.deadline_clock.domain.rules import Pack, Rule
from services.deadline_clock.domain.terms import PLACES

_SAMPLES = tuple(
    datetime(2026, 1, 1, 9, 30, tzinfo=UTC) + timedelta(days=day, minutes=97 * day)
    for day in range(0, 800, 3)
)
"""Anchors over two years, at every hour and weekday, with leap day, holidays and both changes."""

_UNSAID = frozenset({"pack"})


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one rule; None where a rule is not in that pack."""

    rule: str
    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Movement:
    """Which way a rule's operational deadlines go: earlier, later, both ways, begun or ended."""

    rule: str
    moves: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that differs between two packs."""

    before: str
    after: str
    changes: tuple[FieldChange, ...]
    movements: tuple[Movement, ...]


def compared(before: Pack, after: Pack) -> Comparison:
    """Compare two packs rule by rule."""
    old = {rule.id: rule for rule in before.rules}
    new = {rule.id: rule for rule in after.rules}
    changes: list[FieldChange] = []
    movements: list[Movement] = []
    for name in dict.fromkeys([*old, *new]):
        was, now = old.get(name), new.get(name)
        changes += _changes(name, was, now)
        moves = _moves(was, now)
        if moves is not None:
            movements.append(Movement(name, moves))
    return Comparison(before.reference, after.reference, tuple(changes), tuple(movements))


def _changes(name: str, was: Rule | None, now: Rule | None) -> list[FieldChange]:
    if was is None or now is None:
        label = (was or now or _never()).label
        return [FieldChange(name, "rule", label if was else None, label if now else None)]
    return [
        FieldChange(name, field.name, _said(was, field.name), _said(now, field.name))
        for field in fields(Rule)
        if field.name not in _UNSAID and getattr(was, field.name) != getattr(now, field.name)
    ]


def _never() -> Rule:
    raise AssertionError("a name of neither pack")


def _said(rule: Rule, field: str) -> str | None:
    held = getattr(rule, field)
    if held is None:
        return None
    if field == "period":
        parts = (held.calendar, held.roll, held.ends, held.bound)
        return f"{held.words} ({', '.join(each.value for each in parts)}, {held.edition})"
    if isinstance(held, tuple):
        return "; ".join(map(str, held))
    return str(held)


def _moves(was: Rule | None, now: Rule | None) -> str | None:
    fired = was is not None and was.fires
    fires = now is not None and now.fires
    if fired is not fires:
        return "begins to start clocks" if fires else "starts clocks no more"
    if was is None or now is None or not fires:
        return None
    if was.anchor is not now.anchor or was.anchor_rule != now.anchor_rule:
        return "runs from another fact"
    ways = {_way(was, now, anchor) for anchor in _SAMPLES} - {None}
    if not ways:
        return None
    return " or ".join(sorted(way for way in ways if way is not None))


def _way(was: Rule, now: Rule, anchor: datetime) -> str | None:
    before, after = _due(was, anchor), _due(now, anchor)
    if before == after:
        return None
    if before is None or after is None:
        return "has a number now" if before is None else "has no number any more"
    return "earlier" if after < before else "later"


def _due(rule: Rule, anchor: datetime) -> datetime | None:
    if rule.period is None:
        return None
    named = BRUSSELS if rule.zone in PLACES else rule.zone
    days = calendar(rule.period.calendar, COUNTRIES.get(named), rule.period.edition)
    return deadline(anchor, rule.period, zone(named), days).operational
