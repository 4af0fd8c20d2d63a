"""The audit chain: sealed within a second, and every kind of tampering is named exactly."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from services.kit import audit
from services.kit.actors import Actor
from services.kit.audit import Sealer, Verdict
from services.kit.blobs import open_blobs
from services.kit.database import Pool, open_pool
from services.kit.migration import migrate, migrations
from services.kit.settings import Settings
from services.kit.unit import Units
from tests.component.kit_edges.conftest import Starting
from tests.component.kit_edges.ledger import SERVICE, ledger

pytestmark = pytest.mark.stack

ACTOR = Actor("quality", "Quality manager", "person", frozenset({"quality"}))
ROLE = "ALTER TABLE {} {} TRIGGER kit_insert_only"


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    opened = await open_pool(settings, SERVICE)
    await migrate(opened, SERVICE, [m for m in migrations(SERVICE) if m.name.startswith("kit/")])
    await opened.execute("TRUNCATE kit_audit, kit_audit_seal, kit_audit_unsealed RESTART IDENTITY")
    yield opened
    await opened.close()


async def write(pool: Pool, settings: Settings, count: int, after: Any = None) -> None:
    units = Units(pool, SERVICE, open_blobs(settings.blob_url), lambda: None, (audit.flush,))
    async with units.begin(actor=ACTOR) as unit:
        for n in range(count):
            unit.audit("case.close", f"case-{n}", before={"n": n}, after=after, reason="done")


async def verdict(pool: Pool) -> Verdict:
    async with pool.acquire() as db:
        return await audit.verify(db)


async def tamper(pool: Pool, table: str, statement: str) -> None:
    """Change a table in the way of somebody who owns it and takes its guard away first."""
    async with pool.acquire() as db:
        await db.execute(ROLE.format(table, "DISABLE"))
        await db.execute(statement)
        await db.execute(ROLE.format(table, "ENABLE"))


async def test_an_untouched_chain_is_intact(pool: Pool, settings: Settings) -> None:
    await write(pool, settings, 30, {"text": "ä€𝄞", "number": 1.50, "nested": [None, True]})
    assert await Sealer(pool, SERVICE).seal() == 30
    await write(pool, settings, 20)
    assert await Sealer(pool, SERVICE).seal() == 20
    found = await verdict(pool)
    assert found.intact
    assert found.sealed == 50
    assert len(found.head) == 64


@pytest.mark.parametrize(
    "edit",
    [
        "actor = 'somebody'",
        "action = 'case.open'",
        "subject = 'case-99'",
        "before = '{\"n\": 99}'",
        "after = '{}'",
        "reason = NULL",
        "at = at + interval '1 microsecond'",
    ],
)
async def test_an_edited_row_is_named_and_no_other(
    pool: Pool, settings: Settings, edit: str
) -> None:
    await write(pool, settings, 10)
    await Sealer(pool, SERVICE).seal()
    await tamper(pool, "kit_audit", f"UPDATE kit_audit SET {edit} WHERE seq = 4")
    found = await verdict(pool)
    assert not found.intact
    assert (found.edited, found.deleted, found.unsealed, found.gaps) == ((4,), (), (), ())


async def test_deleted_inserted_and_unsealed_rows_are_each_named(
    pool: Pool, settings: Settings
) -> None:
    await write(pool, settings, 10)
    await Sealer(pool, SERVICE).seal()
    await tamper(pool, "kit_audit", "DELETE FROM kit_audit WHERE seq IN (3, 10)")
    await tamper(pool, "kit_audit_seal", "DELETE FROM kit_audit_seal WHERE seq = 7")
    await pool.execute(
        "INSERT INTO kit_audit (at, actor, action, subject) VALUES (now(), 'x', 'y', 'z')"
    )
    found = await verdict(pool)
    assert found.deleted == (3, 10)
    assert found.unsealed == (7, 11)
    assert found.gaps == (7,)
    assert found.edited == ()


async def test_a_cut_off_end_shows_in_the_head_that_was_kept(
    pool: Pool, settings: Settings
) -> None:
    await write(pool, settings, 5)
    await Sealer(pool, SERVICE).seal()
    kept = (await verdict(pool)).head
    await tamper(pool, "kit_audit", "DELETE FROM kit_audit WHERE seq = 5")
    await tamper(pool, "kit_audit_seal", "DELETE FROM kit_audit_seal WHERE seq = 5")
    found = await verdict(pool)
    assert found.intact  # nothing inside the database can tell
    assert found.head != kept


async def test_rows_are_insert_only_for_the_service_itself(pool: Pool, settings: Settings) -> None:
    await write(pool, settings, 1)
    await Sealer(pool, SERVICE).seal()
    for statement in (
        "UPDATE kit_audit SET reason = 'better'",
        "DELETE FROM kit_audit",
        "UPDATE kit_audit_seal SET hash = hash",
        "DELETE FROM kit_audit_seal",
    ):
        with pytest.raises(asyncpg.RaiseError, match="insert-only"):
            await pool.execute(statement)


async def test_a_row_that_commits_after_a_later_one_was_sealed_is_sealed_too(
    pool: Pool, settings: Settings
) -> None:
    units = Units(pool, SERVICE, open_blobs(settings.blob_url), lambda: None, (audit.flush,))
    async with units.begin(actor=ACTOR) as slow:
        slow.audit("case.close", "slow")
        await audit.flush(slow)
        slow.audited.clear()
        await write(pool, settings, 1)
        assert await Sealer(pool, SERVICE).seal() == 1
    assert await Sealer(pool, SERVICE).seal() == 1
    rows = await pool.fetch("SELECT seq FROM kit_audit_seal ORDER BY position")
    assert [row["seq"] for row in rows] == [2, 1]
    assert (await verdict(pool)).intact


async def test_many_sealers_make_one_chain(pool: Pool, settings: Settings) -> None:
    sealers = [Sealer(pool, SERVICE) for _ in range(5)]
    for _ in range(10):
        await asyncio.gather(
            write(pool, settings, 7), write(pool, settings, 3), *(each.seal() for each in sealers)
        )
    await sealers[0].seal()
    found = await verdict(pool)
    assert found.intact
    assert found.sealed == 100


@pytest.mark.usefixtures("pool")
async def test_a_write_over_http_is_sealed_within_two_seconds(start: Starting) -> None:
    async with start(ledger()) as client:
        await client.post("/v1/notes", json={"id": "sealed", "text": "x"})
        for _ in range(40):
            answer = (await client.get("/v1/audit/verify")).json()
            if answer["sealed"]:
                break
            await asyncio.sleep(0.05)
    assert answer["intact"] is True
    assert answer["sealed"] == 1
