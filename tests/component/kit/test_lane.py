"""One batch against a real database: what is faulty, doubled or early never harms the rest."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from aiokafka import ConsumerRecord

from services.kit import metrics
from services.kit.brake import Brake
from services.kit.consume import Consumer
from services.kit.lane import Lane, StandstillError
from services.kit.records import Batch, Faulty, RawRecord
from services.kit.unit import Unit, Units
from tests.component.kit.node import (
    SERVICE,
    Counted,
    Tape,
    count_effects,
    counting,
    keep_raw,
    lane_of,
)

pytestmark = pytest.mark.stack

SIZE = 20


async def effects(units: Units, key: str) -> list[tuple[int, int]]:
    """Give number and times of each effect under keys that start so, in order."""
    query = "SELECT number, times FROM effect WHERE key LIKE $1 || '%' ORDER BY number"
    async with units.pool.acquire() as db:
        return [tuple(row) for row in await db.fetch(query, key)]


async def quarantined(units: Units, lane: Lane) -> list[tuple[int, str]]:
    """Give offset and state of the lane's quarantine."""
    query = 'SELECT "offset", state FROM kit_quarantine WHERE consumer = $1 ORDER BY "offset"'
    async with units.pool.acquire() as db:
        return [tuple(row) for row in await db.fetch(query, lane.intent.consumer)]


async def position(units: Units, lane: Lane) -> Any:
    query = "SELECT next_offset FROM kit_position WHERE consumer = $1"
    async with units.pool.acquire() as db:
        return await db.fetchval(query, lane.intent.consumer)


def once(numbers: Sequence[int]) -> list[tuple[int, int]]:
    return [(number, 1) for number in numbers]


async def refuse_poison(batch: Batch, unit: Unit) -> None:
    """Declare a record faulty by what is in it, as a handler would."""
    for received in batch.of(Counted):
        if received.event.filler == "poison":
            raise Faulty("it is poison", "/filler", "send something wholesome")
    await count_effects(batch, unit)


