"""Keeps every revision of SBOMs with its quality, the duties to review them, and the reviews."""

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from schemas.sboms import SbomRegistered
from services.kit.database import Connection
from services.sbom_matcher.domain.sboms import review
from services.sbom_matcher.domain.sboms.review import Graded

SAVE = """
INSERT INTO sbom_revision (product, version, hardware, revision, registered_at, components,
    unmatchable, edges, depth, unresolved, flat, elements, content)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::timestamptz[], $6::int[],
    $7::int[], $8::int[], $9::int[], $10::int[], $11::bool[], $12::jsonb[], $13::bytea[])
ON CONFLICT DO NOTHING RETURNING product, version, hardware, revision
"""
KNOWN = """
SELECT DISTINCT product, version, hardware FROM sbom_revision
JOIN unnest($1::text[], $2::text[], $3::text[]) AS w(product, version, hardware)
    USING (product, version, hardware)
"""
REVIEWED = """
SELECT product, version, hardware, max(reviewed_at) AS at FROM sbom_review
JOIN unnest($1::text[], $2::text[], $3::text[]) AS w(product, version, hardware)
    USING (product, version, hardware) GROUP BY 1, 2, 3
"""
LATEST = """
SELECT DISTINCT ON (r.product, r.version, r.hardware) r.*,
    (SELECT max(v.reviewed_at) FROM sbom_review v
        WHERE (v.product, v.version, v.hardware) = (r.product, r.version, r.hardware)) AS reviewed,
    b.sbom, coalesce(p.retired, false) AS retired
FROM sbom_revision r
JOIN unnest($1::text[], $2::text[], $3::text[]) AS w(product, version, hardware)
    USING (product, version, hardware)
JOIN sbom b USING (product, version, hardware) LEFT JOIN product p ON p.product = r.product
ORDER BY r.product, r.version, r.hardware, r.revision DESC
"""
SAVE_DUTIES = """
INSERT INTO sbom_duty (duty, product, version, hardware, revision, reason, due_since)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[],
    $7::timestamptz[]) ON CONFLICT DO NOTHING
"""
SAVE_REVIEW = "INSERT INTO sbom_review VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
MEET = """
UPDATE sbom_duty SET met_by = $1
WHERE (product, version, hardware) = ($2, $3, $4) AND revision <= $5 AND met_by IS NULL
RETURNING duty
"""
CONTENT = """
SELECT content FROM sbom_revision WHERE (product, version, hardware) = ($1, $2, $3)
    AND ($4::int IS NULL OR revision = $4) ORDER BY revision DESC LIMIT 1
"""
LISTED = """
SELECT r.product, r.version, r.hardware, r.revision, r.registered_at, r.components, r.unmatchable,
    r.edges, r.depth, r.unresolved, r.flat, r.elements,
    array(SELECT d.reason FROM sbom_duty d WHERE d.met_by IS NULL AND d.revision = r.revision
        AND (d.product, d.version, d.hardware) = (r.product, r.version, r.hardware)
        ORDER BY d.due_since, d.duty) AS due,
    v.complete, v.reviewed_at, v.reviewed_by
FROM sbom_revision r
LEFT JOIN LATERAL (SELECT * FROM sbom_review v WHERE v.revision = r.revision
    AND (v.product, v.version, v.hardware) = (r.product, r.version, r.hardware)
    ORDER BY v.reviewed_at DESC LIMIT 1) v ON true
WHERE ($1::text IS NULL OR r.product = $1) AND ($2::text IS NULL OR r.version = $2)
    AND ($3::text IS NULL OR r.hardware = $3)
    AND ($4::text IS NULL OR (r.product, r.version, r.hardware, r.revision) > ($4, $5, $6, $7::int))
ORDER BY r.product, r.version, r.hardware, r.revision LIMIT $8
"""
REVIEWS = """
SELECT * FROM sbom_review
WHERE ($1::text IS NULL OR product = $1)
    AND ($2::timestamptz IS NULL OR (reviewed_at, review) < ($2, $3::uuid))
ORDER BY reviewed_at DESC, review DESC LIMIT $4
"""

_FAST = 1  # zlib's level: an SBOM shrinks twentyfold by it
_LARGE = 500  # components above which the work is done in a thread


class Place(NamedTuple):
    """What an SBOM is for; an empty hardware configuration means any."""

    product: str
    version: str
    hardware: str


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest revision of a place, and whether its product left the field."""

    graded: Graded
    retired: bool


@dataclass(frozen=True, slots=True)
class Duty:
    """A review that is due."""

    duty: UUID
    graded: Graded
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """What a person found of an SBOM's completeness."""

    review: UUID
    place: Place
    revision: int
    complete: bool
    note: str
    reviewed_by: str
    reviewed_at: datetime


