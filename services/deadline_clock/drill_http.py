"""Deadline-clock's HTTP edge for drills: begin, end, list, show, schedule."""

from dataclasses import asdict
from datetime import datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field

from services.deadline_clock import drilling
from services.deadline_clock.domain.drill import NoRuleError
from services.deadline_clock.store import drills
from services.deadline_clock.store.drills import Schedule
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page, router
from services.kit.pages import Key

routes = router("deadline-clock")

_ROLES = ("psirt", "regulatory", "quality", "operations", "admin")
_LONGEST = 24 * 60
Minutes = Annotated[int, Field(ge=1, le=_LONGEST, description="After how long it ends by itself.")]


class DrillIn(BaseModel):
    """A drill to begin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minutes: Minutes = 60


class EndIn(BaseModel):
    """Why a drill ends before its time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    because: Annotated[str, Field(min_length=1, max_length=500)] = "it is over"


class ScheduleIn(BaseModel):
    """When drills begin by themselves; `every_days` 0: no more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    every_days: Annotated[int, Field(ge=0, le=366)]
    local_time: Annotated[str, Field(description="Such as 10:30.")] = "10:00"
    zone: str = "UTC"
    minutes: Minutes = 60


class DrillView(BaseModel):
    """A drill. How long page, answer and draft took is in its alerts and drafts at notification."""

    model_config = ConfigDict(frozen=True)

    drill: Annotated[str, Field(description="The tracking id of its case.")]
    clock: str
    started_at: datetime
    started_by: str
    ends_at: datetime
    ended_at: datetime | None
    ended_because: str | None


class ScheduleView(BaseModel):
    """When drills begin by themselves."""

    model_config = ConfigDict(frozen=True)

    every_days: int
    local_time: str
    zone: str
    minutes: int
    set_by: str
    next_at: datetime


@routes.post("/v1/drills", status_code=201)
async def start_drill(body: DrillIn, unit: CurrentUnit) -> DrillView:
    """Begin a drill: people are paged through the roster as for a real case, marked as a drill."""
    actor = unit.require(*_ROLES)
    try:
        made = await drilling.begin(unit, actor.id, body.minutes)
    except NoRuleError as error:
        raise Problem(
            409, "Nothing to drill", str(error), mend="see GET /v1/packs: a law's rule has to fire"
        ) from error
    unit.audit("drill.start", f"drill/{made.drill}", after=asdict(made))
    return DrillView(**asdict(made))


@routes.get("/v1/drills")
async def list_drills(
    unit: CurrentUnit, cursor: Cursor = None, limit: Limit = 50
) -> Page[DrillView]:
    """Drills, the newest first."""

    async def query(after: Key | None, most: int) -> list[DrillView]:
        before = str(after[0]) if after else None
        return [DrillView(**asdict(each)) for each in await drills.listed(unit.db, before, most)]

    return await page(query, cursor, limit, lambda each: (each.drill,))


@routes.get("/v1/drill-schedule")
async def show_schedule(unit: CurrentUnit) -> ScheduleView | None:
    """When drills begin by themselves; null: never."""
    found = await drills.schedule(unit.db)
    return ScheduleView(**asdict(found)) if found is not None else None


@routes.post("/v1/drill-schedule")
async def set_schedule(body: ScheduleIn, unit: CurrentUnit) -> ScheduleView | None:
    """Let drills begin by themselves, or no more."""
    actor = unit.require("admin", "quality", "psirt")
    before = await drills.schedule(unit.db)
    wanted = _schedule(body, actor.id, unit.now) if body.every_days else None
    await drilling.schedule(unit, wanted)
    unit.audit(
        "drill.schedule", "drill-schedule",
        before=asdict(before) if before is not None else None,
        after=asdict(wanted) if wanted is not None else None,
    )  # fmt: skip
    return ScheduleView(**asdict(wanted)) if wanted is not None else None


def _schedule(body: ScheduleIn, by: str, now: datetime) -> Schedule:
    try:
        time.fromisoformat(body.local_time)
    except ValueError as error:
        raise _bad(
            "/local_time", f"{body.local_time!r} is no time of day", "such as 10:30"
        ) from error
    try:
        ZoneInfo(body.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _bad("/zone", f"there is no zone {body.zone!r}", "such as Europe/Berlin") from error
    following = drilling.next_time(body.every_days, body.local_time, body.zone, now)
    return Schedule(body.every_days, body.local_time, body.zone, body.minutes, by, following)


def _bad(pointer: str, detail: str, mend: str) -> Problem:
    return Problem(422, "Request is not valid", detail, pointer, mend)


@routes.get("/v1/drills/{drill}")
async def show_drill(drill: str, unit: CurrentUnit) -> DrillView:
    """One drill."""
    return DrillView(**asdict(await _one(unit, drill)))


async def _one(unit: CurrentUnit, drill: str) -> drills.Drill:
    found = await drills.one(unit.db, drill)
    if found is None:
        raise Problem(
            404, "No such drill", f"there is no drill {drill}",
            parameter="drill", mend="list them with GET /v1/drills",
        )  # fmt: skip
    return found


@routes.post("/v1/drills/{drill}/end")
async def end_drill(drill: str, body: EndIn, unit: CurrentUnit) -> DrillView:
    """End a drill before its time."""
    actor = unit.require(*_ROLES)
    before = await _one(unit, drill)
    if before.ended_at is None:
        await drilling.end(unit, before, body.because, actor.id, None)
        unit.audit("drill.end", f"drill/{drill}", before=asdict(before), reason=body.because)
    return DrillView(**asdict(await _one(unit, drill)))
