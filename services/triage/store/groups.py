"""Which identifiers mean one vulnerability, and where absorbed vulnerabilities went."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.kit.database import Connection

GROUPS = """
WITH RECURSIVE seed AS (
    SELECT DISTINCT k.key, coalesce(i.vulnerability, k.key) AS id
    FROM unnest((SELECT $1::text[])) AS k(key) LEFT JOIN identifier i ON i.identifier = k.key
), up(key, id) AS (
    SELECT key, id FROM seed
    UNION
    SELECT up.key, f.survivor FROM up CROSS JOIN LATERAL (
        SELECT survivor FROM forwarding WHERE absorbed = up.id AND survivor IS NOT NULL OFFSET 0
    ) AS f
), rooted AS (
    SELECT DISTINCT up.key, up.id AS root FROM up LEFT JOIN LATERAL (
        SELECT survivor FROM forwarding WHERE absorbed = up.id OFFSET 0) AS f ON true
    WHERE f.survivor IS NULL
), down(root, id) AS (
    SELECT DISTINCT root, root FROM rooted
    UNION
    SELECT down.root, f.absorbed FROM down CROSS JOIN LATERAL (
        SELECT absorbed FROM forwarding WHERE survivor = down.id OFFSET 0) AS f
)
SELECT r.root, r.keys, m.members, m.identifiers, f.separated_from
FROM (SELECT root, array_agg(DISTINCT key) AS keys FROM rooted GROUP BY root) AS r
JOIN (SELECT down.root, array_agg(DISTINCT down.id ORDER BY down.id) AS members,
        array_agg(DISTINCT i.identifier ORDER BY i.identifier)
            FILTER (WHERE i.identifier IS NOT NULL) AS identifiers
    FROM down LEFT JOIN LATERAL (
        SELECT identifier FROM identifier WHERE vulnerability = down.id OFFSET 0) AS i ON true
    GROUP BY down.root) AS m USING (root)
LEFT JOIN LATERAL (
    SELECT separated_from FROM forwarding WHERE absorbed = r.root OFFSET 0) AS f ON true
"""
"""Each step looks its rows up by index: `OFFSET 0` keeps the planner, which cannot know how short
these chains are, from joining whole tables. The inner SELECT hides how many keys there are: a plan
for just their number takes longer than the statement, and is the same."""
NAME = """
INSERT INTO identifier AS t (identifier, vulnerability, changed_at)
SELECT DISTINCT ON (identifier) identifier, vulnerability, changed_at
FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS u(identifier, vulnerability, changed_at)
ORDER BY identifier, changed_at DESC
ON CONFLICT (identifier) DO UPDATE SET
    vulnerability = excluded.vulnerability, changed_at = excluded.changed_at
WHERE t.changed_at < excluded.changed_at
"""
NAME_ITSELF = """
INSERT INTO identifier (identifier, vulnerability, changed_at)
SELECT DISTINCT id, id, '-infinity'::timestamptz FROM unnest($1::text[]) AS u(id) ORDER BY id
ON CONFLICT (identifier) DO NOTHING
"""
MERGE = """
INSERT INTO forwarding AS t (absorbed, survivor, changed_at) VALUES ($1, $2, $3)
ON CONFLICT (absorbed) DO UPDATE SET survivor = excluded.survivor, changed_at = excluded.changed_at
WHERE t.changed_at < excluded.changed_at
"""
REVIVE = """
UPDATE forwarding SET survivor = NULL, changed_at = $2
WHERE absorbed = $1 AND survivor IS NOT NULL AND changed_at < $2
"""
SEPARATE = """
INSERT INTO forwarding AS t (absorbed, survivor, separated_from, changed_at)
VALUES ($1, NULL, $2, $3)
ON CONFLICT (absorbed) DO UPDATE SET survivor = NULL, separated_from = excluded.separated_from,
    changed_at = excluded.changed_at
WHERE t.changed_at < excluded.changed_at
"""


@dataclass(frozen=True, slots=True)
class Group:
    """A living vulnerability with those that it absorbed, and every identifier of them all.

    `keys` are those of the asked ones that mean it.
    """

    root: str
    keys: tuple[str, ...]
    members: tuple[str, ...]
    identifiers: tuple[str, ...]
    separated_from: str | None

    @property
    def is_known(self) -> bool:
        """Whether anything was ever said of it: a signal may name what we never heard of."""
        return bool(self.identifiers)

    @property
    def everything(self) -> frozenset[str]:
        """What to lock, so that whoever joins anything of this group waits."""
        return frozenset((*self.keys, *self.members, *self.identifiers))


async def groups(db: Connection, keys: Iterable[str]) -> list[Group]:
    """Find the group of each identifier or vulnerability; one never heard of is its own group."""
    rows = await db.fetch(GROUPS, sorted(set(keys)))
    return [
        Group(
            root=row["root"],
            keys=tuple(row["keys"]),
            members=tuple(row["members"] or ()),
            identifiers=tuple(row["identifiers"] or ()),
            separated_from=row["separated_from"],
        )
        for row in sorted(rows, key=lambda row: str(row["root"]))
    ]


async def name(db: Connection, named: Sequence[tuple[str, str, datetime]]) -> None:
    """Record which vulnerability identifiers mean, as of an instant; older news changes nothing."""
    if named:
        await db.execute(NAME, *map(list, zip(*named, strict=True)))


async def name_themselves(db: Connection, vulnerabilities: Iterable[str]) -> None:
    """Record that a vulnerability's id means it, where nothing says what it means."""
    await db.execute(NAME_ITSELF, sorted(set(vulnerabilities)))


async def merge(db: Connection, survivor: str, absorbed: str, at: datetime) -> None:
    """Forward `absorbed` to `survivor`, unless something newer is known of either."""
    await db.execute(REVIVE, survivor, at)
    await db.execute(MERGE, absorbed, survivor, at)


async def separate(
    db: Connection, vulnerability: str, separated: str, identifiers: Iterable[str], at: datetime
) -> None:
    """Let `separated` live by itself again, with the identifiers that left."""
    await db.execute(SEPARATE, separated, vulnerability, at)
    await name(db, [(each, separated, at) for each in sorted({separated, *identifiers})])
