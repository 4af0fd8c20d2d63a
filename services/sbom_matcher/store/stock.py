"""Stores what our products and their versions are, and reads what versions hold and lack."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from schemas.catalogue import Identity, ProductRegistered
from services.kit.database import Connection
from services.sbom_matcher.domain import handles, identity
from services.sbom_matcher.domain.handles import Spoken
from services.sbom_matcher.domain.inventory import Contents, Released
from services.sbom_matcher.store import components
from services.sbom_matcher.store.components import Item

SAVE_PRODUCT = """
INSERT INTO product AS held (product, revision, name, identities, retired)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::jsonb[], $5::bool[])
ON CONFLICT (product) DO UPDATE SET revision = excluded.revision, name = excluded.name,
    identities = excluded.identities, retired = excluded.retired
WHERE held.revision < excluded.revision RETURNING product
"""
UNLIST = "DELETE FROM product_version WHERE product = ANY($1) RETURNING product, version"
LIST = """
INSERT INTO product_version AS held (product, version, hardware, listed)
SELECT product, version, coalesce(string_to_array(nullif(hardware, ''), E'\\x1f'), '{}'), listed
FROM unnest($1::text[], $2::text[], $3::text[], $4::bool[])
    AS v(product, version, hardware, listed)
ON CONFLICT (product, version) DO NOTHING RETURNING product, version
"""
LIST_FROM_SBOMS = """
INSERT INTO product_version (product, version, hardware, listed)
SELECT DISTINCT product, version, '{}'::text[], false FROM sbom WHERE product = ANY($1)
ON CONFLICT (product, version) DO NOTHING
"""
NAMED = "SELECT product, identities FROM product WHERE product = ANY($1)"
VERSIONS = "SELECT product, version FROM product_version WHERE product = ANY($1)"

DROP_OWN = "DELETE FROM inventory WHERE own AND product = ANY($1)"
KEEP = """
INSERT INTO inventory (product, version, hardware, component, own)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bool[])
ON CONFLICT DO NOTHING
"""
RELEASED = """
SELECT v.product, v.version, v.hardware FROM product_version v
JOIN unnest($1::text[], $2::text[]) AS w(product, version) USING (product, version)
LEFT JOIN product p ON p.product = v.product WHERE p.retired IS NOT TRUE
"""
HELD = """
SELECT s.product, s.version, s.hardware, s.matchable,
    array(SELECT c.place FROM inventory i JOIN component c ON c.id = i.component
        WHERE (i.product, i.version, i.hardware) = (s.product, s.version, s.hardware)
            AND c.unreadable) AS unreadable
FROM sbom s JOIN unnest($1::text[], $2::text[]) AS w(product, version) USING (product, version)
LEFT JOIN product p ON p.product = s.product WHERE p.retired IS NOT TRUE
"""
PLACES = """
SELECT i.product, i.version, i.hardware, c.place FROM inventory i
JOIN unnest($1::text[], $2::text[]) AS w(product, version) USING (product, version)
JOIN component c ON c.id = i.component
WHERE NOT EXISTS (SELECT FROM product p WHERE p.product = i.product AND p.retired)
"""


async def save_products(
    db: Connection, states: Sequence[tuple[ProductRegistered, int, bool]]
) -> set[tuple[str, str]]:
    """Replace products by their newest state (state, revision, retired); older ones change nothing.

    Returns the product versions whose matches may change: those before and those now.
    """
    newest = {state.product: (state, revision, retired) for state, revision, retired in states}
    rows = await db.fetch(
        SAVE_PRODUCT,
        list(newest),
        [revision for _, revision, _ in newest.values()],
        [state.name for state, _, _ in newest.values()],
        [state.model_dump(mode="json", include={"identities"}) for state, _, _ in newest.values()],
        [retired for _, _, retired in newest.values()],
    )
    products = sorted(row["product"] for row in rows)
    touched = {(row["product"], row["version"]) for row in await db.fetch(UNLIST, products)}
    versions = [
        (product, each.version, "\x1f".join(each.hardware))
        for product in products
        for each in newest[product][0].versions
    ]
    await db.execute(LIST, *components.columns(versions, 3), [True] * len(versions))
    await db.execute(LIST_FROM_SBOMS, products)
    await db.execute(DROP_OWN, products)
    now = [(row["product"], row["version"]) for row in await db.fetch(VERSIONS, products)]
    await _keep_versions(db, now)
    return touched | set(now)


async def list_unlisted(db: Connection, versions: Iterable[tuple[str, str]]) -> None:
    """Keep product versions that only an SBOM names, in stock as well, where they are not yet."""
    wanted = [(product, version, "", False) for product, version in sorted(versions)]
    rows = await db.fetch(LIST, *components.columns(wanted, 4))
    if rows:
        await _keep_versions(db, [(row["product"], row["version"]) for row in rows])


async def gaps_of(
    db: Connection, versions: Sequence[tuple[str, str]]
) -> tuple[list[Released], list[Contents]]:
    """Load what the inventory of these product versions is known to hold."""
    products, numbers = [p for p, _ in versions], [v for _, v in versions]
    released = [
        Released(row["product"], row["version"], tuple(row["hardware"] or ()))
        for row in await db.fetch(RELEASED, products, numbers)
    ]
    contents = [
        Contents(
            row["product"], row["version"], row["hardware"], row["matchable"],
            tuple(row["unreadable"]),
        )
        for row in await db.fetch(HELD, products, numbers)
    ]  # fmt: skip
    return released, contents


async def places(
    db: Connection, versions: Sequence[tuple[str, str]]
) -> set[tuple[str, str, str, str]]:
    """Load what these product versions hold: product, version, hardware, component's place."""
    rows = await db.fetch(PLACES, [p for p, _ in versions], [v for _, v in versions])
    return {(row["product"], row["version"], row["hardware"], row["place"]) for row in rows}


async def _keep_versions(db: Connection, versions: Sequence[tuple[str, str]]) -> None:
    """Keep product versions themselves in stock, under the names others use for the products."""
    products = sorted({product for product, _ in versions})
    spoken = {
        row["product"]: tuple(
            Spoken(each.vendor, each.product, each.cpe, each.identifiers)
            for each in map(Identity.model_validate, row["identities"]["identities"])
        )
        for row in await db.fetch(NAMED, products)
    }
    named = {
        identity.of_product(product, version, spoken.get(product, ())): (product, version)
        for product, version in versions
    }

    def keyed(_: UUID, source: tuple[str, str]) -> Item:
        product, version = source
        found = handles.of_product(product, version, spoken.get(product, ()))
        return Item("", product, version, None, False, found)

    ids = await components.intern(db, named, keyed)
    kept = [
        (product, version, "", ids[known].id, True) for known, (product, version) in named.items()
    ]
    await db.execute(KEEP, *components.columns(kept, 5))
