"""Firing reads what is due and no more, however many timers wait and whatever statistics say.

A burst of arming is fired before autovacuum has looked at the table: the planner then takes nearly
nothing to be armed, and any index of what is armed to be small.
"""

from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from services.kit import clock, firing, timer_loop, timers
from services.kit.unit import Units

pytestmark = pytest.mark.stack

WAITING, DUE = 100_000, 20
FEW = 400
"""Pages of 8 kB that reading so few timers may touch; the index alone of all that wait has more."""

ARM = """
INSERT INTO kit_timer (id, subject, step, due_at, fire_at)
SELECT gen_random_uuid(), 'subject ' || n, 'step', at, at
FROM generate_series(1, $1::int) AS n CROSS JOIN LATERAL (
    SELECT $2::timestamptz + n * interval '1 second' AS at) AS t
RETURNING id
"""


async def _pages(units: Units, sql: str, *arguments: object) -> int:
    """How many pages a statement touches, by its plan; it runs, and is undone."""
    async with units.pool.acquire() as db:
        attempt = db.transaction()
        await attempt.start()
        told = await db.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *arguments)
        await attempt.rollback()
    plan = orjson.loads(told)[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


@pytest.fixture(scope="module")
async def due(units: Units) -> list[UUID]:
    """The ids of a few timers that are due beside very many that are not."""
    now = clock.now()
    async with units.begin() as unit:
        await unit.db.execute("ALTER TABLE kit_timer SET (autovacuum_enabled = off)")
        await unit.db.execute(ARM, WAITING, now + timedelta(hours=1))
        rows = await unit.db.fetch(ARM, DUE, now - timedelta(hours=1))
    return [row["id"] for row in rows]


@pytest.mark.usefixtures("due")
async def test_all_that_wait_would_be_many_pages(units: Units) -> None:
    whole = await _pages(units, "SELECT count(subject) FROM kit_timer WHERE state = 'armed'")
    assert whole > FEW, "the bound proves nothing"


async def test_firing_reads_the_timers_it_fires(units: Units, due: list[UUID]) -> None:
    assert await _pages(units, firing.FIRE, due) < FEW


async def test_asking_what_is_still_armed_reads_those_timers(units: Units, due: list[UUID]) -> None:
    assert await _pages(units, firing.STILL_ARMED, due) < FEW


@pytest.mark.usefixtures("due")
async def test_a_sweep_reads_what_is_overdue(units: Units) -> None:
    assert await _pages(units, firing.OVERDUE, firing.BATCH) < FEW


@pytest.mark.usefixtures("due")
async def test_looking_for_the_next_timer_reads_no_more(units: Units) -> None:
    assert await _pages(units, timer_loop.OUTLOOK) < FEW


async def test_taking_timers_back_reads_those_of_their_subjects(
    units: Units, due: list[UUID]
) -> None:
    subjects = [f"subject {n}" for n in range(1, len(due) // 2)]
    assert await _pages(units, timers.CANCEL, subjects, [None] * len(subjects)) < FEW
