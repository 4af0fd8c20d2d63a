"""Which packs this database has worked with: a version is one text, for ever."""

from collections.abc import Sequence

from services.deadline_clock.domain.pack_document import PackError
from services.deadline_clock.domain.rules import Pack
from services.kit.database import Connection

USE = """
INSERT INTO pack (id, version, sha256) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
ON CONFLICT (id, version) DO NOTHING
"""
OTHERS = """
SELECT id, version FROM pack JOIN unnest($1::text[], $2::text[], $3::text[])
    AS used(id, version, sha256) USING (id, version)
WHERE pack.sha256 <> used.sha256
"""


async def use(db: Connection, packs: Sequence[Pack]) -> None:
    """Remember these packs.

    Raises:
        PackError: one was used before under the same version with another text.
    """
    columns = (
        [each.id for each in packs],
        [each.version for each in packs],
        [each.sha256 for each in packs],
    )
    await db.execute(USE, *columns)
    changed = await db.fetch(OTHERS, *columns)
    if changed:
        named = ", ".join(f"{row['id']}@{row['version']}" for row in changed)
        raise PackError(f"{named}: the text changed under its version; give it a new version")
