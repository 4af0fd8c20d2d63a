"""Loads the shelf that a batch of submissions is decided against, and saves what it changed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.signals import SignalSource
from services.intake.domain.shelf import (
    HeldAdvisory,
    HeldDocument,
    HeldProduct,
    HeldRow,
    HeldSbom,
    HeldSignal,
    Ledger,
    Shelf,
    Waiting,
)
from services.intake.domain.submission import Status
from services.intake.store.submissions import json_list
from services.kit.database import Connection

DOCUMENTS = """
SELECT d.source, d.name, d.digest, d.submission, d.status FROM document d
JOIN unnest($1::text[], $2::text[]) AS w(source, name) USING (source, name)
"""
ADVISORIES = """
SELECT id, source, digest, modified_at, withdrawn, submission FROM advisory WHERE id = ANY($1::text[])
"""
SIGNALS = "SELECT * FROM signal WHERE id = ANY($1::text[]) OR ($2 AND catalogued)"
FEEDS = "SELECT name, released_at FROM feed"
PRODUCTS = """
SELECT id, names, versions, retired FROM product WHERE id = ANY($1::text[]) OR names && $2::text[]
"""
ROWS = "SELECT key, digest, retired, accepted_at FROM registered WHERE key = ANY($1::text[])"
SBOMS = """
SELECT product, version, hardware, sbom, digest, submission FROM sbom WHERE product = ANY($1::text[])
"""
WAITING = "SELECT submission, needs, waits_for FROM waiting WHERE needs && $1::text[]"

SAVE_DOCUMENTS = """
INSERT INTO document (source, name, digest, submission, status)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[])
ON CONFLICT (source, name) DO UPDATE SET digest = excluded.digest,
    submission = excluded.submission, status = excluded.status
"""
SAVE_ADVISORIES = """
INSERT INTO advisory (id, source, digest, modified_at, withdrawn, submission)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bool[], $6::uuid[])
ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, modified_at = excluded.modified_at,
    withdrawn = excluded.withdrawn, submission = excluded.submission
"""
SAVE_SIGNALS = """
INSERT INTO signal (id, identifier, source, reporter, standing, catalogued, ransomware, received_at,
    backfill)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::bool[],
    $7::bool[], $8::timestamptz[], $9::bool[])
ON CONFLICT (id) DO UPDATE SET standing = excluded.standing, catalogued = excluded.catalogued,
    ransomware = excluded.ransomware, received_at = excluded.received_at,
    backfill = excluded.backfill
"""
SAVE_FEEDS = """
INSERT INTO feed (name, released_at) SELECT * FROM unnest($1::text[], $2::timestamptz[])
ON CONFLICT (name) DO UPDATE SET released_at = excluded.released_at
"""
SAVE_PRODUCTS = """
INSERT INTO product (id, names, versions, retired)
SELECT id, ARRAY(SELECT jsonb_array_elements_text(names::jsonb)),
    ARRAY(SELECT jsonb_array_elements_text(versions::jsonb)), retired
FROM unnest($1::text[], $2::text[], $3::text[], $4::bool[]) AS given(id, names, versions, retired)
ON CONFLICT (id) DO UPDATE SET names = excluded.names, versions = excluded.versions,
    retired = excluded.retired
"""
SAVE_ROWS = """
INSERT INTO registered (key, kind, id, digest, retired, product, site, body, accepted_at)
SELECT key, split_part(key, '/', 1), substr(key, strpos(key, '/') + 1), digest, retired,
    body ->> 'product', body ->> 'site', body, accepted_at
FROM unnest($1::text[], $2::text[], $3::bool[], $4::jsonb[], $5::timestamptz[])
    AS given(key, digest, retired, body, accepted_at)
ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, retired = excluded.retired,
    product = excluded.product, site = excluded.site, body = excluded.body,
    accepted_at = excluded.accepted_at
"""
SAVE_SBOMS = """
INSERT INTO sbom (product, version, hardware, sbom, digest, submission)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[])
ON CONFLICT (product, version, hardware) DO UPDATE SET sbom = excluded.sbom,
    digest = excluded.digest, submission = excluded.submission
