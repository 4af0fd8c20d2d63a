"""Stream `rejections`: what became of submitted documents that intake could not accept."""

from typing import ClassVar

from pydantic import Field

from schemas.event import Event, Instant, Name


class SubmissionRejected(Event):
    """A submitted document was refused; nothing of it was published."""

    TYPE: ClassVar[str] = "submission.rejected.v1"
    TOPIC: ClassVar[str] = "rejections"

    submission: Name = Field(description="Id of the submission, as the answer to it gave it.")
    source: Name = Field(description="The integration or person that submitted it.")
    document: Name = Field(description="The document's name as submitted.")
    digest: str = Field(description="SHA-256 of the raw bytes, hex.")
    format: str | None = Field(default=None, description="The format it was taken for, if any.")
    reason: Name = Field(description="Why it was refused, in one sentence.")
    code: Name = Field(description="Stable short name of the reason, such as `unknown_product`.")
    pointer: str | None = Field(
        default=None, description="JSON pointer or line to the place at fault."
    )
    mend: str = Field(description="What the submitter can do about it.")
    rejected_at: Instant = Field(description="When intake decided.")

    @property
    def key(self) -> str:
        """Source and document."""
        return f"{self.source}/{self.document}"
