"""Intake's HTTP edge for the registry of SBOMs: revisions, documents out, and who got them."""

import asyncio
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake import sealing
from services.intake.absence import absent
from services.intake.domain import handing_out, identity
from services.intake.domain.handing_out import Channel, Fit, Format, Handed, Place
from services.intake.formats.canonical import LONGEST_NAME
from services.intake.store import registry, submissions
from services.intake.store.registry import Access
from services.kit import ids
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page
from services.kit.http import router as make_router
from services.kit.pages import Key, foreign, moment
from services.kit.unit import ForbiddenError, Unit

router = make_router("intake")

Asked = Annotated[str | None, Query(max_length=LONGEST_NAME)]
Named = Annotated[str, Query(min_length=1, max_length=LONGEST_NAME)]

READERS = ("psirt", "regulatory", "quality", "admin", "auditor")
"""Who may see who was handed what."""


class View(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True)


class RevisionView(View):
    """One revision of the SBOM of a product, version and hardware configuration."""

    product: str
    version: str
    hardware: str = Field(description="Hardware configuration; empty means any.")
    revision: int = Field(description="Counts from 1 for this product, version and hardware.")
    latest: bool = Field(description="Whether no later one replaced it.")
    sbom: str = Field(description="Its id in events: made of its place and content.")
    sha256: str = Field(description="Of the document as received.")
    size: int = Field(description="Bytes of the document as received.")
    format: str
    format_version: str = Field(description="Empty where it is older than the registry.")
    components: int
    submission: UUID
    source: str
    submitted_by: str | None
    registered_at: datetime


class RunningView(View):
    """Which SBOM describes what runs on a version and hardware configuration."""

    fit: Fit = Field(description="For this hardware, for any, or none is registered.")
    sbom: RevisionView | None


