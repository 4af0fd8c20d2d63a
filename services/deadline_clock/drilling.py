"""Runs drills: begins and ends them, by a person's act or by their timers."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.deadline_clock import casework, in_force
from services.deadline_clock.domain import drill as exercise
from services.deadline_clock.store import clocks, drills
from services.deadline_clock.store.drills import Drill, Schedule
from services.kit.records import Cause
from services.kit.timers import Fired
from services.kit.unit import Unit

SUBJECT = "drill/"
"""How the subject of a drill's own timers begins."""

_SCHEDULE = f"{SUBJECT}schedule"
_LOCK = "drill"


async def begin(unit: Unit, by: str, minutes: int, cause: Cause | None = None) -> Drill:
    """Begin a drill that ends by itself after so many minutes.

    Raises:
        NoRuleError: no rule in force would page.
    """
    packs = await in_force.hold(unit)
    await unit.lock(_LOCK, ["number"])
    year = unit.now.year
    number = await drills.next_number(unit.db, f"{exercise.PREFIX}{year}-")
    case = exercise.name(year, number)
    decided = exercise.begun(case, packs.book, packs.escalation, unit.now)
    ends_at = unit.now + timedelta(minutes=minutes)
    made = Drill(case, decided.change.after.clock.clock, unit.now, by, ends_at)
    await drills.add(unit.db, made)
    await casework.keep(unit, [(decided, cause)])
    unit.arm(f"{SUBJECT}{case}", "end", ends_at, cause=cause)
    return made


async def end(unit: Unit, drill: Drill, because: str, by: str | None, cause: Cause | None) -> None:
    """End a drill that still runs: its clock is not applicable, its alerts are resolved."""
    await casework.hold(unit, [drill.drill])
    held = (await clocks.by_id(unit.db, [drill.clock])).get(drill.clock)
    if held is not None and held.open:
        await casework.keep(unit, [(exercise.ended(held, because, by), cause)])
    await drills.end(unit.db, drill.drill, unit.now, because)
    unit.disarm(f"{SUBJECT}{drill.drill}")


async def schedule(unit: Unit, wanted: Schedule | None) -> None:
    """Let drills begin by themselves from now on, or no more."""
    await unit.lock(_LOCK, ["schedule"])
    await drills.put_schedule(unit.db, wanted)
    unit.disarm(_SCHEDULE)
    if wanted is not None:
        unit.arm(_SCHEDULE, "begin", wanted.next_at)


def next_time(every_days: int, local_time: str, zone: str, after: datetime) -> datetime:
    """The first instant after `after` at this local time, so many days on."""
    place = ZoneInfo(zone)
    day = after.astimezone(place).date() + timedelta(days=every_days)
    return datetime.combine(day, time.fromisoformat(local_time), place).astimezone(after.tzinfo)


async def on_timers(unit: Unit, fired: Sequence[Fired]) -> None:
    """What a drill's own timers do: end it, or begin the next by the schedule."""
    for each in fired:
        if each.subject == _SCHEDULE:
            await _by_schedule(unit, each)
            continue
        found = await drills.one(unit.db, each.subject.removeprefix(SUBJECT))
        if found is not None and found.ended_at is None:
            await end(unit, found, "the drill's time is over", None, each)


async def _by_schedule(unit: Unit, fired: Fired) -> None:
    found = await drills.schedule(unit.db)
    if found is None or found.next_at != fired.due_at:
        return
    await begin(unit, f"schedule of {found.set_by}", found.minutes, fired)
    following = next_time(found.every_days, found.local_time, found.zone, unit.now)
    await schedule(
        unit,
        Schedule(
            found.every_days, found.local_time, found.zone, found.minutes, found.set_by, following
        ),
    )
