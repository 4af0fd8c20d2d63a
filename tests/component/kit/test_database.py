"""Migrations run once, in order, in the service's own schema, and never silently differ."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from services.kit import database, migration
from services.kit.database import Pool, UnreachableError
from services.kit.migration import Migration, MigrationError
from tests.component.kit.node import SERVICE, settings_of
from tests.world import World

pytestmark = pytest.mark.stack


@pytest.fixture
async def pool(new_world: World) -> AsyncIterator[Pool]:
    opened = await database.open_pool(settings_of(new_world), SERVICE)
    yield opened
    await opened.close()


FIRST = Migration("triage/001_first.sql", "CREATE TABLE first (id int)")
SECOND = Migration("triage/002_second.sql", "ALTER TABLE first ADD COLUMN name text")


async def test_replicas_that_start_together_migrate_once(pool: Pool) -> None:
    applied = await asyncio.gather(
        *(migration.migrate(pool, SERVICE, [FIRST, SECOND]) for _ in range(4))
    )
    assert sorted(applied) == [[], [], [], [FIRST.name, SECOND.name]]
    async with pool.acquire() as db:
        query = "SELECT table_schema FROM information_schema.columns WHERE column_name = 'name'"
        assert SERVICE in {row[0] for row in await db.fetch(f"{query} AND table_name = 'first'")}


async def test_a_migration_that_fails_leaves_nothing_behind(pool: Pool) -> None:
    broken = Migration("triage/002_broken.sql", "ALTER TABLE nowhere ADD COLUMN name text")
    with pytest.raises(Exception, match="nowhere"):
        await migration.migrate(pool, SERVICE, [FIRST, broken])
    assert await migration.migrate(pool, SERVICE, [FIRST, SECOND]) == [FIRST.name, SECOND.name]


async def test_a_file_that_was_changed_after_it_was_applied_is_refused(pool: Pool) -> None:
    await migration.migrate(pool, SERVICE, [FIRST])
    changed = Migration(FIRST.name, FIRST.sql + " -- and more")
    with pytest.raises(MigrationError, match=r"triage/001_first\.sql was changed .* next number"):
        await migration.migrate(pool, SERVICE, [changed])


async def test_the_kits_own_migrations_and_every_services_apply_to_an_empty_schema(
    pool: Pool,
) -> None:
    names = await migration.migrate(pool, SERVICE)
    assert names[0] == "kit/001_kit.sql"
    assert await migration.migrate(pool, SERVICE) == []


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (["1_short.sql"], "call it NNN_what_it_does"),
        (["001_a.sql", "001_b.sql"], r"the number is taken by 001_a\.sql"),
    ],
)
def test_a_bad_file_name_is_refused(tmp_path: Path, names: list[str], complaint: str) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(MigrationError, match=complaint):
        migration.read("triage", tmp_path)


async def test_jsonb_takes_and_gives_values(pool: Pool) -> None:
    value = {"text": "ä", "list": [1, None, True], "nested": {"a": 0.5}}
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT $1::jsonb", value) == value
        rows = await db.fetch("SELECT * FROM unnest($1::jsonb[]) AS t (v)", [value, None, "text"])
        assert [row["v"] for row in rows] == [value, None, "text"]


async def test_a_connection_that_breaks_is_a_transient_error(pool: Pool) -> None:
    async def lose() -> None:
        async with database.connection(pool) as db:
            own = await db.fetchval("SELECT pg_backend_pid()")
            async with pool.acquire() as other:
                await other.execute("SELECT pg_terminate_backend($1)", own)
            await asyncio.sleep(0.1)
            await db.fetchval("SELECT 1")

    with pytest.raises(database.TRANSIENT):
        await lose()


async def test_an_error_of_the_clients_own_state_costs_the_connection_alone(pool: Pool) -> None:
    with pytest.raises(UnreachableError, match="broke"):
        async with database.connection(pool):
            raise asyncpg.InternalClientError("cannot switch to state 15")
    async with database.connection(pool) as db:
        assert await db.fetchval("SELECT 1") == 1


async def test_a_database_that_is_away_is_a_transient_error(pool: Pool) -> None:
    await pool.expire_connections()

    async def nowhere(*_: object, **__: object) -> None:
        raise FileNotFoundError("/run/postgresql/.s.PGSQL.5432")

    pool._connect = nowhere  # type: ignore[attr-defined]
    with pytest.raises(UnreachableError, match="PostgreSQL cannot be reached"):
        async with database.connection(pool):
            pass
