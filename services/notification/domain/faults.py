"""Says why a value cannot be entered into its field: too long, not a choice, not a date."""

import re
from datetime import date, datetime

from services.notification.domain.product_answers import EU
from services.notification.domain.template import FieldRule


def fault_in(rule: FieldRule, value: str | tuple[str, ...]) -> str | None:
    """Name what is wrong with a value and what would mend it, or None where it can be entered."""
    if rule.kind == "countries":
        return _countries(value)
    if not isinstance(value, str):
        return "give one text, not a list"
    if not value.strip():
        return "the text is empty: give a value, or state why there is none"
    return _form(rule, value) or _moment(rule, value)


def _form(rule: FieldRule, value: str) -> str | None:
    if rule.max_length is not None and len(value) > rule.max_length:
        over = len(value) - rule.max_length
        return f"{len(value)} characters, the limit is {rule.max_length}: shorten it by {over}"
    if rule.values and value not in rule.values:
        return f"not one of {', '.join(rule.values)}"
    if rule.pattern is not None and not re.search(rule.pattern, value):
        return f"does not have the form {rule.pattern}"
    return None


def _countries(value: str | tuple[str, ...]) -> str | None:
    if isinstance(value, str):
        return "give a list of country codes"
    if not value:
        return "the list is empty: name at least one Member State"
    if stray := sorted(set(value) - EU):
        return f"not Member State codes: {', '.join(stray)}"
    return None


def _moment(rule: FieldRule, value: str) -> str | None:
    if rule.kind == "datetime":
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError:
            return "not an instant: write it like 2026-11-21T08:30:00Z"
        return None if parsed.tzinfo is not None else "has no zone: end it with Z for UTC"
    if rule.kind == "date":
        try:
            date.fromisoformat(value)
        except ValueError:
            return "not a date: write it like 2026-11-21"
    return None
