"""What intake answers over HTTP: submissions with what became of them, and the catalogue."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.catalogue import EntityRegistered, ProductRegistered, SiteRegistered
from schemas.devices import DeviceRegistered
from services.intake.store.submissions import Settled

StatusName = Literal["published", "unchanged", "superseded", "waiting", "rejected"]


class View(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True)


class FaultView(View):
    """One thing that is wrong with a document."""

    code: str = Field(description="Stable short name of the reason.")
    reason: str = Field(description="What is wrong.")
    pointer: str | None = Field(description="JSON pointer, or line and column in CSV.")
    mend: str = Field(description="What to do about it.")


class SubmissionView(View):
    """A submission and what became of it."""

    id: UUID
    source: str = Field(description="Who submitted it, or the feed's name they gave.")
    document: str = Field(description="Its name.")
    principal: str | None = Field(description="Whose signature or token it came with.")
    lane: Literal["urgent", "bulk"]
    digest: str = Field(description="SHA-256 of its bytes: `/v1/originals/{digest}`.")
    size: int = Field(description="Bytes.")
    format: str | None = Field(description="The format it was read as.")
    status: StatusName
    detail: str = Field(description="What became of it, in words.")
    faults: list[FaultView] = Field(description="What was wrong, also with single records of it.")
    counts: dict[str, int] = Field(description="Records or rows by what became of them.")
    received_at: datetime
    decided_at: datetime
    dry_run: bool = False


class ProductView(View):
    """A product of the catalogue."""

    product: ProductRegistered
    retired: bool


class DeviceView(View):
    """A device of the catalogue."""

    device: DeviceRegistered
    retired: bool


class Erased(View):
    """What erasing a contact took with it."""

    reference: str
    originals: int = Field(description="Originals whose bytes were erased with it.")


class ContactView(View):
    """Personal data, opened for whoever has to reach the person."""

    reference: str
    name: str
    role: str
    email: str
    phone: str


class ReconcileView(View):
    """Joins that were missed; always empty, or something is broken."""

    differences: list[str]


def of_row(row: Any) -> SubmissionView:
    """The view of a stored submission."""
    return SubmissionView(
        id=row["id"],
        source=row["source"],
        document=row["document"],
        principal=row["principal"],
        lane="bulk" if row["bulk"] else "urgent",
        digest=row["digest"],
        size=row["size"],
        format=row["format"],
        status=row["status"],
        detail=row["detail"],
        faults=row["faults"],
        counts=row["counts"],
        received_at=row["received_at"],
        decided_at=row["decided_at"],
    )


def of_settled(settled: Settled, now: datetime, *, dry_run: bool) -> SubmissionView:
    """The view of a submission that was just decided."""
    submission, outcome = settled.submission, settled.outcome
    return SubmissionView(
        id=submission.id,
        source=submission.source,
        document=submission.document,
        principal=submission.principal,
        lane="bulk" if submission.bulk else "urgent",
        digest=submission.digest,
        size=len(submission.raw),
        format=outcome.format,
        status=outcome.status.value,
        detail=outcome.detail,
        faults=[
            FaultView(code=f.code, reason=f.reason, pointer=f.pointer, mend=f.mend)
            for f in outcome.faults
        ],
        counts=outcome.counts,
        received_at=submission.received_at,
        decided_at=now,
        dry_run=dry_run,
    )


def entity(row: Any) -> EntityRegistered:
    """A stored legal entity."""
    return EntityRegistered.model_validate(row["body"])


def site(row: Any) -> SiteRegistered:
    """A stored site."""
    return SiteRegistered.model_validate(row["body"])


def product(row: Any) -> ProductView:
    """A stored product."""
    return ProductView(
        product=ProductRegistered.model_validate(row["body"]), retired=row["retired"]
    )


def device(row: Any) -> DeviceView:
    """A stored device."""
    return DeviceView(device=DeviceRegistered.model_validate(row["body"]), retired=row["retired"])
