"""Stream `drafts`: prepared notifications, approvals, and the filings people made.

Only notification writes it. Nothing here was ever sent to an authority by the software.
"""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from schemas.event import Event, Instant, Name, Value


class CaseDocument(Event):
    """A fact about a document of one case."""

    TOPIC: ClassVar[str] = "drafts"

    case: Name = Field(description="The case.")

    @property
    def key(self) -> str:
        """The case."""
        return self.case


class Gap(Value):
    """A field that a draft still lacks."""

    field: Name = Field(description="Field id.")
    label: Name = Field(description="Field name for people.")
    required: bool = Field(description="Whether approval waits for it.")
    reason: Name = Field(description="Why it is open.")
    expected_on: str | None = Field(default=None, description="When it is expected, if known.")


class Draft(Value):
    """A prepared notification, as full state without its text (that is fetched over HTTP)."""

    draft: Name = Field(description="Id; a new revision keeps it.")
    revision: int = Field(ge=1, description="Counts up.")
    clock: Name = Field(description="The clock it would meet.")
    rule: Name = Field(description="That clock's rule.")
    stage: str | None = Field(default=None, description="Filing stage.")
    product: str | None = Field(default=None, description="Product.")
    template: Name = Field(description="Template and version, such as `srp-aev-early-warning@1.3`.")
    shadow: bool = Field(description="True where it can be neither approved nor recorded as filed.")
    digest: Name = Field(description="SHA-256 of the canonical JSON, hex.")
    gaps: tuple[Gap, ...] = Field(default=(), description="What is still open.")
    prepared_at: Instant = Field(description="When this revision was made.")


class DraftPrepared(CaseDocument):
    """A draft exists in a new revision."""

    TYPE: ClassVar[str] = "draft.prepared.v1"

    draft: Draft = Field(description="The draft.")
    because: Name = Field(description="What made the revision.")
    outdates: int | None = Field(
        default=None, description="Approved revision that is now outdated."
    )
    differing: tuple[str, ...] = Field(default=(), description="Fields that differ from it.")


class DraftApproved(CaseDocument):
    """A person who is not an author approved a revision, bound to its digest."""

    TYPE: ClassVar[str] = "draft.approved.v1"

    draft: Draft = Field(description="The draft.")
    approved_by: Name = Field(description="The person.")
    approvals: int = Field(ge=1, description="How many approvals this revision has now.")
    complete: bool = Field(description="Whether it has all it needs to be filed by a person.")
    approved_at: Instant = Field(description="When.")


class DraftVoided(CaseDocument):
    """A person's edit voided the approvals of a draft, or its clock ended."""

    TYPE: ClassVar[str] = "draft.voided.v1"

    draft: Draft = Field(description="The draft.")
    because: Name = Field(description="Why.")
    voided_at: Instant = Field(description="When.")


class FilingRecorded(CaseDocument):
    """A person recorded what they handed to an authority. Always accepted into the record."""

    TYPE: ClassVar[str] = "filing.recorded.v1"

    filing: Name = Field(description="Id.")
    clock: Name = Field(description="The clock it is for.")
    rule: Name = Field(description="That clock's rule.")
    stage: str | None = Field(default=None, description="Filing stage.")
    products: tuple[str, ...] = Field(description="Products it covers.")
    draft: str | None = Field(default=None, description="The draft used, if one.")
    revision: int | None = Field(default=None, description="Its revision.")
    receipt: Name = Field(description="The authority's receipt or reference.")
    filed_by: Name = Field(description="The person who filed.")
    filed_at: Instant = Field(description="When they filed.")
    recorded_at: Instant = Field(description="When it was recorded.")
    mismatches: tuple[str, ...] = Field(
        default=(), description="What does not fit: not approved, outdated revision, ..."
    )


class NoticeKind(StrEnum):
    """Whom a notice tells what: customers, a reporter, or a Notified Body."""

    ADVISORY = "advisory"
    FIELD_SAFETY_NOTICE = "field_safety_notice"
    WORKAROUND = "workaround"
    ACKNOWLEDGEMENT = "acknowledgement"
    NOTIFIED_BODY = "notified_body"


class NoticeSent(CaseDocument):
    """Customers, a reporter or a Notified Body were told something about a case."""

    TYPE: ClassVar[str] = "notice.sent.v1"

    notice: Name = Field(description="Id.")
    product: str | None = Field(default=None, description="Product.")
    kind: Name = Field(
        description="advisory, field_safety_notice, workaround, acknowledgement, notified_body."
    )
    channel: Name = Field(description="How.")
    recipients: int = Field(ge=0, description="How many.")
    sent_by: Name = Field(description="The person who released it.")
    sent_at: Instant = Field(description="When the first went out.")


class RequestReceived(CaseDocument):
    """An authority asked for something; a person recorded it."""

    TYPE: ClassVar[str] = "request.received.v1"

    request: Name = Field(description="Id.")
    authority: Name = Field(description="Who asks.")
    rule: str | None = Field(
        default=None, description="The rule it triggers, such as `cra.intermediate`."
    )
    due_at: Instant | None = Field(default=None, description="When they want it, if stated.")
    received_at: Instant = Field(description="When it was received.")
    recorded_by: Name = Field(description="The person.")
