"""Decides whether a person may approve a draft: never an author, never open, never a shadow.

Everyone who filled or edited a draft is its author; the approver is another person, and two others
where only the machine wrote (architecture, invariant 8).
"""

from dataclasses import dataclass
from enum import StrEnum

from services.notification.domain.document import DraftDocument, OpenField


class Refusal(StrEnum):
    """Why a draft cannot be approved now."""

    SHADOW = "shadow"
    ENDED = "ended"
    NOT_NEWEST = "not_newest"
    OTHER_CONTENT = "other_content"
    AUTHOR = "author"
    ALREADY = "already"
    OPEN_FIELDS = "open_fields"


@dataclass(frozen=True, slots=True)
class Standing:
    """A draft as an approver meets it."""

    document: DraftDocument
    digest: str
    newest: int
    shadow: bool
    ended: bool
    editors: frozenset[str]
    approved_by: frozenset[str]

    @property
    def authors(self) -> frozenset[str]:
        """Everyone who edited it, and everyone whose statement it carries."""
        return self.editors | self.document.people

    @property
    def needed(self) -> int:
        """How many approvals it needs."""
        return needed(self.authors)

    @property
    def complete(self) -> bool:
        """Whether enough people other than its authors have approved it."""
        return len(self.approved_by - self.authors) >= self.needed


def needed(authors: frozenset[str]) -> int:
    """One approver where a person wrote, two where only the machine did."""
    return 1 if authors else 2


def open_fields(document: DraftDocument) -> tuple[OpenField, ...]:
    """The fields for which approval waits."""
    return tuple(gap for gap in document.gaps if gap.required)


def refusal(standing: Standing, approver: str, revision: int, digest: str) -> Refusal | None:
    """Say why `approver` may not approve this revision, or None where they may."""
    checks = (
        (Refusal.SHADOW, standing.shadow or standing.document.shadow),
        (Refusal.ENDED, standing.ended),
        (Refusal.NOT_NEWEST, revision != standing.newest),
        (Refusal.OTHER_CONTENT, digest != standing.digest),
        (Refusal.AUTHOR, approver in standing.authors),
        (Refusal.ALREADY, approver in standing.approved_by),
        (Refusal.OPEN_FIELDS, bool(open_fields(standing.document))),
    )
    return next((why for why, holds in checks if holds), None)
