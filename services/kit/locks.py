"""Takes transaction advisory locks, so that handlers which join each other's rows never race."""

from collections.abc import Iterable
from zlib import crc32

from services.kit.database import Connection

BUCKETS = 256
"""Keys share locks: PostgreSQL's lock table is small, and a batch may touch hundreds of keys."""

TAKE = "SELECT pg_advisory_xact_lock($1, bucket) FROM unnest($2::int[]) AS bucket"


def signed(text: str) -> int:
    """Hash a text into the signed 32 bits that advisory locks take; the same in every process."""
    return crc32(text.encode()) - (1 << 31)


def buckets(keys: Iterable[str]) -> list[int]:
    """Fold keys into sorted buckets: everybody takes them in one order, so nobody deadlocks."""
    return sorted({crc32(key.encode()) % BUCKETS for key in keys})


async def take(db: Connection, schema: str, kind: str, keys: Iterable[str]) -> None:
    """Hold the locks of `keys` until the transaction ends; `kind` keeps subjects apart.

    Advisory locks are the whole database's, so the schema's name is part of them.
    """
    if wanted := buckets(keys):
        await db.execute(TAKE, signed(f"{schema} {kind}"), wanted)
