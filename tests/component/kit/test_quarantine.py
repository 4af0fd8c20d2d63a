"""What waits in quarantine keeps its order, and a person's replay or drop sets it free."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from services.kit.actors import Actor
from services.kit.lane import Lane
from services.kit.quarantine import SHOWN, Entry, NotWaitingError, listed
from services.kit.records import Batch, Faulty
from services.kit.replay import Desk, _kept
from services.kit.unit import Unit, Units
from tests.component.kit.node import Counted, Tape, count_effects, lane_of

pytestmark = pytest.mark.stack

ENGINEER = Actor("admin", "Platform engineer", "person", frozenset({"admin"}))


class Picky:
    """A handler that refuses some numbers, until it learns them."""

    def __init__(self, *refused: int) -> None:
        self.refused = set(refused)

    async def __call__(self, batch: Batch, unit: Unit) -> None:
        for received in batch.of(Counted):
            if received.event.number in self.refused:
                raise Faulty(f"{received.event.number} is refused")
        await count_effects(batch, unit)


async def waiting(units: Units, lane: Lane) -> list[Entry]:
    async with units.pool.acquire() as db:
        entries = await listed(db, limit=1000)
    return [each for each in entries if each.consumer == lane.intent.consumer]


async def order(units: Units, key: str) -> list[int]:
    async with units.pool.acquire() as db:
        query = "SELECT number FROM effect WHERE key LIKE $1 || '%' AND times = 1 ORDER BY at"
        return [row["number"] for row in await db.fetch(query, key)]


def desk_of(units: Units, lane: Lane) -> Desk:
    return Desk(units, {lane.intent.consumer: lane})


def fill(tape: Tape, name: str, numbers: range, key: Callable[[int], str] = str) -> None:
    for n in numbers:
        tape.add(Counted(subject=f"{name}-{key(n)}", number=n))


async def test_later_records_of_a_quarantined_key_wait_and_others_go_on(units: Units) -> None:
    picky, tape = Picky(2), Tape()
    lane = lane_of(units, picky)
    fill(tape, "wait", range(8), lambda n: "even" if n % 2 == 0 else "odd")
    await lane.take(tape.records)
    assert await order(units, "wait") == [0, 1, 3, 5, 7]
    assert [(each.offset, each.state) for each in await waiting(units, lane)] == [
        (2, "faulty"), (4, "parked"), (6, "parked"),
    ]  # fmt: skip
    fill(tape, "wait", range(8, 10), lambda n: "even" if n % 2 == 0 else "odd")
    await lane.take(tape.records[8:])
    assert await order(units, "wait") == [0, 1, 3, 5, 7, 9]


async def test_a_replay_handles_the_record_and_all_behind_it_in_order(units: Units) -> None:
    picky, tape = Picky(1), Tape()
    lane = lane_of(units, picky)
    fill(tape, "replay", range(5), lambda _: "one")
    await lane.take(tape.records)
    picky.refused.clear()
    entries = await waiting(units, lane)
    settled = await desk_of(units, lane).replay(entries[0].id, ENGINEER, "the release is mended")
    assert (settled.state, settled.settled_by) == ("replayed", "admin")
    assert await order(units, "replay") == [0, 1, 2, 3, 4]
    assert await waiting(units, lane) == []
    await lane.take(tape.records)  # all of it delivered again
    assert await order(units, "replay") == [0, 1, 2, 3, 4]
    tape.add(Counted(subject="replay-one", number=5))
    await lane.take(tape.records[5:])
    assert await order(units, "replay") == [0, 1, 2, 3, 4, 5]


async def test_a_record_that_fails_again_stays_with_all_behind_it(units: Units) -> None:
    picky, tape = Picky(0, 2), Tape()
    lane = lane_of(units, picky)
    fill(tape, "again", range(4), lambda _: "one")
    await lane.take(tape.records)
    desk, entries = desk_of(units, lane), await waiting(units, lane)
    failed = await desk.replay(entries[0].id, ENGINEER, "perhaps it works now")
    assert (failed.state, failed.reason) == ("faulty", "0 is refused")
    picky.refused.discard(0)
    await desk.replay(entries[0].id, ENGINEER, "now it does")
    assert await order(units, "again") == [0, 1]
    left = [(each.offset, each.state, each.reason) for each in await waiting(units, lane)]
    assert left[0] == (2, "faulty", "2 is refused")
    assert left[1][:2] == (3, "parked")


async def test_a_record_behind_another_cannot_overtake_it(units: Units) -> None:
    picky, tape = Picky(0), Tape()
    lane = lane_of(units, picky)
    fill(tape, "overtake", range(2), lambda _: "one")
    await lane.take(tape.records)
    entries = await waiting(units, lane)
    with pytest.raises(NotWaitingError, match=f"waits behind {entries[0].id}"):
        await desk_of(units, lane).replay(entries[1].id, ENGINEER, "impatient")


async def test_a_dropped_record_stays_dropped_and_frees_those_behind_it(units: Units) -> None:
    picky, tape = Picky(0), Tape()
    lane = lane_of(units, picky)
    fill(tape, "dropped", range(3), lambda _: "one")
    await lane.take(tape.records)
    desk, entries = desk_of(units, lane), await waiting(units, lane)
    gone = await desk.drop(entries[0].id, ENGINEER, "it was sent by mistake")
    assert (gone.state, gone.settled_why) == ("dropped", "it was sent by mistake")
    assert await order(units, "dropped") == [1, 2]
    picky.refused.clear()
    await lane.take(tape.records)  # delivered again, to a release that would take it
    assert await order(units, "dropped") == [1, 2]
    with pytest.raises(NotWaitingError):
        await desk.replay(entries[0].id, ENGINEER, "too late")


async def test_an_undecodable_record_is_kept_byte_for_byte(units: Units) -> None:
    lane, tape = lane_of(units), Tape()
    record = tape.add(Counted(subject="kept", number=1), b"\x00\xff{", ce_case=b"\xff", odd=None)
    await lane.take([record])
    desk, [entry] = desk_of(units, lane), await waiting(units, lane)
    async with units.pool.acquire() as db:
        row = await db.fetchrow(SHOWN, entry.id)
    again = await _kept(row, units.blobs)  # type: ignore[arg-type]
    assert (again.key, again.value, list(again.headers)) == (
        record.key, record.value, list(record.headers),
    )  # fmt: skip
    assert (again.topic, again.partition, again.offset, again.timestamp) == (
        record.topic, record.partition, record.offset, record.timestamp,
    )  # fmt: skip
    assert (await desk.replay(entry.id, ENGINEER, "as it was")).state == "faulty"


async def test_a_replay_and_a_batch_of_the_same_key_never_miss_each_other(units: Units) -> None:
    picky, tape = Picky(0), Tape()
    lane = lane_of(units, picky)
    tape.add(Counted(subject="race-one", number=0))
    await lane.take(tape.records)
    picky.refused.clear()
    [entry] = await waiting(units, lane)

    async def deliver() -> None:
        for n in range(1, 40):
            await lane.take([tape.add(Counted(subject="race-one", number=n))])

    async def replay() -> Any:
        await asyncio.sleep(0.02)
        return await desk_of(units, lane).replay(entry.id, ENGINEER, "while it runs")

    await asyncio.gather(deliver(), replay())
    while left := await waiting(units, lane):
        await desk_of(units, lane).replay(left[0].id, ENGINEER, "what came in between")
    assert await order(units, "race") == list(range(40))