@pytest.mark.parametrize("at", [0, SIZE // 2, SIZE - 1], ids=["first", "middle", "last"])
async def test_an_undecodable_record_first_middle_or_last_leaves_the_others(
    units: Units, at: int
) -> None:
    lane, tape, name = lane_of(units), Tape(), f"undecodable-{at}"
    for n in range(SIZE):
        event = Counted(subject=f"{name}-{n}", number=n)
        tape.add(event, b'{"subject": 7' if n == at else b"as it is")
    await lane.take(tape.records)
    assert await effects(units, name) == once([n for n in range(SIZE) if n != at])
    assert await quarantined(units, lane) == [(at, "faulty")]
    assert await position(units, lane) == SIZE


@pytest.mark.parametrize("at", [0, SIZE // 2, SIZE - 1], ids=["first", "middle", "last"])
async def test_a_record_the_handler_refuses_is_found_by_halving(units: Units, at: int) -> None:
    lane, tape, name = lane_of(units, refuse_poison), Tape(), f"refused-{at}"
    for n in range(SIZE):
        filler = "poison" if n == at else ""
        tape.add(Counted(subject=f"{name}-{n}", number=n, filler=filler))
    await lane.take(tape.records)
    assert await effects(units, name) == once([n for n in range(SIZE) if n != at])
    assert await quarantined(units, lane) == [(at, "faulty")]
    assert await position(units, lane) == SIZE
    async with units.pool.acquire() as db:
        query = "SELECT reason, field, mend FROM kit_quarantine WHERE consumer = $1"
        row = await db.fetchrow(query, lane.intent.consumer)
    assert tuple(row or ()) == ("it is poison", "/filler", "send something wholesome")


async def test_a_quarantine_publishes_a_reference_without_the_content(units: Units) -> None:
    lane, tape = lane_of(units), Tape()
    tape.add(Counted(subject="referenced", number=1), b'{"secret": "of a patient"}')
    await lane.take(tape.records)
    async with units.pool.acquire() as db:
        query = "SELECT topic, key, value FROM kit_outbox WHERE topic LIKE '%.quarantine'"
        found = [
            row for row in await db.fetch(query) if lane.intent.consumer.encode() in row["value"]
        ]
    assert [(row["topic"], row["key"]) for row in found] == [("triage.quarantine", "findings/0")]
    assert b'"offset":0' in found[0]["value"]
    assert b"of a patient" not in found[0]["value"]


async def test_tombstones_and_unknown_types_are_skipped_and_their_position_is_stored(
    units: Units,
) -> None:
    lane, tape = lane_of(units), Tape()
    unknown = metrics.UNKNOWN_EVENT_TYPES.labels(lane.intent.consumer)
    tape.add(Counted(subject="skipped-1", number=1), None)
    tape.add(Counted(subject="skipped-2", number=2), ce_type=b"test.unheard.v9")
    tape.add(Counted(subject="skipped-3", number=3))
    await lane.take(tape.records)
    assert await effects(units, "skipped") == once([3])
    assert await quarantined(units, lane) == []
    assert await position(units, lane) == 3
    assert unknown._value.get() == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ce_id": b"\xff\xfe"}, "header ce_id is null or not UTF-8"),
        ({"ce_id": None}, "header ce_id is null or not UTF-8"),
        ({"ce_id": b"17"}, "header ce_id is unreadable: '17'"),
        ({"ce_id": ...}, "header ce_id is missing"),
        ({"ce_type": b"\xc3\x28"}, "header ce_type is null or not UTF-8"),
        ({"ce_time": b"yesterday"}, "header ce_time is unreadable: 'yesterday'"),
        (
            {"ce_time": b"2026-01-01T00:00:00"},
            "header ce_time is unreadable: '2026-01-01T00:00:00'",
        ),
        ({"ce_revision": b"first"}, "header ce_revision is unreadable: 'first'"),
        ({"ce_dataref": b"sha256:0"}, "BlobError: 'sha256:0' is no digest: it reads"),
        ({"ce_dataref": None}, "header ce_dataref is null"),
    ],
    ids=str,
)
async def test_a_bad_header_is_named_and_only_its_record_is_quarantined(
    units: Units, changes: dict[str, Any], reason: str
) -> None:
    lane, tape = lane_of(units), Tape()
    name = f"headers-{lane.intent.consumer}"
    tape.add(Counted(subject=f"{name}-0", number=0), **changes)
    tape.add(Counted(subject=f"{name}-1", number=1))
    await lane.take(tape.records)
    if changes == {"ce_dataref": None}:
        assert await effects(units, name) == once(
            [0, 1]
        )  # no reference: the value is in the record
        return
    assert await effects(units, name) == once([1])
    async with units.pool.acquire() as db:
        query = "SELECT reason FROM kit_quarantine WHERE consumer = $1"
        assert (await db.fetchval(query, lane.intent.consumer)).startswith(reason)


async def test_foreign_headers_of_any_kind_do_not_matter(units: Units) -> None:
    lane, tape = lane_of(units), Tape()
    record = tape.add(Counted(subject="foreign", number=1))
    record.headers.extend(
        [("x-null", None), ("x-bytes", b"\xff"), ("x-twice", b"1"), ("x-twice", b"2")]
    )
    await lane.take(tape.records)
    assert await effects(units, "foreign") == once([1])


async def test_an_empty_value_is_faulty_and_no_tombstone(units: Units) -> None:
    lane, tape = lane_of(units), Tape()
    tape.add(Counted(subject="empty", number=1), b"")
    await lane.take(tape.records)
    assert await quarantined(units, lane) == [(0, "faulty")]


async def test_duplicates_within_a_batch_and_after_it_have_one_effect(units: Units) -> None:
    lane, tape = lane_of(units), Tape()
    first = tape.add(Counted(subject="doubled", number=1))
    repeated = dict(first.headers)
    tape.add(Counted(subject="doubled", number=1), ce_id=repeated["ce_id"])
    await lane.take(tape.records)
    await lane.take(tape.records)
    assert await effects(units, "doubled") == once([1])
    counter = metrics.INBOX_DUPLICATES.labels(lane.intent.consumer)
    assert counter._value.get() == 3


async def test_two_members_with_one_batch_have_one_effect(units: Units) -> None:
    lane, tape = lane_of(units), Tape()
    for n in range(SIZE):
        tape.add(Counted(subject=f"contended-{n}", number=n))
    await asyncio.gather(*(lane.take(tape.records) for _ in range(4)))
    assert await effects(units, "contended") == once(range(SIZE))


async def test_without_the_inbox_the_handler_sees_every_delivery(units: Units) -> None:
    consumer = counting(name="natural", inbox=False)
    lane, tape = lane_of(units, consumer=consumer), Tape()
    tape.add(Counted(subject="natural", number=1))
    await lane.take(tape.records)
    await lane.take(tape.records)
    assert await effects(units, "natural") == [(1, 2)]


async def test_a_transient_error_is_retried_in_place_until_it_passes(units: Units) -> None:
    failures = iter([asyncpg.DeadlockDetectedError("deadlock"), ConnectionResetError(), None])

    async def fail_twice(batch: Batch, unit: Unit) -> None:
        if error := next(failures):
            raise error
        await count_effects(batch, unit)

    lane, tape = lane_of(units, fail_twice), Tape()
    tape.add(Counted(subject="transient", number=1))
    await lane.take(tape.records)
    assert await effects(units, "transient") == once([1])
    assert await quarantined(units, lane) == []


async def test_a_stopping_service_leaves_a_batch_that_keeps_failing(units: Units) -> None:
    async def fail(_: Batch, __: Unit) -> None:
        raise ConnectionResetError

    lane, tape = lane_of(units, fail, wanted=lambda: False), Tape()
    tape.add(Counted(subject="stopping", number=1))
    with pytest.raises(asyncio.CancelledError):
        await lane.take(tape.records)
    assert await position(units, lane) is None


async def test_an_unknown_error_is_tried_three_times_and_then_stops_the_consumer(
    units: Units,
) -> None:
    tries = []

    async def break_down(batch: Batch, unit: Unit) -> None:
        await count_effects(batch, unit)
        tries.append(len(batch))
        raise ZeroDivisionError

    lane, tape = lane_of(units, break_down), Tape()
    tape.add(Counted(subject="unknown", number=1))
    with pytest.raises(StandstillError, match="3 tries failed: ZeroDivisionError"):
        await lane.take(tape.records)
    assert tries == [1, 1, 1]
    assert await effects(units, "unknown") == []
    assert await position(units, lane) is None
    assert await quarantined(units, lane) == []


async def test_the_brake_stops_before_a_bad_release_drains_the_topic(units: Units) -> None:
    async def refuse_all(_: Batch, __: Unit) -> None:
        raise Faulty("this release understands nothing")

    lane, tape = lane_of(units, refuse_all, brake=Brake(10, 0.5)), Tape()
    for n in range(100):
        tape.add(Counted(subject=f"braked-{n}", number=n))
    with pytest.raises(StandstillError, match="most records fail"):
        await lane.take(tape.records)
    assert len(await quarantined(units, lane)) < 10


async def test_the_brake_holds_before_an_unreadable_batch_is_quarantined(units: Units) -> None:
    lane, tape = lane_of(units, brake=Brake(10, 0.5)), Tape()
    for n in range(100):
        tape.add(Counted(subject=f"unreadable-{n}", number=n), b"?")
    with pytest.raises(StandstillError, match="100 of 100 records cannot be read"):
        await lane.take(tape.records)
    assert await quarantined(units, lane) == []


async def test_a_raw_record_is_known_by_its_place_not_by_what_it_claims_to_be(units: Units) -> None:
    seen: list[RawRecord] = []

    async def keep(records: list[RawRecord], unit: Unit) -> None:
        seen.extend(records)
        await keep_raw(records, unit)

    consumer = Consumer(SERVICE)
    consumer.raw("submissions")(keep)
    lane, tape = lane_of(units, consumer=consumer), Tape("submissions")
    spelled = [("CE_Subject", b"a.json"), ("ce_id", b"same"), ("odd", b"\xff"), ("null", None)]
    tape.raw(b"raw-one", b"first", spelled)
    tape.raw(b"raw-two", b"second!", spelled)
    tape.raw(None, None)
    await lane.take(tape.records)
    await lane.take(tape.records)
    assert await effects(units, "raw-") == [(5, 1), (7, 1)]
    assert [each.value for each in seen] == [b"first", b"second!", b""]
    assert seen[0].headers["CE_SUBJECT"] == "a.json"
    assert set(seen[0].headers.faulty) == {"odd", "null"}
    assert seen[2].key is None


async def test_a_value_of_two_mebibytes_is_handled_or_quarantined_whole(units: Units) -> None:
    lane, tape = lane_of(units), Tape()
    tape.add(Counted(subject="large-0", number=0, filler="x" * (2 << 20)))
    tape.add(Counted(subject="large-1", number=1), b"x" * (2 << 20))
    await lane.take(tape.records)
    assert await effects(units, "large") == once([0])
    async with units.pool.acquire() as db:
        query = "SELECT value, dataref FROM kit_quarantine WHERE consumer = $1"
        row = await db.fetchrow(query, lane.intent.consumer)
    assert row is not None
    assert row["value"] is None
    assert await units.blobs.get(row["dataref"]) == b"x" * (2 << 20)


async def test_a_batch_of_many_partitions_stores_the_position_of_each(units: Units) -> None:
    lane, tapes = lane_of(units), [Tape(partition=number) for number in range(3)]
    for number, tape in enumerate(tapes):
        for n in range(number + 1):
            tape.add(Counted(subject=f"spread-{number}-{n}", number=n))
    records: list[ConsumerRecord] = [record for tape in tapes for record in tape.records]
    await lane.take(records)
    async with units.pool.acquire() as db:
        query = "SELECT partition, next_offset FROM kit_position WHERE consumer = $1 ORDER BY 1"
        rows = await db.fetch(query, lane.intent.consumer)
    assert [tuple(row) for row in rows] == [(0, 1), (1, 2), (2, 3)]
