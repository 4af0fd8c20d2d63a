"""Products and legal entities as the catalogue last gave them."""

from collections.abc import Iterable, Sequence

from schemas.catalogue import EntityRegistered, ProductRegistered
from services.kit.database import Connection
from services.triage.domain.products import ProductState

SAVE = """
INSERT INTO product AS t (product, state, retired, revision)
SELECT DISTINCT ON (product) product, state::jsonb, retired, revision
FROM unnest($1::text[], $2::text[], $3::bool[], $4::bigint[])
    AS u(product, state, retired, revision)
ORDER BY product, revision DESC
ON CONFLICT (product) DO UPDATE SET state = excluded.state, retired = excluded.retired,
    revision = excluded.revision
WHERE t.revision < excluded.revision
"""
SAVE_ENTITIES = """
INSERT INTO entity AS t (entity, state, revision)
SELECT DISTINCT ON (entity) entity, state::jsonb, revision
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS u(entity, state, revision)
ORDER BY entity, revision DESC
ON CONFLICT (entity) DO UPDATE SET state = excluded.state, revision = excluded.revision
WHERE t.revision < excluded.revision
"""
PRODUCTS = """
SELECT p.product, p.state, p.retired, e.state AS entity
FROM product p LEFT JOIN entity e ON e.entity = p.state ->> 'entity'
WHERE p.product = ANY($1::text[])
"""
CASES = """
SELECT vulnerability, report FROM casefile WHERE status <> 'merged' AND products && $1::text[]
"""


async def save(db: Connection, products: Sequence[tuple[ProductRegistered, bool, int]]) -> None:
    """Store products, each with whether it was retired and its event's revision."""
    if products:
        await db.execute(
            SAVE,
            [each.product for each, _, _ in products],
            [each.model_dump_json() for each, _, _ in products],
            [retired for _, retired, _ in products],
            [revision for _, _, revision in products],
        )


async def save_entities(db: Connection, entities: Sequence[tuple[EntityRegistered, int]]) -> None:
    """Store legal entities, each with its event's revision."""
    if entities:
        await db.execute(
            SAVE_ENTITIES,
            [each.entity for each, _ in entities],
            [each.model_dump_json() for each, _ in entities],
            [revision for _, revision in entities],
        )


async def load(db: Connection, products: Iterable[str]) -> dict[str, ProductState]:
    """The products that the catalogue knows, of those asked for."""
    rows = await db.fetch(PRODUCTS, sorted(set(products)))
    return {
        row["product"]: ProductState(
            ProductRegistered.model_validate(row["state"]),
            EntityRegistered.model_validate(row["entity"]) if row["entity"] else None,
            row["retired"],
        )
        for row in rows
    }


async def files_with(db: Connection, products: Iterable[str]) -> tuple[list[str], list[str]]:
    """The vulnerabilities, and the reports without one, whose cases have any of these products."""
    rows = await db.fetch(CASES, sorted(set(products)))
    named = [row["vulnerability"] for row in rows if row["vulnerability"]]
    return named, [row["report"] for row in rows if not row["vulnerability"]]
