"""Saves what a batch of submissions changed on its shelf, one statement a ledger."""

from collections.abc import Iterator
from dataclasses import astuple
from typing import Any

from services.intake.domain.shelf import HeldAdvisory, HeldRow, HeldSignal, Revision, Shelf
from services.intake.store.submissions import json_list
from services.kit.database import Connection

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
INSERT INTO sbom (product, version, hardware, sbom, digest, submission, revision, purl)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[],
    $7::int[], $8::text[])
ON CONFLICT (product, version, hardware) DO UPDATE SET sbom = excluded.sbom,
    digest = excluded.digest, submission = excluded.submission, revision = excluded.revision,
    purl = excluded.purl
"""
SAVE_REVISIONS = """
INSERT INTO sbom_revision (product, version, hardware, revision, sbom, digest, original, size,
    format, format_version, components, submission, source, submitted_by, registered_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[],
    $7::text[], $8::bigint[], $9::text[], $10::text[], $11::int[], $12::uuid[], $13::text[],
    $14::text[], $15::timestamptz[])
ON CONFLICT DO NOTHING
"""


async def save(db: Connection, shelf: Shelf) -> None:
    """Save every ledger that changed, one statement each; what waits is saved with submissions."""
    if changed := shelf.documents.changed:
        held = list(changed.values())
        await db.execute(
            SAVE_DOCUMENTS,
            [p[0] for p in changed],
            [p[1] for p in changed],
            [h.digest for h in held],
            [h.submission for h in held],
            [h.status.value for h in held],
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
        SAVE_ADVISORIES,
        list(changed),
        [h.source for h in held],
        [h.digest for h in held],
        [h.modified_at for h in held],
        [h.withdrawn for h in held],
        [h.submission for h in held],
    )


async def _save_signals(db: Connection, changed: dict[str, HeldSignal]) -> None:
    held = list(changed.values())
    await db.execute(
        SAVE_SIGNALS,
        list(changed),
        [h.identifier for h in held],
        [h.source.value for h in held],
        [h.reporter for h in held],
        [h.standing for h in held],
        [h.catalogued for h in held],
        [h.ransomware for h in held],
        [h.received_at for h in held],
        [h.backfill for h in held],
    )


async def _save_catalogue(db: Connection, shelf: Shelf) -> None:
    if products_changed := list(shelf.products.changed.values()):
        await db.execute(
            SAVE_PRODUCTS,
            [p.product for p in products_changed],
            [json_list(sorted(p.names)) for p in products_changed],
            [json_list(sorted(p.versions)) for p in products_changed],
            [p.retired for p in products_changed],
        )
    if rows := shelf.rows.changed:
        held = list(rows.values())
        await db.execute(
            SAVE_ROWS,
            list(rows),
            [h.digest for h in held],
            [h.retired for h in held],
            [_body(h) for h in held],
            [h.accepted_at for h in held],
        )
    if boms := shelf.sboms.changed:
        kept = list(boms.values())
        await db.execute(
            SAVE_SBOMS,
            [p[0] for p in boms],
            [p[1] for p in boms],
            [p[2] for p in boms],
            [k.sbom for k in kept],
            [k.digest for k in kept],
            [k.submission for k in kept],
            [k.revision for k in kept],
            [k.purl for k in kept],
        )
    if revisions := shelf.revisions.changed:
        await db.execute(SAVE_REVISIONS, *_columns(revisions))


def _columns(revisions: dict[tuple[str, str, str, int], Revision]) -> Iterator[list[Any]]:
    rows = [(*place, *astuple(revision)) for place, revision in revisions.items()]
    return map(list, zip(*rows, strict=True))


def _body(held: HeldRow) -> Any:
    return held.value.model_dump(mode="json") if held.value is not None else None
