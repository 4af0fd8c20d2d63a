"""How fast both directions of matching are in PostgreSQL, on a made portfolio and made ranges.

200,000 components (1,000 product versions of 200) stand against 400,000 ranges on 100,000
packages; components are on the first 20,000 of them, so that most ranges meet nothing, as in life.
The baseline reads the candidates of an advisory and compares their versions in Python.
`python -m tests.bench.matching` writes bench/results/matching.json.
"""

import asyncio
import json
import os
import random
import statistics
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import asyncpg
import pytest

from deploy import stack as deploy_stack
from services.kit.database import Connection, open_pool
from services.kit.migration import migrate
from services.kit.settings import Settings
from services.sbom_matcher.domain import versions
from services.sbom_matcher.domain.matching import Met, Place
from services.sbom_matcher.store import matches
from tests.world import World, fresh_world

COMPONENTS, PER_SBOM, RANGES, PER_ADVISORY = 200_000, 200, 400_000, 4
PACKAGES, USED = 100_000, 20_000
SAMPLES = 500
UNREAD = 0.01
"""The share of components whose version cannot be read: they meet every claim on their package."""

STOCK = """
WITH made AS (
    INSERT INTO component (identity, place, name, version, purl, unreadable)
    SELECT u, replace(u::text, '-', ''), n, v, NULL, false
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS c(u, n, v) RETURNING id, identity)
SELECT id, identity FROM made
"""
HANDLES = """
INSERT INTO handle (component, ident, vkey)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[])
"""
INVENTORY = """
INSERT INTO inventory SELECT p, '1', '', c, false FROM unnest($1::text[], $2::bigint[]) AS i(p, c)
"""
CLAIMS = """
INSERT INTO assertion (advisory, identifier, asserter, statement, held_at, digest, body)
SELECT 'osv/' || i, i, 'osv', false, now(), '', '{}' FROM unnest($1::text[]) AS i RETURNING id
"""
IDENTIFIERS = (
    "INSERT INTO identifier (identifier, vulnerability) SELECT i, i FROM unnest($1::text[]) i"
)
SPANS = """
INSERT INTO span (assertion, ident, low, high, verdict)
SELECT *, 'affected' FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bytea[])
"""
CANDIDATES = """
SELECT h.ident, h.vkey, i.product FROM span s JOIN assertion a ON a.id = s.assertion
JOIN handle h ON h.ident = s.ident JOIN inventory i ON i.component = h.component
WHERE a.identifier = $1
"""
SPANS_OF = """
SELECT ident, low, high FROM span s JOIN assertion a ON a.id = s.assertion WHERE identifier = $1
"""

Found = dict[Place, tuple[Met, ...]]


def _version(chance: random.Random) -> str:
    return f"{chance.randrange(8)}.{chance.randrange(20)}.{chance.randrange(20)}"


def _key(version: str) -> bytes:
    found = versions.key("npm", version)
    if not isinstance(found, bytes):
        raise TypeError(version)
    return found


