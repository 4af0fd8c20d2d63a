"""Keeps personal data encrypted by reference, and erases it with the originals that hold it."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import orjson

from services.intake.domain.submission import Kept
from services.intake.formats.canonical import Contact
from services.intake.sealing import Sealer
from services.kit.database import Connection

SAVE = """
INSERT INTO contact (reference, sealed, stored_at)
SELECT given.*, $3::timestamptz FROM unnest($1::text[], $2::bytea[]) AS given(reference, sealed)
ON CONFLICT (reference) DO UPDATE SET sealed = excluded.sealed, stored_at = excluded.stored_at,
    erased_at = NULL
"""
LINK = """
INSERT INTO contact_original (reference, digest)
SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING
"""
READ = "SELECT sealed, erased_at FROM contact WHERE reference = $1"
ERASE = """
UPDATE contact SET sealed = NULL, erased_at = $2 WHERE reference = $1 AND erased_at IS NULL
RETURNING reference
"""
ERASE_ORIGINALS = """
UPDATE original o SET content = NULL, dataref = NULL, erased_at = $2 FROM contact_original c
WHERE c.reference = $1 AND o.digest = c.digest AND o.erased_at IS NULL RETURNING o.digest
"""


async def save(
    db: Connection, sealer: Sealer, kept: Sequence[tuple[Kept, str]], now: datetime
) -> None:
    """Keep contacts, each with the digest of the original that it came in."""
    if not kept:
        return
    latest = {each.reference: each.contact for each, _ in kept}
    await db.execute(
        SAVE,
        list(latest),
        [sealer.seal(orjson.dumps(asdict(c)), reference) for reference, c in latest.items()],
        now,
    )
    await db.execute(LINK, [each.reference for each, _ in kept], [digest for _, digest in kept])


async def read(db: Connection, sealer: Sealer, reference: str) -> Contact | None:
    """The contact under a reference; None where there is none or it was erased."""
    row = await db.fetchrow(READ, reference)
    if row is None or row["sealed"] is None:
        return None
    return Contact(**orjson.loads(sealer.open(row["sealed"], reference)))


async def erase(db: Connection, reference: str, now: datetime) -> int | None:
    """Erase a contact and the originals that hold it; how many originals, or None if unknown."""
    if await db.fetchval(ERASE, reference, now) is None:
        return None
    return len(await db.fetch(ERASE_ORIGINALS, reference, now))
