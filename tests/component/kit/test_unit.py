"""A unit of work commits all of what it collected, or nothing; its locks make joins meet."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from services.kit import clock
from services.kit.actors import Actor
from services.kit.blobs import BlobError, Blobs
from services.kit.inbox import Identity, Inbox
from services.kit.unit import ForbiddenError, Unit, Units
from tests.component.kit.node import SERVICE, Tallied

pytestmark = pytest.mark.stack


async def test_flushers_run_after_the_outbox_and_callbacks_after_the_commit(units: Units) -> None:
    told: list[str] = []

    def tell(word: str) -> Callable[[Unit], Awaitable[None]]:
        async def flush(unit: Unit) -> None:
            query = "SELECT count(*) FROM kit_outbox WHERE key = 'flushed'"
            told.append(f"{word} {await unit.db.fetchval(query)}")

        return flush

    own = dataclasses.replace(
        units, flushers=(tell("alarms"), tell("audit")), wake=lambda: told.append("woken")
    )
    async with own.begin() as unit:
        unit.emit(Tallied(subject="flushed", number=1))
        unit.after_commit(lambda: told.append("committed"))
        told.append("handled")
    assert told == ["handled", "alarms 1", "audit 1", "woken", "committed"]


async def test_a_unit_that_fails_tells_nobody(units: Units) -> None:
    told: list[str] = []

    async def fail() -> None:
        async with units.begin() as unit:
            unit.after_commit(lambda: told.append("committed"))
            unit.emit(Tallied(subject="undone", number=1))
            await unit.db.execute("SELECT 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await fail()
    assert told == []


async def test_a_readonly_unit_cannot_write(units: Units) -> None:
    async with units.begin(readonly=True) as unit:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await unit.db.execute("INSERT INTO state VALUES ('a', 1, 1)")
        raised = True
    assert raised


async def test_an_actor_without_the_role_is_refused(units: Units) -> None:
    actor = Actor("psirt", "PSIRT engineer on duty", "person", frozenset({"psirt"}))
    async with units.begin(actor=actor) as unit:
        assert unit.require("psirt", "quality") is actor
        with pytest.raises(ForbiddenError, match="psirt lacks the role quality"):
            unit.require("quality")
    async with units.begin() as unit:
        with pytest.raises(ForbiddenError, match="needs a known actor"):
            unit.require("psirt")


async def test_units_that_lock_the_same_keys_take_turns_and_never_miss_each_other(
    units: Units,
) -> None:
    async def join(mine: str, theirs: str, key: str) -> bool:
        async with units.begin() as unit:
            await unit.lock("join", [key])
            met = await unit.db.fetchval(
                "SELECT number FROM state WHERE key = $1", f"{theirs}-{key}"
            )
            await unit.db.execute("INSERT INTO state VALUES ($1, 1, 1)", f"{mine}-{key}")
            return met is not None

    for n in range(50):
        met = await asyncio.gather(join("left", "right", str(n)), join("right", "left", str(n)))
        assert sorted(met) == [False, True]


async def test_units_that_lock_many_keys_in_any_order_do_not_deadlock(units: Units) -> None:
    keys = [f"key-{n}" for n in range(300)]

    async def hold(order: list[str]) -> None:
        async with units.begin() as unit:
            await unit.lock("order", order)
            await asyncio.sleep(0)

    await asyncio.gather(*(hold(keys if n % 2 else keys[::-1]) for n in range(20)))


async def test_an_inbox_makes_days_on_demand_and_drops_those_that_ran_out(units: Units) -> None:
    present, keep = clock.now(), timedelta(days=5)
    days = [(present - timedelta(days=n)).date() for n in range(4)]
    before = Inbox(units.pool, SERVICE, timedelta(days=30))
    await before.prepare({(present - timedelta(days=20)).date()})
    replicas = [Inbox(units.pool, SERVICE, keep) for _ in range(3)]
    await asyncio.gather(*(each.prepare(days) for each in replicas))
    query = (
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'kit_inbox'::regclass"
    )
    async with units.pool.acquire() as db:
        names = {row[0] for row in await db.fetch(query)}
    assert {f"kit_inbox_{day:%Y%m%d}" for day in days} <= names
    assert f"kit_inbox_{present - timedelta(days=20):%Y%m%d}" not in names


async def test_rows_of_a_lost_partition_are_taken_along_when_it_is_made_again(units: Units) -> None:
    """A database restored under a running process lacks a partition that the process counts on."""
    inbox = Inbox(units.pool, SERVICE, timedelta(days=97))
    day = (clock.now() - timedelta(days=40)).date()
    identity = Identity(day, "restored", uuid4())
    async with units.pool.acquire() as db:
        assert await inbox.claim(db, "restoring", [identity]) == [True]
    await inbox.prepare([day])
    async with units.pool.acquire() as db:
        assert await inbox.claim(db, "restoring", [identity]) == [False]


async def test_a_blob_that_is_gone_or_altered_is_told(units: Units) -> None:
    digest = await units.blobs.put(b"content")
    assert await units.blobs.get(digest) == b"content"
    with pytest.raises(BlobError, match="is not in the blob store"):
        await units.blobs.get("sha256:" + "0" * 64)
    await _alter(units.blobs, digest)
    with pytest.raises(BlobError, match="is something else"):
        await units.blobs.get(digest)


async def _alter(blobs: Blobs, digest: str) -> None:
    name = digest.removeprefix("sha256:")
    await blobs.store.put_async(f"{name[:2]}/{name}", b"something else")
