"""The calls with which a person settles what is in quarantine: show, replay, drop."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.kit import quarantine
from services.kit.actors import Actor
from services.kit.database import connection
from services.kit.http import CurrentActor, Problem, router
from services.kit.quarantine import Entry, NotWaitingError
from services.kit.replay import Desk
from services.kit.unit import ForbiddenError

ROLE = "admin"


class Why(BaseModel):
    """Why a person does this; it goes into the audit row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Annotated[str, Field(min_length=3, max_length=2000)]


def settling(service: str) -> APIRouter:
    """Make the router of these calls. Each handles records in transactions of their own."""
    made = router(service, in_transaction=False)

    @made.get("/v1/quarantine/{record}")
    async def show_quarantined(record: UUID, request: Request, actor: CurrentActor) -> Entry:
        """Show one quarantined record: where it is and why, not what is in it."""
        _require(actor)
        async with connection(request.app.state.context.pool) as db:
            try:
                return await quarantine.shown(db, record)
            except NotWaitingError as error:
                mend = "list them with GET /v1/quarantine"
                raise Problem(404, "Not Found", str(error), mend=mend) from error

    @made.post("/v1/quarantine/{record}/replay")
    async def replay_quarantined(
        record: UUID, body: Why, request: Request, actor: CurrentActor
    ) -> Entry:
        """Handle a record again, then those behind it; one that fails again stays faulty."""
        _require(actor)
        try:
            return await _desk(request).replay(record, actor, body.reason)
        except NotWaitingError as error:
            raise _conflict(error) from error

    @made.post("/v1/quarantine/{record}/drop")
    async def drop_quarantined(
        record: UUID, body: Why, request: Request, actor: CurrentActor
    ) -> Entry:
        """Give a record up for good, and let those behind it go on."""
        _require(actor)
        try:
            return await _desk(request).drop(record, actor, body.reason)
        except NotWaitingError as error:
            raise _conflict(error) from error

    return made


def _require(actor: Actor) -> None:
    if ROLE not in actor.roles:
        raise ForbiddenError(f"{actor.id} lacks the role {ROLE}")


def _desk(request: Request) -> Desk:
    context = request.app.state.context
    return Desk(context.units, {each.name: each.lane for each in context.consumers})


def _conflict(error: NotWaitingError) -> Problem:
    mend = "list what waits with GET /v1/quarantine; settle the first record of a key first"
    return Problem(409, "Conflict", str(error), mend=mend)
