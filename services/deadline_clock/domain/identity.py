"""A clock's id: the same obligation of the same case is the same clock, on every replay."""

from uuid import UUID, uuid5

_NAMESPACE = UUID("52f0d1b4-8a53-5d7c-b0f7-6c8c4f4a7e11")
"""The root of clock ids; changing it would start every clock anew."""


def clock_id(rule: str, entity: str | None, product: str, case: str, occurrence: str) -> UUID:
    """Derive the id of the clock of one rule, legal entity, product, case and occurrence."""
    return uuid5(_NAMESPACE, "\x1f".join((rule, entity or "", product, case, occurrence)))
