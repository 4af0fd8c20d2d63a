"""Room for request bodies: together they stay below a bound, and who is beyond it waits a turn."""

import asyncio

import pytest

from services.kit.bodies import SHORT, Bodies, NoRoomError

LONG = 2 * SHORT


async def holding(bodies: Bodies, size: int, held: list[int], end: asyncio.Event) -> None:
    async with bodies.held(size):
        held.append(size)
        await end.wait()


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_bodies_beyond_the_room_wait_until_others_are_done_with_theirs() -> None:
    bodies, held, end = Bodies(long=3 * LONG), list[int](), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(holding(bodies, LONG, held, end))
        await turns()
        assert len(held) == 3
        end.set()
    assert len(held) == 5


async def test_a_short_body_waits_behind_no_long_one() -> None:
    bodies, held, end = Bodies(long=LONG), list[int](), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for size in (LONG, LONG, SHORT):
            group.create_task(holding(bodies, size, held, end))
        await turns()
        assert held == [LONG, SHORT]
        end.set()


async def test_a_body_without_room_is_refused_in_the_end_and_takes_none() -> None:
    bodies = Bodies(long=LONG)
    async with bodies.held(LONG):
        with pytest.raises(NoRoomError):
            async with bodies.held(LONG, patience=0.01):
                pytest.fail("there was no room")
    async with bodies.held(LONG, patience=0):
        pass


async def test_who_stops_waiting_keeps_nobody_else_from_a_turn() -> None:
    bodies, held, end = Bodies(long=LONG), list[int](), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        async with bodies.held(LONG):
            gone = group.create_task(holding(bodies, LONG, held, end))
            group.create_task(holding(bodies, LONG, held, end))
            await turns()
            gone.cancel()
        await turns()
        assert held == [LONG]
        end.set()
