"""Matches in SQL: a vulnerability against the portfolio, product versions against all advisories.

Each direction is one statement over indexed byte keys; `domain.matching` is the same rule in
memory, and a property test holds the two equal.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import asyncpg

from schemas.findings import Verdict
from services.kit.database import Connection
from services.sbom_matcher.domain import traits
from services.sbom_matcher.domain.matching import (
    Condition,
    Met,
    Place,
    matcher_of,
    on_platform,
)
from services.sbom_matcher.domain.versions.encoding import FIRST, HIGHEST

_COLUMNS = """
    k.vulnerability, i.product, i.version, i.hardware, c.place AS component, a.id AS assertion,
    a.advisory, a.asserter, a.statement, a.held_at, a.digest, h.ident, h.vkey, s.verdict,
    coalesce(s.reason, CASE WHEN s.low IS NULL THEN h.reason END) AS reason, s.place, s.fixed,
    s.traits AS stated, h.traits AS held, ({condition}) AS condition, i.since
"""
_CONDITION = """
    SELECT CASE WHEN bool_or(g.fails) THEN 'fails' WHEN bool_and(g.holds) THEN 'holds'
        WHEN count(*) > 0 THEN 'open' END
    FROM (SELECT bool_or(c.inside) AS holds,
            NOT bool_or(c.inside) AND bool_and(c.elsewhere) AS fails
        FROM (SELECT p.part, p.choice, bool_or(x.inside) AS inside,
                p.choice IS NOT NULL AND bool_or(x.found) AND NOT bool_or(x.unread) AS elsewhere
            FROM platform p CROSS JOIN LATERAL (
                SELECT count(*) > 0 AS found, coalesce(bool_or(y.vkey IS NULL), false) AS unread,
                    coalesce(bool_or(CASE WHEN y.vkey IS NULL THEN p.whole
                        ELSE y.vkey >= p.low AND y.vkey < p.high END), false) AS inside
                FROM handle y JOIN inventory o ON o.component = y.component
                WHERE y.ident = p.ident AND o.product = i.product AND o.version = i.version
                    AND (o.hardware = i.hardware OR '' IN (o.hardware, i.hardware))
            ) x
            WHERE p.assertion = a.id GROUP BY p.part, p.choice) c
        GROUP BY c.part) g
"""
"""Whether a platform of each group is present (`matching.Condition`); null where none is needed."""
_SPEAKS_OF = """
    (a.expires_at IS NULL OR a.expires_at > $1)
    AND (a.product IS NULL
        OR (a.product = i.product AND coalesce(a.product_version, i.version) = i.version))
    AND NOT EXISTS (SELECT FROM product p WHERE p.product = i.product AND p.retired)
    AND (NOT a.statement OR i.own OR i.since <= a.held_at
        OR s.verdict NOT IN ('not_affected', 'fixed')
        OR NOT (s.low IS NULL OR (s.low <= {first} AND s.high = {highest})))
""".format(first=f"'\\x{FIRST.hex()}'::bytea", highest=f"'\\x{HIGHEST.hex()}'::bytea")
_KEYED = "h.ident = s.ident AND h.vkey >= s.low AND h.vkey < s.high"
_UNREAD = "h.ident = s.ident AND h.vkey IS NULL AND s.low IS NULL"

_BY_VULNERABILITY = """
SELECT {columns} FROM identifier k
CROSS JOIN LATERAL (SELECT * FROM assertion WHERE identifier = k.identifier OFFSET 0) a
CROSS JOIN LATERAL (SELECT * FROM span WHERE assertion = a.id OFFSET 0) s
CROSS JOIN LATERAL (SELECT * FROM {held} h WHERE {meets} OFFSET 0) h
CROSS JOIN LATERAL (SELECT * FROM component WHERE id = h.component OFFSET 0) c
CROSS JOIN LATERAL (
    SELECT * FROM inventory i WHERE i.component = h.component{inside} OFFSET 0) i
WHERE k.vulnerability = ANY($2) AND {speaks_of}
"""
_BY_VERSION = """
SELECT {columns} FROM unnest($2::text[], $3::text[]) AS w(product, version)
CROSS JOIN LATERAL (
    SELECT * FROM inventory WHERE product = w.product AND version = w.version OFFSET 0) i
