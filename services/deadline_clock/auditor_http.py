"""What deadline-clock answers of its auditor: whether it runs, and what it found."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.deadline_clock.store import auditing
from services.kit.http import CurrentUnit, router

routes = router("deadline-clock")

_LISTED = 100


class OpenFinding(BaseModel):
    """A step that the auditor raised and that has had no effect yet."""

    model_config = ConfigDict(frozen=True)

    subject: Annotated[str, Field(description="The clock, or what else the alarm is about.")]
    step: str
    due_at: datetime
    fire_at: datetime
    why: str
    found_at: datetime
    message: Annotated[UUID, Field(description="Id of the message on the second path.")]


class AuditorState(BaseModel):
    """How the auditor stands."""

    model_config = ConfigDict(frozen=True)

    runs: Annotated[bool, Field(description="It left its heartbeat within the last minute.")]
    seen_at: datetime | None
    started_at: datetime | None
    channels: Annotated[tuple[str, ...], Field(description="Of its second path: webhook, mail.")]
    overdue: Annotated[int, Field(description="Steps that it raised and that still wait.")]
    untold: Annotated[int, Field(description="Messages that no channel, or only one, has taken.")]
    error: Annotated[str | None, Field(description="Why the last of them was not taken.")]
    open: tuple[OpenFinding, ...]


@routes.get("/v1/auditor")
async def show_auditor(unit: CurrentUnit) -> AuditorState:
    """Tell whether the auditor runs, what it found overdue, and what it could not tell."""
    found = await auditing.standing(unit.db, _LISTED)
    run = found["run"]
    return AuditorState(
        runs=run is not None and run["now"] - run["seen_at"] < auditing.FRESH,
        seen_at=run["seen_at"] if run is not None else None,
        started_at=run["started_at"] if run is not None else None,
        channels=tuple(run["channels"]) if run is not None else (),
        overdue=found["overdue"],
        untold=found["untold"],
        error=found["error"],
        open=tuple(OpenFinding.model_validate(dict(each)) for each in found["open"]),
    )
