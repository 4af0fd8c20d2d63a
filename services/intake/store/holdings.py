"""Loads the shelf that a batch of submissions is decided against."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from schemas.catalogue import ProductRegistered
from schemas.signals import SignalSource
from services.intake.domain import own_products
from services.intake.domain.own_products import Own
from services.intake.domain.shelf import (
    HeldAdvisory,
    HeldDocument,
    HeldProduct,
    HeldRow,
    HeldSbom,
    HeldSignal,
    Ledger,
    Waiting,
)
from services.intake.domain.submission import Status
from services.kit.database import Connection

DOCUMENTS = """
SELECT d.source, d.name, d.digest, d.submission, d.status, s.person FROM document d
JOIN unnest($1::text[], $2::text[]) AS w(source, name) USING (source, name)
LEFT JOIN submission s ON s.id = d.submission
"""
ADVISORIES = """
SELECT id, source, digest, modified_at, withdrawn, submission
FROM advisory WHERE id = ANY($1::text[])
"""
SIGNALS = "SELECT * FROM signal WHERE id = ANY($1::text[]) OR ($2 AND catalogued)"
FEEDS = "SELECT name, released_at FROM feed"
PRODUCTS = """
SELECT id, names, versions, retired FROM product WHERE id = ANY($1::text[]) OR names && $2::text[]
"""
ROWS = "SELECT key, digest, retired, accepted_at FROM registered WHERE key = ANY($1::text[])"
SBOMS = """
SELECT product, version, hardware, sbom, digest, submission, revision, purl
FROM sbom WHERE product = ANY($1::text[])
"""
OWN = """
SELECT r.body, array(
    SELECT DISTINCT b.purl FROM sbom b WHERE b.product = r.id AND b.purl IS NOT NULL) AS purls
FROM registered r WHERE r.kind = 'product' AND NOT r.retired AND r.body IS NOT NULL
"""
WAITING = "SELECT submission, needs, waits_for FROM waiting WHERE needs && $1::text[]"


async def documents(
    db: Connection, places: Iterable[tuple[str, str]]
) -> Ledger[tuple[str, str], HeldDocument]:
    """The last bytes under each source and name."""
    wanted = sorted(set(places))
    rows = await db.fetch(DOCUMENTS, [p[0] for p in wanted], [p[1] for p in wanted])
    return Ledger(
        (
            (row["source"], row["name"]),
            HeldDocument(row["digest"], row["submission"], Status(row["status"]), row["person"]),
        )
        for row in rows
    )


async def advisories(db: Connection, ids: Sequence[str]) -> Ledger[str, HeldAdvisory]:
    """The advisories with these ids as last published."""
    if not ids:
        return Ledger()
    rows = await db.fetch(ADVISORIES, list(ids))
    return Ledger(
        (
            row["id"],
            HeldAdvisory(
                row["source"],
                row["digest"],
                row["modified_at"],
                row["withdrawn"],
                row["submission"],
            ),
        )
        for row in rows
    )


async def signals(
    db: Connection, ids: Sequence[str], *, catalogued: bool
) -> Ledger[str, HeldSignal]:
    """The signals with these ids; with `catalogued` also all that a catalogue ever listed."""
    if not ids and not catalogued:
        return Ledger()
    rows = await db.fetch(SIGNALS, list(ids), catalogued)
    return Ledger(
        (
            row["id"],
            HeldSignal(
                row["identifier"],
                SignalSource(row["source"]),
                row["reporter"],
                row["standing"],
                row["catalogued"],
                row["ransomware"],
                row["received_at"],
                row["backfill"],
            ),
        )
        for row in rows
    )


async def feeds(db: Connection) -> Ledger[str, datetime]:
    """When each catalogue that is compared as a whole was last released."""
    return Ledger((row["name"], row["released_at"]) for row in await db.fetch(FEEDS))


async def products(
    db: Connection, references: Sequence[str], names: Sequence[str]
) -> Ledger[str, HeldProduct]:
    """The products with these ids, or with one of these names (lower case)."""
    if not references and not names:
        return Ledger()
    rows = await db.fetch(PRODUCTS, list(references), list(names))
    return Ledger(
        (
            row["id"],
            HeldProduct(
                row["id"], frozenset(row["names"]), frozenset(row["versions"]), row["retired"]
            ),
        )
        for row in rows
    )


async def own(db: Connection) -> Ledger[str, Own]:
    """Every product of the catalogue, by all that it is called."""
    rows = [
        own_products.own(ProductRegistered.model_validate(row["body"]), row["purls"])
        for row in await db.fetch(OWN)
    ]
    return Ledger((each.product, each) for each in rows)


async def registered(db: Connection, keys: Sequence[str]) -> Ledger[str, HeldRow]:
    """The rows of our own files as last accepted; their content is not needed to compare."""
    if not keys:
        return Ledger()
    return Ledger(
        (row["key"], HeldRow(row["digest"], None, row["accepted_at"], row["retired"]))
        for row in await db.fetch(ROWS, list(keys))
    )


async def sboms(db: Connection, ids: Sequence[str]) -> Ledger[tuple[str, str, str], HeldSbom]:
    """The inventories of these products."""
    if not ids:
        return Ledger()
    return Ledger(
        (
            (row["product"], row["version"], row["hardware"]),
            HeldSbom(row["sbom"], row["digest"], row["submission"], row["revision"], row["purl"]),
        )
        for row in await db.fetch(SBOMS, list(ids))
    )


async def waiting(db: Connection, names: Sequence[str]) -> Ledger[UUID, Waiting]:
    """The submissions that wait for a product with one of these names (lower case)."""
    if not names:
        return Ledger()
    return Ledger(
        (
            row["submission"],
            Waiting(
                row["submission"],
                frozenset(row["needs"]),
                (row["waits_for"][0], row["waits_for"][1]) if row["waits_for"] else None,
            ),
        )
        for row in await db.fetch(WAITING, list(names))
    )
