"""What people and rollouts did in a case: notices, requests, filings, waves, reviews, routes."""

from dataclasses import dataclass
from datetime import datetime

SUPPOSED = "supposed initiation"
"""What a supposed act is called: it stands in the place of all that are on record."""


@dataclass(frozen=True, slots=True)
class Initiation:
    """A wave, or a supposed act: what may initiate a correction (21 CFR 806.10(b))."""

    what: str
    id: str
    product: str | None
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What customers, a reporter or a Notified Body were told; without a product, of all."""

    notice: str
    product: str | None
    kind: str
    sent_at: datetime
    sent_by: str


@dataclass(frozen=True, slots=True)
class Request:
    """What an authority asked for; `rule` names what it asks for, `due_at` when it wants it."""

    request: str
    authority: str
    rule: str | None
    due_at: datetime | None
    received_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True)
class Pathway:
    """The signed route of a change: whether a Notified Body approves it, is told, or neither."""

    measure: str
    product: str
    route: str
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class SbomDuty:
    """A registered SBOM revision that a person has to review; flat ones lack their depth."""

    duty: str
    product: str
    version: str
    hardware: str
    revision: int
    flat: bool
    due_since: datetime


@dataclass(frozen=True, slots=True)
class SbomReview:
    """A person's review of an SBOM, and the duties that it ends."""

    review: str
    product: str
    version: str
    hardware: str
    meets: tuple[str, ...]
    reviewed_by: str
    reviewed_at: datetime


@dataclass(frozen=True, slots=True)
class Filing:
    """What a person handed to an authority."""

    filing: str
    clock: str
    rule: str
    products: tuple[str, ...]
    filed_by: str
    filed_at: datetime
    recorded_at: datetime
