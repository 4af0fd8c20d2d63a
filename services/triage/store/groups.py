"""Which identifiers mean one vulnerability, and where absorbed vulnerabilities went."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.kit.database import Connection

GROUPS = """
WITH RECURSIVE seed AS (
    SELECT DISTINCT k.key, coalesce(i.vulnerability, k.key) AS id
    FROM unnest($1::text[]) AS k(key) LEFT JOIN identifier i ON i.identifier = k.key
), up(key, id) AS (
    SELECT key, id FROM seed
    UNION
    SELECT up.key, f.survivor FROM up JOIN forwarding f ON f.absorbed = up.id
    WHERE f.survivor IS NOT NULL
), rooted AS (
    SELECT DISTINCT up.key, up.id AS root FROM up
    WHERE NOT EXISTS (SELECT FROM forwarding f WHERE f.absorbed = up.id AND f.survivor IS NOT NULL)
), down(root, id) AS (
    SELECT DISTINCT root, root FROM rooted
    UNION
    SELECT down.root, f.absorbed FROM down JOIN forwarding f ON f.survivor = down.id
)
SELECT r.root, r.keys, m.members, n.identifiers, f.separated_from
FROM (SELECT root, array_agg(DISTINCT key) AS keys FROM rooted GROUP BY root) AS r
JOIN (SELECT root, array_agg(id ORDER BY id) AS members FROM down GROUP BY root) AS m USING (root)
LEFT JOIN (SELECT d.root, array_agg(i.identifier ORDER BY i.identifier) AS identifiers
    FROM down d JOIN identifier i ON i.vulnerability = d.id GROUP BY d.root) AS n USING (root)
LEFT JOIN forwarding f ON f.absorbed = r.root
"""
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
