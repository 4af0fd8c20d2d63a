"""Stores which identifiers mean one vulnerability, and what was told of each group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.advisories import Vulnerability
from services.kit.database import Connection
from services.sbom_matcher.domain.aliases import Edge, Held, Regrouping
from services.sbom_matcher.domain.description import Record

REACH = """
WITH RECURSIVE reach (identifier) AS (
    SELECT unnest($1::text[])
    UNION
    SELECT next.identifier FROM reach r CROSS JOIN LATERAL (
        SELECT alias AS identifier FROM alias WHERE identifier = r.identifier
        UNION ALL SELECT identifier FROM alias WHERE alias = r.identifier
        UNION ALL SELECT m.identifier FROM identifier k
            JOIN identifier m ON m.vulnerability = k.vulnerability WHERE k.identifier = r.identifier
    ) AS next
)
SELECT identifier FROM reach
"""
HOLD = """
INSERT INTO identifier (identifier, vulnerability)
SELECT identifier, identifier FROM unnest($1::text[]) WITH ORDINALITY AS n(identifier, place)
ORDER BY place ON CONFLICT DO NOTHING
"""
HELD = "SELECT identifier, vulnerability, number FROM identifier WHERE identifier = ANY($1)"
EDGES = """
SELECT advisory, identifier, alias FROM alias WHERE identifier = ANY($1) AND alias = ANY($1)
"""
"""An alias that was published since the reach was read asks for a match of its own."""

REGROUP = """
UPDATE identifier k SET vulnerability = n.vulnerability
FROM unnest($1::text[], $2::text[]) AS n(identifier, vulnerability)
WHERE k.identifier = n.identifier
"""
KNOW = """
INSERT INTO vulnerability (id) SELECT DISTINCT unnest($1::text[]) ON CONFLICT DO NOTHING
"""
ABSORB = """
UPDATE vulnerability v SET absorbed = v.absorbed || a.ids FROM (
    SELECT n.survivor, array_agg(DISTINCT n.absorbed)
        || coalesce(array_agg(o.id) FILTER (WHERE o.id <> ''), '{}') AS ids
    FROM unnest($1::text[], $2::text[]) AS n(survivor, absorbed)
    LEFT JOIN LATERAL (
        SELECT unnest(absorbed) AS id FROM vulnerability WHERE id = n.absorbed) o ON true
    GROUP BY n.survivor) a
WHERE v.id = a.survivor
"""
FORWARD = """
UPDATE vulnerability v SET merged_into = n.survivor, absorbed = '{}'
FROM unnest($1::text[], $2::text[]) AS n(survivor, absorbed) WHERE v.id = n.absorbed
"""
LIVE_AGAIN = """
UPDATE vulnerability SET merged_into = NULL WHERE id = ANY($1)
"""
GIVE_BACK = """
UPDATE vulnerability
SET absorbed = array(SELECT unnest(absorbed) EXCEPT SELECT unnest($2::text[]))
WHERE id = ANY($1)
"""
TOLD = """
SELECT id, described FROM vulnerability WHERE id = ANY($1) AND described IS NOT NULL
"""
GROUPS = """
SELECT v.id, v.absorbed,
    array(
        SELECT identifier FROM identifier WHERE vulnerability = v.id ORDER BY number) AS identifiers
FROM vulnerability v WHERE v.id = ANY($1)
"""
RECORDS = """
SELECT k.vulnerability, r.advisory, a.source, r.withdrawn, r.body FROM identifier k
CROSS JOIN LATERAL (SELECT * FROM record WHERE identifier = k.identifier OFFSET 0) r
JOIN advisory a ON a.advisory = r.advisory WHERE k.vulnerability = ANY($1)
"""
"""OFFSET 0 keeps PostgreSQL from reading all records first where it has no statistics of them."""

DESCRIBED = """
INSERT INTO vulnerability (id, described) SELECT * FROM unnest($1::text[], $2::bytea[])
ON CONFLICT (id) DO UPDATE SET described = excluded.described
"""


@dataclass(frozen=True, slots=True)
class Group:
    """A vulnerability: its identifiers in the order of holding, and the groups it absorbed."""

    id: str
    identifiers: tuple[str, ...]
    absorbed: tuple[str, ...]


async def load(db: Connection, identifiers: Sequence[str]) -> tuple[dict[str, Held], list[Edge]]:
    """Load all identifiers that these may be joined with, and what joins them; hold new ones."""
    reached = [row["identifier"] for row in await db.fetch(REACH, identifiers)]
    asked = dict.fromkeys(identifiers)
    await db.execute(HOLD, [*asked, *sorted(set(reached) - asked.keys())])
    held = {
        row["identifier"]: Held(row["vulnerability"], row["number"])
        for row in await db.fetch(HELD, reached)
    }
    edges = [
        Edge(row["advisory"], row["identifier"], row["alias"])
        for row in await db.fetch(EDGES, reached)
    ]
    return held, edges


async def save(db: Connection, held: Mapping[str, Held], regrouping: Regrouping) -> None:
    """Store how the groups differ from those held, with where ended ones went."""
    moved = {each: to for each, to in regrouping.groups.items() if held[each].group != to}
    if moved:
        await db.execute(REGROUP, list(moved), list(moved.values()))
    await db.execute(KNOW, sorted(set(regrouping.groups.values())))
    if separated := [each.separated for each in regrouping.splits]:
        await db.execute(LIVE_AGAIN, separated)
        await db.execute(GIVE_BACK, [each.origin for each in regrouping.splits], separated)
    if regrouping.merges:
        survivors = [each.survivor for each in regrouping.merges]
        absorbed = [each.absorbed for each in regrouping.merges]
        await db.execute(KNOW, absorbed)
        await db.execute(ABSORB, survivors, absorbed)
        await db.execute(FORWARD, survivors, absorbed)


async def told(db: Connection, vulnerabilities: Sequence[str]) -> dict[str, bytes]:
    """Load the digest of what was told last of each; those never told of are left out."""
    return {row["id"]: row["described"] for row in await db.fetch(TOLD, vulnerabilities)}


async def described(
    db: Connection, vulnerabilities: Sequence[str]
) -> list[tuple[Group, list[Record]]]:
    """Load groups with everything that advisories say of them."""
    records: dict[str, list[Record]] = {}
    for row in await db.fetch(RECORDS, vulnerabilities):
        body = Vulnerability.model_validate(row["body"])
        record = Record(row["advisory"], row["source"], row["withdrawn"], body)
        records.setdefault(row["vulnerability"], []).append(record)
    return [
        (
            Group(row["id"], tuple(row["identifiers"]), tuple(row["absorbed"])),
            records.get(row["id"], []),
        )
        for row in await db.fetch(GROUPS, vulnerabilities)
    ]


async def remember(db: Connection, digests: dict[str, bytes]) -> None:
    """Remember what was told, so that the same is not told twice."""
    if digests:
        await db.execute(DESCRIBED, list(digests), list(digests.values()))
