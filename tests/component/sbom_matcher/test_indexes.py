"""A match finds all that it reads by an index: what it takes does not grow with the portfolio."""

import pytest

from schemas.advisories import Range
from services.kit.database import Connection
from services.kit.settings import Settings
from services.kit.unit import Units
from services.sbom_matcher import rematch
from services.sbom_matcher.handlers import on_advisories, on_products, on_sboms
from services.sbom_matcher.store import groups, matches, pending
from tests.component.sbom_matcher.conftest import opened, received
from tests.component.sbom_matcher.facts import advisory, npm, on_npm, product, sbom
from tests.world import World

READ_WHOLE = """
SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE schemaname = 'sbom_matcher'
"""


async def _read_whole(units: Units) -> set[str]:
    """Match everything that waits; name the tables that this read from end to end."""
    async with units.begin() as unit:
        waiting = await pending.following(unit.db, 1000, bulk=False)
        assert waiting
    async with units.begin() as unit:
        await rematch.lock(unit)
        before = await _scans(unit.db)
        await rematch.rematch(unit, waiting)
        after = await _scans(unit.db)
    return {name for name, count in after.items() if count > before.get(name, 0)}


async def _scans(db: Connection) -> dict[str, int]:
    return {row["relname"]: row["seq_scan"] for row in await db.fetch(READ_WHOLE)}


async def test_no_match_reads_a_table_from_end_to_end(settings: Settings) -> None:
    async with opened(settings) as units:
        async with units.begin() as unit:
            await on_products(received(product("pump", "1", "2")), unit)
        assert await _read_whole(units) == set(), "versions without an SBOM"
        async with units.begin() as unit:
            await on_sboms(received(sbom("pump", "1", npm("lib", "1.0.0"))), unit)
        assert await _read_whole(units) == set(), "an SBOM without advisories"
        async with units.begin() as unit:
            told = (
                advisory("osv/1", "V-1", on_npm("lib")),
                advisory("osv/2", "V-2", on_npm("lib")),
            )
            await on_advisories(received(*told), unit)
        assert await _read_whole(units) == set(), "advisories that open findings"
        async with units.begin() as unit:
            joined = advisory("osv/1", "V-1", on_npm("lib"), aliases=("V-2",))
            await on_advisories(received(joined), unit)
        assert await _read_whole(units) == set(), "two vulnerabilities that become one"
        async with units.begin() as unit:
            parted = advisory("osv/1", "V-1", on_npm("other"))
            await on_advisories(received(parted), unit)
        assert await _read_whole(units) == set(), "one that becomes two, and a finding that ends"
        async with units.begin() as unit:
            await on_sboms(received(sbom("pump", "1", npm("new", "1.0.0"))), unit)
        assert await _read_whole(units) == set(), "a component that has left"


RANGES_READ = "SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'span'"


async def test_the_match_of_an_sbom_reads_no_range_on_what_it_does_not_contain(
    settings: Settings,
) -> None:
    flaw = Range(introduced="1.0.0", fixed="2.0.0")
    others = [advisory(f"osv/o{n}", f"O-{n}", on_npm(f"other-{n}", flaw)) for n in range(2000)]
    held = [
        sbom(f"monitor-{n}", "1", *(npm(f"part-{n}-{m}", "1.0.0") for m in range(100)))
        for n in range(20)
    ]
    async with opened(settings) as units:
        async with units.begin() as unit:
            await on_sboms(received(*held), unit)
            await on_advisories(received(*others), unit)
        async with units.begin() as unit:
            for table in ("span", "handle", "inventory", "component", "assertion", "identifier"):
                await unit.db.execute(f"ANALYZE {table}")
        async with units.begin() as unit:
            await rematch.lock(unit)
            before = await unit.db.fetchval(RANGES_READ)
            await matches.of_versions(unit.db, [("monitor-7", "1")], unit.now)
            assert await unit.db.fetchval(RANGES_READ) - before == 0


READ = """
SELECT relname, idx_tup_fetch + seq_tup_read AS rows FROM pg_stat_xact_user_tables
WHERE relname IN ('identifier', 'assertion', 'record', 'advisory', 'span')
"""
FILL = """
WITH named AS (SELECT 'F-' || n AS name FROM generate_series(1, 40000) AS n),
identified AS (INSERT INTO identifier (identifier, vulnerability) SELECT name, name FROM named),
held AS (
    INSERT INTO advisory (advisory, revision, source, digest, withdrawn, held_at)
    SELECT name, 1, 'osv', '', false, now() FROM named),
recorded AS (
    INSERT INTO record (advisory, identifier, withdrawn, body, unnamed)
    SELECT name, name, false, '{}', 0 FROM named),
claimed AS (
    INSERT INTO assertion (advisory, identifier, asserter, statement, held_at, digest, body)
    SELECT name, name, 'osv', false, now(), '', '{}' FROM named RETURNING id)
INSERT INTO span (assertion, ident, low, high, verdict)
SELECT id, 'npm:elsewhere', low, high, 'affected'
FROM claimed, (VALUES ('\\x01'::bytea, '\\xff'::bytea), (NULL, NULL)) AS spans (low, high)
"""
"""A backfill as it has just been stored: PostgreSQL has no statistics of it yet."""


@pytest.mark.parametrize("planned", ["before", "after"])
async def test_the_match_of_a_vulnerability_reads_nothing_of_a_backfill_that_was_never_analysed(
    new_world: World, monkeypatch: pytest.MonkeyPatch, planned: str
) -> None:
    for name, value in new_world.environment("sbom-matcher").items():
        monkeypatch.setenv(name, value)
    async with opened(Settings()) as units:
        if planned == "before":
            await _match_one(units)
        async with units.begin() as unit:
            await unit.db.execute(FILL)
            await on_advisories(received(advisory("osv/1", "V-1", on_npm("lib"))), unit)
        read = await _match_one(units)
    assert {name: rows for name, rows in read.items() if rows > 10} == {}


async def _match_one(units: Units) -> dict[str, int]:
    """Match a vulnerability and describe it; tell how many rows of each table that read."""
    async with units.begin() as unit:
        await rematch.lock(unit)
        before = {row["relname"]: row["rows"] for row in await unit.db.fetch(READ)}
        await matches.of_vulnerabilities(unit.db, ["V-1"], unit.now)
        await groups.described(unit.db, ["V-1"])
        after = {row["relname"]: row["rows"] for row in await unit.db.fetch(READ)}
    return {name: rows - before[name] for name, rows in after.items()}
