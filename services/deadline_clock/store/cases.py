"""Cases as this service holds them: facts, the products they name, where merged ones went."""

from collections.abc import Iterable, Mapping

from pydantic import TypeAdapter

from services.deadline_clock.domain.facts import CaseFacts
from services.kit.database import Connection

_FACTS = TypeAdapter(CaseFacts)

SURVIVORS = "SELECT absorbed, survivor FROM forward WHERE absorbed = ANY($1)"
LOAD = "SELECT case_id, facts FROM case_file WHERE case_id = ANY($1)"
LOAD_PAGE = "SELECT case_id, facts FROM case_file WHERE case_id > $1 ORDER BY case_id LIMIT $2"
IDS_AFTER = "SELECT case_id FROM case_file WHERE case_id > $1 ORDER BY case_id LIMIT $2"
SAVE = """
INSERT INTO case_file (case_id, facts) SELECT * FROM unnest($1::text[], $2::jsonb[])
ON CONFLICT (case_id) DO UPDATE SET facts = excluded.facts
"""
LINK = """
INSERT INTO case_product (product, case_id) SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT DO NOTHING
"""
NAMING = "SELECT product, case_id FROM case_product WHERE product = ANY($1)"
NAMED_BY = "SELECT DISTINCT product FROM case_product WHERE case_id = ANY($1)"
FORGET = """
WITH gone AS (DELETE FROM case_product WHERE case_id = ANY($1))
DELETE FROM case_file WHERE case_id = ANY($1)
"""
FORWARD = """
INSERT INTO forward (absorbed, survivor) SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT (absorbed) DO UPDATE SET survivor = excluded.survivor
"""
FORWARD_ON = """
UPDATE forward f SET survivor = m.survivor
FROM unnest($1::text[], $2::text[]) AS m(absorbed, survivor) WHERE f.survivor = m.absorbed
"""
MOVE_CLOCKS = """
UPDATE clock c SET case_id = m.survivor
FROM unnest($1::text[], $2::text[]) AS m(absorbed, survivor) WHERE c.case_id = m.absorbed
"""
MOVE_COVERAGE = """
UPDATE coverage_cell c SET case_id = m.survivor
FROM unnest($1::text[], $2::text[]) AS m(absorbed, survivor) WHERE c.case_id = m.absorbed
"""
TAKE = """
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) AS g(stream, key, revision)
), taking AS (
    INSERT INTO taken AS t (stream, key, revision) SELECT stream, key, revision FROM given
    ON CONFLICT (stream, key) DO UPDATE SET revision = excluded.revision
    WHERE t.revision < excluded.revision
)
SELECT stream, key, t.revision FROM taken t JOIN given USING (stream, key)
"""
"""A statement sees no row of its own: what it gives are the revisions taken before."""

Aggregate = tuple[str, str]
"""A stream and a key in it."""


async def survivors(db: Connection, cases: Iterable[str]) -> dict[str, str]:
    """Say where each of these cases lives on; one that was not merged is itself."""
    asked = set(cases)
    rows = await db.fetch(SURVIVORS, list(asked))
    return {case: case for case in asked} | {row["absorbed"]: row["survivor"] for row in rows}


async def load(db: Connection, cases: Iterable[str]) -> dict[str, CaseFacts]:
    """The facts of cases; one that nothing is known of has none."""
    asked = set(cases)
    known = await load_known(db, asked)
    return {case: known.get(case) or CaseFacts(case) for case in asked}


async def load_known(db: Connection, cases: Iterable[str]) -> dict[str, CaseFacts]:
    """The facts of those of the cases that any are held of."""
    rows = await db.fetch(LOAD, list(cases))
    return {row["case_id"]: _FACTS.validate_python(row["facts"]) for row in rows}


async def ids_after(db: Connection, after: str, limit: int) -> list[str]:
    """The cases after one, by id."""
    return [row["case_id"] for row in await db.fetch(IDS_AFTER, after, limit)]


async def load_page(db: Connection, after: str, limit: int) -> list[CaseFacts]:
    """The facts of the cases after one, by id."""
    rows = await db.fetch(LOAD_PAGE, after, limit)
    return [_FACTS.validate_python(row["facts"]) for row in rows]


async def save(
    db: Connection, files: Iterable[CaseFacts], linked: Mapping[str, frozenset[str]]
) -> None:
    """Keep the facts of cases, and which products they name; `linked` are those kept before."""
    ordered = sorted(files, key=lambda each: each.case)
    if not ordered:
        return
    bodies = [_FACTS.dump_python(each, mode="json") for each in ordered]
    await db.execute(SAVE, [each.case for each in ordered], bodies)
    links = sorted(
        (product, each.case)
        for each in ordered
        for product in frozenset(each.products()) - linked.get(each.case, frozenset())
    )
    if links:
        await db.execute(LINK, [product for product, _ in links], [case for _, case in links])


async def naming(db: Connection, products: Iterable[str]) -> set[str]:
    """The cases whose facts name any of these products."""
    return {row["case_id"] for row in await db.fetch(NAMING, list(products))}


async def products_of(db: Connection, named: Iterable[str]) -> set[str]:
    """The products that the facts of these cases name."""
    return {row["product"] for row in await db.fetch(NAMED_BY, list(named))}


async def forward(db: Connection, moves: Mapping[str, str]) -> None:
    """Record merges, absorbed to survivor; coverage goes along, the absorbed file is gone."""
    if not moves:
        return
    absorbed, living = list(moves), list(moves.values())
    await db.execute(FORWARD_ON, absorbed, living)
    await db.execute(FORWARD, absorbed, living)
    await db.execute(MOVE_COVERAGE, absorbed, living)
    await db.execute(FORGET, absorbed)


async def move_clocks(db: Connection, moves: Mapping[str, str]) -> None:
    """Put the clocks of absorbed cases that nothing else changed under the survivor."""
    if moves:
        await db.execute(MOVE_CLOCKS, list(moves), list(moves.values()))


async def take(db: Connection, revisions: Mapping[Aggregate, int]) -> dict[Aggregate, int]:
    """Remember the last revision taken of each aggregate; give those taken before, if any."""
    ordered = sorted(revisions.items())
    rows = await db.fetch(
        TAKE,
        [stream for (stream, _), _ in ordered],
        [key for (_, key), _ in ordered],
        [revision for _, revision in ordered],
    )
    return {(row["stream"], row["key"]): row["revision"] for row in rows}
