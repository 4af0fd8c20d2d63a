"""A submission and what can become of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from schemas.event import Event
from services.intake.formats.canonical import Contact, Subject
from services.intake.formats.error import Fault

WAIT = timedelta(days=7)
"""How long a document waits for the product it speaks of."""
LONGEST_NAME = 200
"""The most characters of a source's or document's name: both are part of a Kafka key."""


class Status(StrEnum):
    """What became of a submission. What meets a fault of ours is quarantined by the kit."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    WAITING = "waiting"
    REJECTED = "rejected"


SETTLED = frozenset({Status.PUBLISHED, Status.UNCHANGED, Status.WAITING})
"""After these the same bytes again are nothing new; after the others they are looked at afresh."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A document as it was given: by whom, under which name, on which lane, and about what.

    `person` is set where a person gives it as their own word: not an integration, and not somebody
    who hands on what a supplier says. `about` is what the submitter says an SBOM describes; it goes
    before what the document says.
    """

    id: UUID
    source: str
    document: str
    raw: bytes = field(repr=False)
    digest: str
    received_at: datetime
    principal: str | None = None
    person: str | None = None
    bulk: bool = False
    about: Subject | None = None
    traceparent: str | None = None
    case: str | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Source and document: what the raw digest is remembered under."""
        return self.source, self.document


@dataclass(frozen=True, slots=True)
class Emission:
    """An event to publish; `name` tells apart two of one type and key from one submission."""

    event: Event
    name: str = ""
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """Personal data to keep apart, encrypted, under the reference that events carry."""

    reference: str
    contact: Contact


@dataclass(frozen=True, slots=True)
class Outcome:
    """What intake decided on one submission, and what follows from it."""

    status: Status
    detail: str
    format: str | None = None
    emissions: tuple[Emission, ...] = ()
    faults: tuple[Fault, ...] = ()
    needs: frozenset[str] = frozenset()
    waits_for: tuple[str, str] | None = None
    kept: tuple[Kept, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    superseded: tuple[UUID, ...] = ()


def rejected(faults: tuple[Fault, ...], name: str | None = None) -> Outcome:
    """Refuse a submission for these faults (at least one)."""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return Outcome(Status.REJECTED, f"{faults[0].reason}{more}", name, faults=faults)
