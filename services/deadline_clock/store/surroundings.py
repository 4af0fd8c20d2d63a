"""Copies of the catalogue and of coverage, each row guarded by its revision."""

from collections.abc import Iterable, Mapping, Sequence

from schemas.campaigns import CoverageChanged
from schemas.catalogue import EntityRegistered, ProductRegistered
from services.deadline_clock.domain.facts import Coverage
from services.kit.database import Connection

PRODUCTS = "SELECT product, body FROM product WHERE product = ANY($1)"
CATALOGUE = """
SELECT p.product, p.body, e.entity, e.body AS maker
FROM product p LEFT JOIN entity e USING (entity) WHERE p.product = ANY($1)
"""
MADE_BY = "SELECT product FROM product WHERE entity = ANY($1)"
SAVE_PRODUCTS = """
INSERT INTO product AS t (product, revision, entity, body)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::jsonb[])
ON CONFLICT (product) DO UPDATE
SET revision = excluded.revision, entity = excluded.entity, body = excluded.body
WHERE t.revision < excluded.revision RETURNING product
"""
SAVE_ENTITIES = """
INSERT INTO entity AS t (entity, revision, body)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::jsonb[])
ON CONFLICT (entity) DO UPDATE SET revision = excluded.revision, body = excluded.body
WHERE t.revision < excluded.revision RETURNING entity
"""
SAVE_COVERAGE = """
INSERT INTO coverage_cell AS t (cell, revision, case_id, product, total, covered, counted_at)
SELECT * FROM unnest(
    $1::text[], $2::bigint[], $3::text[], $4::text[], $5::int[], $6::int[], $7::timestamptz[])
ON CONFLICT (cell) DO UPDATE SET revision = excluded.revision, case_id = excluded.case_id,
    total = excluded.total, covered = excluded.covered, counted_at = excluded.counted_at
WHERE t.revision < excluded.revision RETURNING product
"""
COVERAGE = """
SELECT case_id, product, sum(total) AS total, sum(covered) AS covered, max(counted_at) AS counted_at
FROM coverage_cell WHERE case_id = ANY($1) GROUP BY case_id, product
"""

Revised = tuple[ProductRegistered, int]


async def products(db: Connection, names: Iterable[str]) -> dict[str, ProductRegistered]:
    """Products by id, as far as the catalogue holds them."""
    rows = await db.fetch(PRODUCTS, list(names))
    return {row["product"]: ProductRegistered.model_validate(row["body"]) for row in rows}


async def catalogue(
    db: Connection, names: Iterable[str]
) -> tuple[dict[str, ProductRegistered], dict[str, EntityRegistered]]:
    """Products by id and the legal entities that make them, as far as the catalogue holds them."""
    rows = await db.fetch(CATALOGUE, list(names))
    makers = {row["entity"]: row["maker"] for row in rows if row["maker"] is not None}
    return (
        {row["product"]: ProductRegistered.model_validate(row["body"]) for row in rows},
        {name: EntityRegistered.model_validate(body) for name, body in makers.items()},
    )


async def made_by(db: Connection, names: Iterable[str]) -> set[str]:
    """The products of these legal entities."""
    return {row["product"] for row in await db.fetch(MADE_BY, list(names))}


async def save_products(db: Connection, revised: Mapping[str, Revised]) -> set[str]:
    """Keep newer states of products and say of which there was one."""
    if not revised:
        return set()
    ordered = sorted(revised.items())
    rows = await db.fetch(
        SAVE_PRODUCTS,
        [name for name, _ in ordered],
        [revision for _, (_, revision) in ordered],
        [product.entity for _, (product, _) in ordered],
        [product.model_dump(mode="json") for _, (product, _) in ordered],
    )
    return {row["product"] for row in rows}


async def save_entities(
    db: Connection, revised: Mapping[str, tuple[EntityRegistered, int]]
) -> set[str]:
    """Keep newer states of legal entities and say of which there was one."""
    if not revised:
        return set()
    ordered = sorted(revised.items())
    rows = await db.fetch(
        SAVE_ENTITIES,
        [name for name, _ in ordered],
        [revision for _, (_, revision) in ordered],
        [entity.model_dump(mode="json") for _, (entity, _) in ordered],
    )
    return {row["entity"] for row in rows}


async def save_coverage(
    db: Connection, cells: Mapping[str, tuple[CoverageChanged, int]], living: Mapping[str, str]
) -> None:
    """Keep newer counts of coverage cells, each under the case that lives."""
    ordered = sorted(cells.items())
    await db.execute(
        SAVE_COVERAGE,
        [cell for cell, _ in ordered],
        [revision for _, (_, revision) in ordered],
        [living.get(each.case, each.case) for _, (each, _) in ordered],
        [each.product for _, (each, _) in ordered],
        [each.total for _, (each, _) in ordered],
        [each.covered for _, (each, _) in ordered],
        [each.counted_at for _, (each, _) in ordered],
    )


async def coverage(db: Connection, cases: Sequence[str]) -> dict[str, dict[str, Coverage]]:
    """How far each product of each case is covered, all cells together."""
    found: dict[str, dict[str, Coverage]] = {}
    for row in await db.fetch(COVERAGE, cases):
        found.setdefault(row["case_id"], {})[row["product"]] = Coverage(
            product=row["product"],
            total=row["total"],
            covered=row["covered"],
            counted_at=row["counted_at"],
        )
    return found