"""


async def documents(
    db: Connection, places: Iterable[tuple[str, str]]
) -> Ledger[tuple[str, str], HeldDocument]:
    """The last bytes under each source and name."""
    wanted = sorted(set(places))
    rows = await db.fetch(DOCUMENTS, [p[0] for p in wanted], [p[1] for p in wanted])
    return Ledger(
        ((row["source"], row["name"]),
         HeldDocument(row["digest"], row["submission"], Status(row["status"])))
        for row in rows
    )


async def advisories(db: Connection, ids: Sequence[str]) -> Ledger[str, HeldAdvisory]:
    """The advisories with these ids as last published."""
    if not ids:
        return Ledger()
    rows = await db.fetch(ADVISORIES, list(ids))
    return Ledger(
        (row["id"], HeldAdvisory(row["source"], row["digest"], row["modified_at"],
                                 row["withdrawn"], row["submission"]))
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
        (row["id"], HeldSignal(
            row["identifier"], SignalSource(row["source"]), row["reporter"], row["standing"],
            row["catalogued"], row["ransomware"], row["received_at"], row["backfill"],
        ))
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
        (row["id"], HeldProduct(row["id"], frozenset(row["names"]), frozenset(row["versions"]),
                                row["retired"]))
        for row in rows
    )


async def registered(db: Connection, keys: Sequence[str]) -> Ledger[str, HeldRow]:
    """The rows of our own files as last accepted; their content is not needed to compare."""
    if not keys:
        return Ledger()
    return Ledger(
        (row["key"], HeldRow(row["digest"], None, row["accepted_at"], row["retired"]))
        for row in await db.fetch(ROWS, list(keys))
    )


async def sboms(
    db: Connection, ids: Sequence[str]
) -> Ledger[tuple[str, str, str], HeldSbom]:
    """The inventories of these products."""
    if not ids:
        return Ledger()
    return Ledger(
        ((row["product"], row["version"], row["hardware"]),
         HeldSbom(row["sbom"], row["digest"], row["submission"]))
        for row in await db.fetch(SBOMS, list(ids))
    )


async def waiting(db: Connection, names: Sequence[str]) -> Ledger[UUID, Waiting]:
    """The submissions that wait for a product with one of these names (lower case)."""
    if not names:
        return Ledger()
    return Ledger(
        (row["submission"], Waiting(
            row["submission"], frozenset(row["needs"]),
            (row["waits_for"][0], row["waits_for"][1]) if row["waits_for"] else None,
        ))
        for row in await db.fetch(WAITING, list(names))
    )


async def save(db: Connection, shelf: Shelf) -> None:
    """Save every ledger that changed, one statement each; what waits is saved with submissions."""
    if changed := shelf.documents.changed:
        held = list(changed.values())
        await db.execute(
            SAVE_DOCUMENTS, [p[0] for p in changed], [p[1] for p in changed],
            [h.digest for h in held], [h.submission for h in held], [h.status.value for h in held],
        )
    if shelf.advisories.changed:
        await _save_advisories(db, shelf.advisories.changed)
    if shelf.signals.changed:
        await _save_signals(db, shelf.signals.changed)
    if feeds_changed := shelf.feeds.changed:
        await db.execute(SAVE_FEEDS, list(feeds_changed), list(feeds_changed.values()))
    await _save_catalogue(db, shelf)


async def _save_advisories(db: Connection, changed: dict[str, HeldAdvisory]) -> None:
    held = list(changed.values())
    await db.execute(
        SAVE_ADVISORIES, list(changed), [h.source for h in held], [h.digest for h in held],
        [h.modified_at for h in held], [h.withdrawn for h in held], [h.submission for h in held],
    )


async def _save_signals(db: Connection, changed: dict[str, HeldSignal]) -> None:
    held = list(changed.values())
    await db.execute(
        SAVE_SIGNALS, list(changed), [h.identifier for h in held], [h.source.value for h in held],
        [h.reporter for h in held], [h.standing for h in held], [h.catalogued for h in held],
        [h.ransomware for h in held], [h.received_at for h in held], [h.backfill for h in held],
    )


async def _save_catalogue(db: Connection, shelf: Shelf) -> None:
    if products_changed := list(shelf.products.changed.values()):
        await db.execute(
            SAVE_PRODUCTS, [p.product for p in products_changed],
            [json_list(sorted(p.names)) for p in products_changed],
            [json_list(sorted(p.versions)) for p in products_changed],
            [p.retired for p in products_changed],
        )
    if rows := shelf.rows.changed:
        held = list(rows.values())
        await db.execute(
            SAVE_ROWS, list(rows), [h.digest for h in held], [h.retired for h in held],
            [_body(h) for h in held], [h.accepted_at for h in held],
        )
    if boms := shelf.sboms.changed:
        kept = list(boms.values())
        await db.execute(
            SAVE_SBOMS, [p[0] for p in boms], [p[1] for p in boms], [p[2] for p in boms],
            [k.sbom for k in kept], [k.digest for k in kept], [k.submission for k in kept],
        )


def _body(held: HeldRow) -> Any:
    return held.value.model_dump(mode="json") if held.value is not None else None
