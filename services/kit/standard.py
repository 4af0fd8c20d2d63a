"""The calls that every service answers: its quarantine, audit chain, timers and outbox."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.kit import audit, quarantine, setbacks
from services.kit.http import CurrentUnit, Cursor, Limit, Page, page, router
from services.kit.pages import Key, foreign
from services.kit.quarantine import Entry

ARMED = """
SELECT count(*) AS armed, count(*) FILTER (WHERE fire_at <= statement_timestamp()) AS overdue,
    min(fire_at) AS next_at, count(*) FILTER (WHERE attempts > 0) AS failing
FROM kit_timer WHERE state = 'armed'
"""
LATE = """
SELECT id, subject, step, due_at, fire_at, attempts, retry_at FROM kit_timer
WHERE state = 'armed' AND fire_at <= statement_timestamp() ORDER BY fire_at LIMIT 100
"""
PENDING = "SELECT count(*) AS pending, min(time) AS oldest FROM kit_outbox"


class Answer(BaseModel):
    """The base of what these calls answer."""

    model_config = ConfigDict(frozen=True)


class AuditVerdict(Answer):
    """What the check of the audit chain found; numbers are those of the audit rows."""

    intact: bool
    sealed: int
    head: Annotated[str, Field(description="The last hash: keep it to prove later no end was cut.")]
    edited: tuple[int, ...]
    deleted: tuple[int, ...]
    unsealed: Annotated[tuple[int, ...], Field(description="Rows that were put in past the kit.")]
    gaps: Annotated[tuple[int, ...], Field(description="Positions whose seal is gone.")]


class OverdueTimer(Answer):
    """A timer that should have fired."""

    id: UUID
    subject: str
    step: str
    due_at: datetime
    fire_at: datetime
    attempts: int
    retry_at: datetime | None


class TimersState(Answer):
    """How the service's timers stand."""

    armed: int
    overdue: int
    failing: Annotated[int, Field(description="Armed ones whose handler has failed.")]
    next_at: datetime | None
    oldest_overdue: tuple[OverdueTimer, ...]


class OutboxState(Answer):
    """How many events wait for Kafka, and since when."""

    pending: int
    oldest: datetime | None


class SetbackState(Answer):
    """What a consumer read again of a topic after its database was restored."""

    consumer: str
    topic: str
    records: int
    noticed_at: datetime


class SetbackSettled(Answer):
    """Why the setbacks need nothing more."""

    reason: Annotated[str, Field(min_length=1, max_length=4000)]


def standard(service: str) -> APIRouter:
    """Make the router of these calls."""
    made = router(service)

    @made.get("/v1/quarantine")
    async def list_quarantine(
        unit: CurrentUnit,
        cursor: Cursor = None,
        limit: Limit = 50,
        settled: Annotated[bool, Query(description="Also what was replayed or dropped.")] = False,  # noqa: FBT002  (a query parameter)
    ) -> Page[Entry]:
        """List the records that could not be handled, and those that wait behind them."""
        unit.require("admin")

        async def query(after: Key | None, most: int) -> list[Entry]:
            last = after[0] if after else None
            if not isinstance(last, UUID | None):
                raise foreign()
            return await quarantine.listed(unit.db, settled=settled, after=last, limit=most)

        return await page(query, cursor, limit, lambda entry: (entry.id,))

    @made.get("/v1/audit/verify")
    async def verify_audit(unit: CurrentUnit) -> AuditVerdict:
        """Check the audit chain from its first row."""
        found = await audit.verify(unit.db)
        return AuditVerdict.model_validate(found, from_attributes=True)

    @made.get("/v1/timers")
    async def show_timers(unit: CurrentUnit) -> TimersState:
        """Tell how many timers are armed, and which are overdue."""
        state = dict(await unit.db.fetchrow(ARMED) or {})
        late = [OverdueTimer(**dict(row)) for row in await unit.db.fetch(LATE)]
        return TimersState(**state, oldest_overdue=tuple(late))

    @made.get("/v1/outbox")
    async def show_outbox(unit: CurrentUnit) -> OutboxState:
        """Tell how many events wait for Kafka."""
        return OutboxState(**dict(await unit.db.fetchrow(PENDING) or {}))

    @made.get("/v1/setbacks")
    async def list_setbacks(unit: CurrentUnit) -> tuple[SetbackState, ...]:
        """Tell what was read again since a restore, and is not settled by a person."""
        found = await setbacks.unsettled(unit.db)
        return tuple(SetbackState.model_validate(each, from_attributes=True) for each in found)

    @made.post("/v1/setbacks/settle")
    async def settle_setbacks(body: SetbackSettled, unit: CurrentUnit) -> tuple[SetbackState, ...]:
        """Settle all setbacks: what people did over HTTP since the backup is entered again."""
        actor = unit.require("admin")
        found = await setbacks.unsettled(unit.db)
        await setbacks.settle(unit.db, unit.now, actor.id)
        if found:
            records = sum(each.records for each in found)
            unit.audit("setbacks.settle", service, before=records, reason=body.reason)
        return tuple(SetbackState.model_validate(each, from_attributes=True) for each in found)

    return made
