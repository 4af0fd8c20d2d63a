"""Keeps releases: the signed images that campaigns roll out."""

from schemas.campaigns import ReleasePublished
from services.kit.database import Connection

SAVE = """
INSERT INTO release (release, product, version, digest, signature, signed_by, published_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (release) DO NOTHING RETURNING release
"""
ONE = "SELECT * FROM release WHERE release = $1"
AFTER = """
SELECT * FROM release WHERE release > $1 AND ($2::text IS NULL OR product = $2)
 ORDER BY release LIMIT $3
"""


async def save(db: Connection, release: ReleasePublished) -> bool:
    """Keep a release; False where its id is taken."""
    saved = await db.fetchval(
        SAVE, release.release, release.product, release.version, release.digest,
        release.signature, release.signed_by, release.published_at,
    )  # fmt: skip
    return saved is not None


async def one(db: Connection, name: str) -> ReleasePublished | None:
    """Load one release."""
    row = await db.fetchrow(ONE, name)
    return None if row is None else ReleasePublished.model_validate(dict(row))


async def after(
    db: Connection, last: str, product: str | None, limit: int
) -> list[ReleasePublished]:
    """List releases in the order of their ids, from the one that follows `last` on."""
    rows = await db.fetch(AFTER, last, product, limit)
    return [ReleasePublished.model_validate(dict(row)) for row in rows]