class HandOut(BaseModel):
    """Which SBOM to hand out, how, and for whom."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    product: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    version: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    hardware: Annotated[str, Field(max_length=LONGEST_NAME)] = ""
    revision: Annotated[int | None, Field(ge=1, le=2**31 - 1, description="Else the latest.")] = (
        None
    )
    channel: Channel
    format: Format
    recipient: Annotated[
        str, Field(min_length=1, max_length=LONGEST_NAME, description="For whom; it is recorded.")
    ]
    author: Annotated[
        str | None,
        Field(max_length=LONGEST_NAME, description="The organisation that answers for the SBOM."),
    ] = None


class AccessView(View):
    """The record of one SBOM that was handed out."""

    id: UUID
    product: str
    version: str
    hardware: str
    revision: int
    sbom: str
    channel: Channel
    format: Format
    recipient: str = Field(description="For whom it was taken.")
    handed_by: str = Field(description="The principal who took it.")
    sha256: str = Field(description="Of the bytes that were handed out.")
    size: int = Field(description="Bytes that were handed out.")
    left_out: list[str] = Field(description="What the format has no place for.")
    at: datetime


@router.get("/v1/sboms")
async def list_revisions(
    unit: CurrentUnit,
    product: Asked = None,
    version: Asked = None,
    hardware: Asked = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RevisionView]:
    """Every revision of every SBOM, by product, version, hardware and number."""

    async def query(after: Key | None, most: int) -> list[RevisionView]:
        last = _place(after)
        rows = await registry.revisions(unit.db, product, version, hardware, last, most)
        return [_revision(row) for row in rows]

    return await page(
        query, cursor, limit, lambda v: (v.product, v.version, v.hardware, v.revision)
    )


@router.get("/v1/sboms/running")
async def show_running(
    unit: CurrentUnit, product: Named, version: Named, hardware: Asked = None
) -> RunningView:
    """The SBOM of what a device runs, by its product, version and hardware configuration."""
    held = await registry.configurations(unit.db, product, version)
    chosen, fit = handing_out.fitting(held, hardware or "")
    if chosen is None:
        return RunningView(fit=fit, sbom=None)
    row = await registry.revision(unit.db, Place(product, version, chosen), None)
    return RunningView(fit=fit, sbom=_revision(row))


@router.post("/v1/sbom-documents", response_class=Response)
async def hand_out(wanted: HandOut, unit: CurrentUnit) -> Response:
    """Hand out a revision for a channel; who got it, for whom and what is kept with the answer.

    The answer's `Location` is the record, its `ETag` the SHA-256 of the body.
    """
    actor = unit.require()
    allowed = handing_out.roles(wanted.channel)
    if actor.roles.isdisjoint(allowed):
        raise ForbiddenError(
            f"{actor.id} may not hand out SBOMs by the channel {wanted.channel}: "
            f"that takes the role {' or '.join(sorted(allowed))}"
        )
    if not handing_out.fits(wanted.channel, wanted.format):
        raise Problem(
            422,
            "Request is not valid",
            f"the original is not cut to what the channel {wanted.channel} holds",
            "/format",
            "take cyclonedx-1.6 or spdx-2.3, or the channel internal",
        )
    place = Place(wanted.product, wanted.version, wanted.hardware)
    row = await registry.revision(unit.db, place, wanted.revision)
    if row is None:
        raise absent("SBOM", _named(place, wanted.revision), "sboms")
    handed = await _written(unit, row, place, wanted)
    access = Access(
        id=ids.uuid7(),
        place=place,
        revision=row["revision"],
        channel=wanted.channel,
        format=wanted.format,
        recipient=wanted.recipient,
        handed_by=actor.id,
        sha256=identity.digest(handed.content),
        size=len(handed.content),
        left_out=handed.left_out,
        at=unit.now,
    )
    await registry.record(unit.db, access)
    unit.audit(
        "sbom.handed_out",
        f"sbom/{_named(place, access.revision)}",
        after={
            "access": str(access.id),
            "channel": access.channel,
            "format": access.format,
            "recipient": access.recipient,
            "sha256": access.sha256,
        },
    )
    # Never a type that a browser would run: the original's bytes are somebody else's.
    headers = {
        "location": f"/v1/sbom-accesses/{access.id}",
        "etag": f'"{access.sha256}"',
        "content-disposition": "attachment",
        "x-content-type-options": "nosniff",
    }
    return Response(handed.content, media_type=handed.media_type, headers=headers)


@router.get("/v1/sbom-accesses")
async def list_accesses(
    unit: CurrentUnit,
    product: Asked = None,
    version: Asked = None,
    channel: Channel | None = None,
    recipient: Asked = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AccessView]:
    """Who was handed which SBOM, the newest first."""
    unit.require(*READERS)

    async def query(after: Key | None, most: int) -> list[AccessView]:
        last = moment(after)
        rows = await registry.accesses(unit.db, product, version, channel, recipient, last, most)
        return [_access(row) for row in rows]

    return await page(query, cursor, limit, lambda view: (view.at, view.id))


@router.get("/v1/sbom-accesses/{access}")
async def show_access(access: UUID, unit: CurrentUnit) -> AccessView:
    """The record of one SBOM that was handed out: for its readers, and for who took it."""
    row = await registry.access(unit.db, access)
    actor = unit.require()
    if row is None or row["handed_by"] != actor.id:
        unit.require(*READERS)
    if row is None:
        raise absent("record of access", str(access), "sbom-accesses")
    return _access(row)


async def _written(unit: Unit, row: Any, place: Place, wanted: HandOut) -> Handed:
    found = dict(row)
    kept = await unit.db.fetchrow(submissions.ORIGINAL, found["original"])
    raw = await submissions.content(kept, unit.blobs, sealing.current()) if kept else None
    if raw is None:
        raise Problem(410, "Gone", "its document was erased", mend="submit the SBOM again")
    try:
        return await asyncio.to_thread(
            handing_out.write,
            raw,
            place,
            wanted.channel,
            wanted.format,
            wanted.author,
            found["registered_at"],
        )
    except handing_out.UnwritableError as error:
        raise Problem(
            422,
            "Document cannot be written",
            f"its document is not read any more: {error}",
            "/format",
            "take the original by the channel internal",
        ) from error


def _named(place: Place, revision: int | None) -> str:
    hardware = f" on {place.hardware}" if place.hardware else ""
    number = f" revision {revision}" if revision else ""
    return f"{place.product}@{place.version}{hardware}{number}"


def _revision(row: Any) -> RevisionView:
    found = dict(row)
    return RevisionView(**{**found, "sha256": found["original"]})


def _access(row: Any) -> AccessView:
    found = dict(row)
    return AccessView(**{**found, "left_out": found["left_out"]["left_out"]})


def _place(after: Key | None) -> tuple[str, str, str, int] | None:
    match after:
        case (str() as product, str() as version, str() as hardware, int() as number):
            return product, version, hardware, number
        case None:
            return None
        case _:
            raise foreign()