async def _load(db: Connection, chance: random.Random) -> None:
    for start in range(0, COMPONENTS, 20_000):
        ids = [uuid4() for _ in range(20_000)]
        names = [f"package-{chance.randrange(USED)}" for _ in ids]
        written = [_version(chance) for _ in ids]
        rows = {row["identity"]: row["id"] for row in await db.fetch(STOCK, ids, names, written)}
        numbers = [rows[each] for each in ids]
        idents = [f"purl:npm/{name}" for name in names]
        keys = [_key(each) if chance.random() > UNREAD else None for each in written]
        await db.execute(HANDLES, numbers, idents, keys)
        products = [f"product-{(start + n) // PER_SBOM}" for n in range(len(ids))]
        await db.execute(INVENTORY, products, numbers)
    for start in range(0, RANGES // PER_ADVISORY, 10_000):
        names = [f"V-{start + n}" for n in range(10_000)]
        claims = [row["id"] for row in await db.fetch(CLAIMS, names)]
        await db.execute(IDENTIFIERS, names)
        spans: list[tuple[int, str, bytes | None, bytes | None]] = []
        for claim in claims:
            package = f"purl:npm/package-{chance.randrange(PACKAGES)}"
            bounds = sorted(_key(_version(chance)) for _ in range(2 * PER_ADVISORY))
            pairs = zip(bounds[::2], bounds[1::2], strict=True)
            spans += [(claim, package, low, high) for low, high in pairs]
            spans.append((claim, package, None, None))
        await db.execute(SPANS, *([row[n] for row in spans] for n in range(4)))
    await db.execute("VACUUM ANALYZE")


async def _timed(
    samples: Sequence[str], run: Callable[[str], Awaitable[Found | list[asyncpg.Record]]]
) -> tuple[list[float], int]:
    times, hits = [], 0
    for each in samples:
        began = perf_counter()
        found = await run(each)
        times.append((perf_counter() - began) * 1000)
        hits += len(found)
    return times, hits


async def _plain(db: Connection, vulnerability: str) -> list[asyncpg.Record]:
    """The plain way: fetch what has the package's name, compare versions one by one."""
    spans = await db.fetch(SPANS_OF, vulnerability)
    candidates = await db.fetch(CANDIDATES, vulnerability)
    return [each for each in candidates for span in spans if _meets(each, span)]


def _meets(candidate: asyncpg.Record, span: asyncpg.Record) -> bool:
    low, high, key = span["low"], span["high"], candidate["vkey"]
    return low is key is None or (None not in (low, key) and bool(low <= key < high))


async def measure(world: World) -> list[dict[str, object]]:
    """Load the portfolio and measure both directions."""
    chance = random.Random(11)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in world.environment("sbom-matcher").items():
            patch.setenv(name, value)
        settings = Settings()
    pool = await open_pool(settings, "sbom-matcher")
    await migrate(pool, "sbom-matcher")
    now = datetime.now(UTC)
    async with pool.acquire() as db:
        await _load(db, chance)
    async with pool.acquire() as db, db.transaction():
        await matches.by_index(db)
        advisories = [f"V-{chance.randrange(RANGES // PER_ADVISORY)}" for _ in range(SAMPLES)]
        one, met = await _timed(advisories, lambda v: matches.of_vulnerabilities(db, [v], now))
        products = [f"product-{chance.randrange(COMPONENTS // PER_SBOM)}" for _ in range(SAMPLES)]
        other, hits = await _timed(products, lambda p: matches.of_versions(db, [(p, "1")], now))
        plain, _ = await _timed(advisories, lambda v: _plain(db, v))
    await pool.close()
    print(f"an advisory meets {met / SAMPLES:.1f} components, an SBOM {hits / SAMPLES:.1f} ranges")  # noqa: T201
    return [
        *_figures("advisory against 200,000 components", one, plain),
        *_figures("SBOM of 200 against 400,000 ranges", other, None),
    ]


def _figures(name: str, times: list[float], plain: list[float] | None) -> list[dict[str, object]]:
    def at(percent: int, values: list[float]) -> float:
        return round(statistics.quantiles(values, n=100)[percent - 1], 2)

    return [
        {
            "name": f"{name}, p{percent}", "value": at(percent, times), "unit": "ms", "bar": None,
            "better": "lower", "baseline": at(percent, plain) if plain else None,
        }
        for percent in (50, 99)
    ]  # fmt: skip


def main() -> None:
    """Measure, print and keep."""
    with ExitStack() as opened:
        home = os.environ.get("PATCHVIGIL_TEST_STACK_HOME")
        found = deploy_stack.running(Path(home)) if home else None
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        stack = (
            found.stack
            if found
            else opened.enter_context(deploy_stack.provide(home=folder / "stack", durable=False))
        )
        (folder / "world").mkdir()
        world = opened.enter_context(fresh_world(stack, folder / "world"))
        result = {"bench": "matching", "figures": asyncio.run(measure(world))}
    target = Path("bench/results/matching.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=2))
    print(json.dumps(result, indent=2))  # noqa: T201  (what it is for)


if __name__ == "__main__":
    main()
