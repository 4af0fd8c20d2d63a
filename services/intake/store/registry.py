"""Keeps every revision of SBOMs, and who was handed which: nothing of it is ever changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.domain.handing_out import Place
from services.kit.database import Connection

REVISIONS = """
SELECT r.*, r.revision = b.revision AS latest FROM sbom_revision r
JOIN sbom b USING (product, version, hardware)
WHERE ($1::text IS NULL OR r.product = $1) AND ($2::text IS NULL OR r.version = $2)
    AND ($3::text IS NULL OR r.hardware = $3)
    AND ($4::text IS NULL OR (r.product, r.version, r.hardware, r.revision) > ($4, $5, $6, $7::int))
ORDER BY r.product, r.version, r.hardware, r.revision LIMIT $8
"""
REVISION = """
SELECT r.*, r.revision = b.revision AS latest FROM sbom_revision r
JOIN sbom b USING (product, version, hardware)
WHERE (product, version, hardware) = ($1, $2, $3) AND r.revision = coalesce($4, b.revision)
"""
CONFIGURATIONS = "SELECT hardware FROM sbom WHERE product = $1 AND version = $2"
IS_REGISTERED = "SELECT EXISTS (SELECT FROM sbom_revision WHERE original = $1)"
RECORD = """
INSERT INTO sbom_access (id, product, version, hardware, revision, channel, format, recipient,
    handed_by, sha256, size, left_out, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
ACCESSES = """
SELECT a.*, r.sbom FROM sbom_access a
JOIN sbom_revision r USING (product, version, hardware, revision)
WHERE ($1::text IS NULL OR product = $1) AND ($2::text IS NULL OR version = $2)
    AND ($3::text IS NULL OR channel = $3) AND ($4::text IS NULL OR recipient = $4)
    AND ($5::timestamptz IS NULL OR (at, id) < ($5, $6::uuid))
ORDER BY at DESC, id DESC LIMIT $7
"""
ACCESS = """
SELECT a.*, r.sbom FROM sbom_access a
JOIN sbom_revision r USING (product, version, hardware, revision) WHERE id = $1
"""


@dataclass(frozen=True, slots=True)
class Access:
    """One SBOM handed out: `sha256` and `size` are of the bytes that went out."""

    id: UUID
    place: Place
    revision: int
    channel: str
    format: str
    recipient: str
    handed_by: str
    sha256: str
    size: int
    left_out: tuple[str, ...]
    at: datetime


async def revisions(
    db: Connection,
    product: str | None,
    version: str | None,
    hardware: str | None,
    after: tuple[str, str, str, int] | None,
    limit: int,
) -> Sequence[Any]:
    """Revisions by product, version, hardware and number."""
    last = after or (None, None, None, None)
    return await db.fetch(REVISIONS, product, version, hardware, *last, limit)


async def revision(db: Connection, place: Place, number: int | None) -> Any:
    """One revision, the latest without a number; or None."""
    return await db.fetchrow(REVISION, place.product, place.version, place.hardware, number)


async def configurations(db: Connection, product: str, version: str) -> frozenset[str]:
    """The hardware configurations for which a version has an SBOM; empty stands for any."""
    return frozenset(row["hardware"] for row in await db.fetch(CONFIGURATIONS, product, version))


async def is_registered(db: Connection, original: str) -> bool:
    """Whether these bytes are the document of an SBOM in the registry."""
    return bool(await db.fetchval(IS_REGISTERED, original))


async def record(db: Connection, access: Access) -> None:
    """Keep who was handed what."""
    place = access.place
    await db.execute(
        RECORD,
        access.id,
        place.product,
        place.version,
        place.hardware,
        access.revision,
        access.channel,
        access.format,
        access.recipient,
        access.handed_by,
        access.sha256,
        access.size,
        {"left_out": access.left_out},
        access.at,
    )


async def accesses(
    db: Connection,
    product: str | None,
    version: str | None,
    channel: str | None,
    recipient: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Any]:
    """Who was handed what, the newest first."""
    last = after or (None, None)
    return await db.fetch(ACCESSES, product, version, channel, recipient, *last, limit)


async def access(db: Connection, id_: UUID) -> Any:
    """One record of access, or None."""
    return await db.fetchrow(ACCESS, id_)