def place(sbom: SbomRegistered) -> Place:
    """What an SBOM is for."""
    return Place(sbom.product, sbom.version, sbom.hardware)


async def save(
    db: Connection, sboms: Sequence[tuple[SbomRegistered, int | None]]
) -> tuple[list[Graded], set[Place]]:
    """Keep revisions, each with how many of its components nothing can meet.

    Returns those that were not kept before, with the places that had no revision until now.
    """
    if not sboms:
        return [], set()
    places = sorted({place(sbom) for sbom, _ in sboms})
    held = {Place(*row) for row in await db.fetch(KNOWN, *_columns(places))}
    reviewed = {Place(*row[:3]): row["at"] for row in await db.fetch(REVIEWED, *_columns(places))}
    rows = [await _row(*each) for each in sboms]
    saved = {tuple(row) for row in await db.fetch(SAVE, *_columns(rows))}
    graded = [
        Graded(
            sbom.product, sbom.version, sbom.hardware, sbom.sbom, sbom.revision, row[5], row[8],
            row[9], row[10], reviewed.get(place(sbom)),
        )
        for (sbom, _), row in zip(sboms, rows, strict=True)
    ]  # fmt: skip
    fresh = [each for each in graded if (*_place(each), each.revision) in saved]
    return fresh, {_place(each) for each in fresh} - held


async def latest(db: Connection, places: Sequence[Place]) -> dict[Place, Latest]:
    """Load the latest revision of each place."""
    return {
        Place(row["product"], row["version"], row["hardware"]): Latest(
            Graded(
                row["product"], row["version"], row["hardware"], row["sbom"], row["revision"],
                row["components"], row["depth"], row["unresolved"], row["flat"], row["reviewed"],
            ),
            row["retired"],
        )
        for row in await db.fetch(LATEST, *_columns(places))
    }  # fmt: skip


async def save_duties(db: Connection, duties: Sequence[Duty]) -> None:
    """Keep what is due until a review meets it."""
    rows = [
        (each.duty, *_place(each.graded), each.graded.revision, each.reason, each.since)
        for each in duties
    ]
    if rows:
        await db.execute(SAVE_DUTIES, *_columns(rows))


async def save_review(db: Connection, found: Review) -> tuple[str, ...]:
    """Keep a review; returns the duties that it meets: all that were open up to its revision."""
    await db.execute(
        SAVE_REVIEW, found.review, *found.place, found.revision, found.complete, found.note,
        found.reviewed_by, found.reviewed_at,
    )  # fmt: skip
    met = await db.fetch(MEET, found.review, *found.place, found.revision)
    return tuple(sorted(str(row["duty"]) for row in met))


async def content(db: Connection, where: Place, revision: int | None) -> SbomRegistered | None:
    """Load what a revision contains, the latest without a number; None if there is none."""
    packed = await db.fetchval(CONTENT, *where, revision)
    if packed is None:
        return None
    return await asyncio.to_thread(_unpacked, packed)


async def listed(
    db: Connection,
    asked: tuple[str | None, str | None, str | None],
    after: tuple[str, str, str, int] | None,
    most: int,
) -> Sequence[Any]:
    """Load revisions by product, version, hardware and number, with their quality and reviews."""
    return await db.fetch(LISTED, *asked, *(after or (None, None, None, None)), most)


async def reviews(
    db: Connection, product: str | None, after: tuple[datetime, UUID] | None, most: int
) -> Sequence[Any]:
    """Load reviews, the newest first."""
    return await db.fetch(REVIEWS, product, *(after or (None, None)), most)


def _place(graded: Graded) -> Place:
    return Place(graded.product, graded.version, graded.hardware)


async def _row(sbom: SbomRegistered, unmatchable: int | None) -> tuple[Any, ...]:
    if len(sbom.components) > _LARGE:
        return await asyncio.to_thread(_packed, sbom, unmatchable)
    return _packed(sbom, unmatchable)


def _packed(sbom: SbomRegistered, unmatchable: int | None) -> tuple[Any, ...]:
    found = review.judged(sbom)
    return (
        *place(sbom), sbom.revision, sbom.registered_at, len(sbom.components), unmatchable,
        found.graph.edges, found.graph.depth, len(found.graph.unresolved), found.graph.flat,
        {each.element: [each.have, each.of] for each in found.elements},
        zlib.compress(sbom.model_dump_json().encode(), _FAST),
    )  # fmt: skip


def _unpacked(packed: bytes) -> SbomRegistered:
    return SbomRegistered.model_validate(orjson.loads(zlib.decompress(packed)))


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
