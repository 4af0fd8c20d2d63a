"""How fast matching is in PostgreSQL, on a made portfolio and made ranges.

200,000 components (1,000 product versions of 200) stand against 400,000 ranges on 100,000
packages; components are on the first 20,000 of them, a few packages far more often than most, and
most ranges meet nothing, as in life. Then the portfolio grows to 2,000,000 components.
The baseline reads the candidates of an advisory and compares their versions in Python.
`python -m tests.bench.matching` writes bench/results/matching.json.
"""

import asyncio
import os
import random
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path
from time import perf_counter

import asyncpg
import pytest

from deploy import stack as deploy_stack
from schemas.sboms import SbomRegistered
from services.intake.formats import sniff
from services.intake.formats.canonical import Sbom
from services.kit import garbage
from services.kit.blobs import open_blobs
from services.kit.database import Connection, open_pool
from services.kit.migration import migrate
from services.kit.settings import Settings
from services.kit.unit import Units
from services.sbom_matcher.domain import versions
from services.sbom_matcher.domain.matching import Met, Place
from services.sbom_matcher.handlers import on_sboms
from services.sbom_matcher.store import matches
from tests.bench.report import Figure, percentile, write
from tests.component.intake import documents
from tests.component.sbom_matcher import facts
from tests.component.sbom_matcher.conftest import received
from tests.world import World, fresh_world

COMPONENTS, GROWN, PER_SBOM = 200_000, 2_000_000, 200
RANGES, PER_ADVISORY = 400_000, 4
PACKAGES, USED = 100_000, 20_000
SAMPLES, BIG = 1000, 5_000
PAGE = 50
"""Product versions that a full rematch takes at once."""

VERSIONS = "CREATE TEMP TABLE made_version (n int PRIMARY KEY, written text, vkey bytea)"
KEEP_VERSIONS = "INSERT INTO made_version SELECT * FROM unnest($1::int[], $2::text[], $3::bytea[])"
STOCK = """
WITH drawn AS MATERIALIZED (
    SELECT n, floor($3 * power(random(), 1.3))::int AS package, random() < 0.01 AS unread,
        floor(random() * (SELECT count(*) FROM made_version))::int AS version
    FROM generate_series($1::bigint, $2::bigint) AS n),
made AS (
    INSERT INTO component (identity, place, name, version, purl, unreadable)
    SELECT md5(drawn.n::text)::uuid, md5(drawn.n::text), 'package-' || package, v.written, NULL,
        false
    FROM drawn JOIN made_version v ON v.n = drawn.version RETURNING id, identity),
kept AS (
    INSERT INTO inventory SELECT 'product-' || drawn.n / $4, '1', '', m.id, false
    FROM drawn JOIN made m ON m.identity = md5(drawn.n::text)::uuid)
INSERT INTO handle (component, ident, vkey)
SELECT m.id, 'purl:npm/package-' || d.package, CASE WHEN d.unread THEN NULL ELSE v.vkey END
FROM drawn d JOIN made m ON m.identity = md5(d.n::text)::uuid
JOIN made_version v ON v.n = d.version
"""
"""A hundredth has no readable version: those components meet every claim on their package."""

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


async def _load_stock(db: Connection, first: int, last: int) -> None:
    """Put components `first` up to `last` in stock, each in a product version of 200."""
    step = 100_000
    for start in range(first, last, step):
        end = min(start + step, last) - 1
        await db.execute(STOCK, start, end, USED, PER_SBOM)
    await db.execute("VACUUM ANALYZE")


