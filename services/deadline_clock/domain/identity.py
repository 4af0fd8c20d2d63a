"""A clock's id: the same obligation of the same case is the same clock, on every replay."""

from dataclasses import dataclass
from uuid import UUID, uuid5

_NAMESPACE = UUID("52f0d1b4-8a53-5d7c-b0f7-6c8c4f4a7e11")
"""The root of clock ids; changing it would start every clock anew."""

ONCE = "1"
"""The occurrence of what happens once a case and product, such as exploitation."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose obligation it is: an entity's for one product, or (NIS2) in one Member State.

    `occurrence` tells several happenings of one case apart: the id of the anchor's event.
    """

    entity: str | None
    product: str | None
    member_state: str | None = None
    occurrence: str = ONCE

    @property
    def about(self) -> str:
        """The product, or the Member State where the duty is the entity's."""
        return self.product or self.member_state or ""


def clock_id(rule: str, subject: Subject, case: str) -> UUID:
    """Derive the id of the clock of one rule, subject and case."""
    parts = (rule, subject.entity or "", subject.about, case, subject.occurrence)
    return uuid5(_NAMESPACE, "\x1f".join(parts))
