"""Puts together what 806.10(c)(1) and (c)(13) ask for from the other elements of the report."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from services.notification.domain.document import FieldState
from services.notification.domain.facts import Answer, Source, known, not_applicable, unknown
from services.notification.domain.template import Status

PARTS = ("c1.registration", "c1.date", "c1.sequence", "c1.type")
"""What the number is made of, in order (21 CFR 806.10(c)(1))."""


def number(states: Mapping[str, FieldState], now: datetime) -> Answer:
    """Write the report number: registration, date as M/D/YY without padding, sequence, type."""
    values: list[str] = []
    lacking: list[str] = []
    for part in PARTS:
        state = states.get(part)
        if state is None or not isinstance(state.value, str) or state.fault is not None:
            lacking.append(state.label.lower() if state else part)
        else:
            values.append(state.value)
    if lacking:
        return unknown(f"waits for: {', '.join(lacking)}")
    registration, written, sequence, kind = values
    on = date.fromisoformat(written)
    text = f"{registration}-{on.month}/{on.day}/{on:%y}-{sequence}-{kind}"
    return known(text, Source("composed", "+".join(PARTS), now, "21 CFR 806.10(c)(1)"))


def not_available(states: Iterable[FieldState], now: datetime) -> Answer:
    """List the elements stated as pending, each with its reason and date (806.10(c)(13))."""
    pending = [each for each in states if each.status is Status.PENDING]
    source = Source("composed", "+".join(each.id for each in pending) or "all", now)
    if not pending:
        return not_applicable("no element is stated as pending", source)
    lines = [f"({each.number}) {each.label}: {each.reason}; by {each.until}" for each in pending]
    return known("\n".join(lines), source)