CROSS JOIN LATERAL (SELECT * FROM component WHERE id = i.component OFFSET 0) c
CROSS JOIN LATERAL (
    SELECT * FROM {held} h WHERE h.component = i.component{inside} OFFSET 0) h
CROSS JOIN LATERAL (SELECT * FROM span s WHERE {meets} OFFSET 0) s
CROSS JOIN LATERAL (SELECT * FROM assertion WHERE id = s.assertion OFFSET 0) a
CROSS JOIN LATERAL (SELECT * FROM identifier WHERE identifier = a.identifier OFFSET 0) k
WHERE {speaks_of}
"""
"""OFFSET 0 keeps each step a lookup by what the step before found (`BY_INDEX` tells why)."""

_FILES = """
    (SELECT *, NULL::bytea AS vkey, NULL::text AS reason, NULL::text AS traits FROM file_hash)
"""
_INSIDE = " AND (i.product, i.version, i.hardware) = (h.product, h.version, h.hardware)"


def _all_ways(statement: str) -> str:
    """Join what a version's key decides, what is said of versions without one, and of files.

    A branch each, because an OR would cost the index.
    """
    columns = _COLUMNS.format(condition=_CONDITION)
    return " UNION ALL ".join(
        statement.format(
            columns=columns, held=held, meets=meets, inside=inside, speaks_of=_SPEAKS_OF
        )
        for held, meets, inside in (
            ("handle", _KEYED, ""), ("handle", _UNREAD, ""), (_FILES, _UNREAD, _INSIDE),
        )
    )  # fmt: skip


BY_VULNERABILITY = _all_ways(_BY_VULNERABILITY)
BY_VERSION = _all_ways(_BY_VERSION)

BY_INDEX = """
SELECT set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true),
    set_config('max_parallel_workers_per_gather', '0', true)
"""
"""Match over indexes whatever the statistics say, with a plan made once for a connection.

Eight tables take 20 ms to plan and 0.3 ms to join; and PostgreSQL cannot guess how selective a byte
interval is, nor how large a table grows under a plan that it keeps: it read all 400,000 spans for
one SBOM, and after a backfill, of which it had no statistics yet, every claim for each match. So
every statement says step by step how it goes from what is asked for to what is found.
"""


async def by_index(db: Connection) -> None:
    """Make the matches of this transaction run over the indexes; call it before them."""
    await db.execute(BY_INDEX)


async def of_vulnerabilities(
    db: Connection, vulnerabilities: Sequence[str], now: datetime
) -> dict[Place, tuple[Met, ...]]:
    """Match every claim on these vulnerabilities against the whole portfolio."""
    return _found(await db.fetch(BY_VULNERABILITY, now, vulnerabilities))


async def of_versions(
    db: Connection, versions: Sequence[tuple[str, str]], now: datetime
) -> dict[Place, tuple[Met, ...]]:
    """Match everything in these product versions against every claim."""
    products, numbers = [p for p, _ in versions], [v for _, v in versions]
    return _found(await db.fetch(BY_VERSION, now, products, numbers))


def _found(rows: Sequence[asyncpg.Record]) -> dict[Place, tuple[Met, ...]]:
    found: defaultdict[Place, list[Met]] = defaultdict(list)
    for row in rows:
        place = Place(
            row["vulnerability"], row["product"], row["version"], row["hardware"], row["component"]
        )
        if not traits.agree(row["stated"], row["held"]):
            continue
        met = on_platform(
            Met(
                assertion=row["assertion"],
                advisory=row["advisory"],
                asserter=row["asserter"],
                matcher=matcher_of(row["ident"], statement=row["statement"]),
                verdict=Verdict(row["verdict"]),
                reason=row["reason"],
                place=row["place"],
                fixed=row["fixed"],
                statement=row["statement"],
                whole_product=row["ident"].startswith("product:"),
                held_at=row["held_at"],
                digest=row["digest"],
                since=row["since"],
                ident=row["ident"],
                key=row["vkey"],
            ),
            Condition(row["condition"]) if row["condition"] else None,
        )
        if met:
            found[place].append(met)
    return {place: tuple(mets) for place, mets in found.items()}