async def _load_ranges(db: Connection, chance: random.Random) -> None:
    for start in range(0, RANGES // PER_ADVISORY, 10_000):
        names = [f"V-{start + n}" for n in range(10_000)]
        claims = [row["id"] for row in await db.fetch(CLAIMS, names)]
        await db.execute(IDENTIFIERS, names)
        spans: list[tuple[int, str, bytes | None, bytes | None]] = []
        for claim in claims:
            often = int(USED * chance.random() ** 1.3)  # what everybody uses is written of most
            number = often if chance.random() < 0.2 else chance.randrange(PACKAGES)
            package = f"purl:npm/package-{number}"
            bounds = sorted(_key(_version(chance)) for _ in range(2 * PER_ADVISORY))
            pairs = zip(bounds[::2], bounds[1::2], strict=True)
            spans += [(claim, package, low, high) for low, high in pairs]
            spans.append((claim, package, None, None))
        await db.execute(SPANS, *([row[n] for row in spans] for n in range(4)))


async def _keep_versions(db: Connection) -> None:
    made = [f"{a}.{b}.{c}" for a in range(8) for b in range(20) for c in range(20)]
    await db.execute(VERSIONS)
    await db.execute(KEEP_VERSIONS, list(range(len(made))), made, [_key(each) for each in made])
    await db.execute("SELECT setseed(0.11)")


async def _timed(
    samples: Sequence[str], run: Callable[[str], Awaitable[Found | list[asyncpg.Record]]]
) -> tuple[list[float], list[int]]:
    times, hits = [], []
    for each in samples:
        began = perf_counter()
        found = await run(each)
        times.append((perf_counter() - began) * 1000)
        hits.append(len(found))
    return times, hits


async def _plain(db: Connection, vulnerability: str) -> list[asyncpg.Record]:
    """The plain way: fetch what has the package's name, compare versions one by one."""
    spans = await db.fetch(SPANS_OF, vulnerability)
    candidates = await db.fetch(CANDIDATES, vulnerability)
    return [each for each in candidates for span in spans if _meets(each, span)]


def _meets(candidate: asyncpg.Record, span: asyncpg.Record) -> bool:
    low, high, key = span["low"], span["high"], candidate["vkey"]
    return low is key is None or (None not in (low, key) and bool(low <= key < high))


async def _rematch(db: Connection, now: datetime) -> tuple[float, int]:
    """Match every product version of the small portfolio against every range."""
    every = iter([(f"product-{n}", "1") for n in range(COMPONENTS // PER_SBOM)])
    began, hits = perf_counter(), 0
    while page := list(islice(every, PAGE)):
        hits += sum(map(len, (await matches.of_versions(db, page, now)).values()))
    return perf_counter() - began, hits


async def _stored(units: Units, chance: random.Random) -> list[float]:
    """Take SBOMs of 5,000 components, most of which no other SBOM has, from bytes to the commit.

    That is: intake's parser with its checks, the event as it is written for Kafka and read again,
    and the matcher's handler with the registry's copy, its judgement, outbox and wish for a match,
    committed. Kafka's way is not in it.
    """
    times = []
    garbage.set_apart()  # as a service does at its start
    for number in range(9):
        written = [(f"part-{n}", _version(chance)) for n in range(BIG)]
        parts = [
            {"type": "library", "name": name, "version": version, "bom-ref": name,
             "purl": f"pkg:npm/{name}@{version}"}
            for name, version in written
        ]  # fmt: skip
        raw = documents.encoded(
            documents.sbom("bench", str(number)) | {"components": parts, "dependencies": []}
        )
        began = perf_counter()
        document = sniff.read(raw)
        if not isinstance(document, Sbom):
            raise TypeError(document.format)
        told = (
            facts.sbom("bench", str(number), *document.components)
            .model_copy(update={"revision": 1})
            .model_dump_json()
        )
        async with units.begin() as unit:
            await on_sboms(received(SbomRegistered.model_validate_json(told)), unit)
        times.append((perf_counter() - began) * 1000)
    return times


async def measure(world: World) -> list[Figure]:
    """Load the portfolio, measure both directions and the whole, let it grow, measure again."""
    chance = random.Random(11)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in world.environment("sbom-matcher").items():
            patch.setenv(name, value)
        settings = Settings()
    pool = await open_pool(settings, "sbom-matcher")
    await migrate(pool, "sbom-matcher")
    now = datetime.now(UTC)
    advisories = [f"V-{chance.randrange(RANGES // PER_ADVISORY)}" for _ in range(SAMPLES)]
    products = [f"product-{chance.randrange(COMPONENTS // PER_SBOM)}" for _ in range(SAMPLES)]
    async with pool.acquire() as db:
        await _keep_versions(db)
        await _load_ranges(db, chance)
        await _load_stock(db, 0, COMPONENTS)
        async with db.transaction():
            await matches.by_index(db)
            one, _ = await _timed(advisories, lambda v: matches.of_vulnerabilities(db, [v], now))
            other, _ = await _timed(products, lambda p: matches.of_versions(db, [(p, "1")], now))
            plain, _ = await _timed(advisories, lambda v: _plain(db, v))
            whole, hits = await _rematch(db, now)
        units = Units(pool, "sbom-matcher", open_blobs(settings.blob_url), lambda: None)
        stored = await _stored(units, chance)
        await _load_stock(db, COMPONENTS, GROWN)
        async with db.transaction():
            await matches.by_index(db)
            grown, met = await _timed(
                advisories, lambda v: matches.of_vulnerabilities(db, [v], now)
            )
            later, _ = await _timed(products, lambda p: matches.of_versions(db, [(p, "1")], now))
            slow, _ = await _timed(advisories, lambda v: _plain(db, v))
    await pool.close()
    print(_mix(met), f"a full rematch meets {hits:,}", sep="; ")  # noqa: T201 - part of the result
    return [
        *_figures("advisory against 200,000 components", one, plain, (None, None)),
        *_figures("advisory against 2,000,000 components", grown, slow, (5, 25)),
        *_figures("SBOM of 200 against 400,000 ranges", other, None, (None, 20)),
        Figure(f"SBOM of {BIG:,} components validated, keyed and stored",
               round(percentile(stored, 0.5), 1), "ms", "lower", 400),
        Figure("full rematch of 200,000 components by 400,000 ranges", whole, "s", "lower", 10),
        Figure("SBOM's query at 2,000,000 components to 200,000", _ratio(later, other), "times",
               "lower", 2),
        Figure(f"components of {GROWN:,} that an advisory meets, fewest", min(met), "", "higher"),
        Figure(f"components of {GROWN:,} that an advisory meets, most", max(met), "", "higher"),
    ]  # fmt: skip


def _mix(met: Sequence[int]) -> str:
    """Say how many components the sampled advisories meet."""
    steps = (0, 1, 10, 50, 100, 200, 400, 800)
    counted = (
        f"{low} to {high - 1}: {sum(low <= each < high for each in met)}"
        for low, high in pairwise(steps)
    )
    return (
        f"of {GROWN:,} components {len(met)} advisories meet {min(met)} to {max(met)}, "
        f"{sum(met) / len(met):.1f} on average ({', '.join(counted)})"
    )


def _ratio(late: list[float], early: list[float]) -> float:
    return round(percentile(late, 0.5) / percentile(early, 0.5), 2)


def _figures(
    name: str,
    times: list[float],
    plain: list[float] | None,
    bars: tuple[float | None, float | None],
) -> list[Figure]:
    return [
        Figure(f"{name}, p{share * 100:.0f}", round(percentile(times, share), 2), "ms", "lower",
               bar, round(percentile(plain, share), 2) if plain else None)
        for share, bar in zip((0.5, 0.99), bars, strict=True)
    ]  # fmt: skip


def main() -> None:
    """Measure and keep."""
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
        write("matching", asyncio.run(measure(world)))


if __name__ == "__main__":
    main()
