"""A small service of the tests' own: notes that people write, with timers that answer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from schemas.cases import CaseClosed, CaseKind, CaseOpened, CaseReopened
from services.kit.app import Context, Service
from services.kit.consume import Consumer
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page, router
from services.kit.pages import Key
from services.kit.records import Batch
from services.kit.timers import Fired, Timers
from services.kit.unit import Unit

SERVICE = "triage"
"""Whose role, schema and topics the tests borrow."""

TABLES = """
CREATE TABLE IF NOT EXISTS note (id text PRIMARY KEY, author text, text text);
CREATE TABLE IF NOT EXISTS seen (type text, key text, traceparent text);
"""
PAGE = "SELECT id, author, text FROM note WHERE $1::text IS NULL OR id > $1 ORDER BY id LIMIT $2"


class NoteIn(BaseModel):
    """A note to write."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=40)]
    text: str
    remind_at: datetime | None = None
    tags: tuple[Annotated[str, Field(max_length=5)], ...] = ()


class Note(BaseModel):
    """A note as written."""

    model_config = ConfigDict(frozen=True)

    id: str
    author: str
    text: str


async def _open(context: Context) -> None:
    await context.pool.execute(TABLES)


@asynccontextmanager
async def start(context: Context) -> AsyncIterator[None]:
    """Make the tables."""
    await _open(context)
    yield


def ledger(on_batch: Callable[[Batch, Unit], Awaitable[None]] | None = None) -> Service:
    """Make the service; with `on_batch` it also consumes cases."""
    consumers = []
    if on_batch is not None:
        consumer = Consumer(SERVICE)
        consumer.on(CaseOpened, CaseReopened, CaseClosed, name="ledger")(on_batch)
        consumers.append(consumer)
    timers = Timers()
    timers.on_fire(on_fire)
    return Service(SERVICE, consumers, [_notes(), _links()], timers, start)


async def on_fire(fired: Sequence[Fired], unit: Unit) -> None:
    """A reminder reopens the note's case."""
    for each in fired:
        event = CaseReopened(case=each.subject, because="reminder", reopened_at=unit.now)
        unit.emit(event, cause=each)


def _notes() -> APIRouter:
    notes = router(SERVICE, max_bytes=10_000)

    @notes.post("/v1/notes", status_code=201)
    async def write(body: NoteIn, unit: CurrentUnit) -> Note:
        """Write a note."""
        actor = unit.require("psirt")
        await unit.db.execute("INSERT INTO note VALUES ($1, $2, $3)", body.id, actor.id, body.text)
        unit.emit(
            CaseOpened(
                case=body.id, kind=CaseKind.REPORT, title="note", opened_at=unit.now, because="test"
            )
        )
        if body.remind_at is not None:
            unit.arm(body.id, "remind", body.remind_at)
        unit.audit("note.write", body.id, after={"text": body.text}, reason="wrote it")
        if body.text == "fail late":
            raise Problem(409, "Conflict", "failed after everything was done", "/text", "try again")
        return Note(id=body.id, author=actor.id, text=body.text)

    @notes.get("/v1/notes")
    async def read(unit: CurrentUnit, cursor: Cursor = None, limit: Limit = 50) -> Page[Note]:
        """Read the notes."""

        async def query(after: Key | None, most: int) -> list[Note]:
            rows = await unit.db.fetch(PAGE, after[0] if after else None, most)
            return [Note(**dict(row)) for row in rows]

        return await page(query, cursor, limit, lambda note: (note.id,))

    @notes.get("/v1/careless")
    async def careless(unit: CurrentUnit) -> None:
        """Try to write while only reading is allowed."""
        await unit.db.execute("INSERT INTO note VALUES ('careless', 'x', 'x')")

    @notes.post("/v1/unsaid")
    async def unsaid(unit: CurrentUnit) -> None:
        """Emit without an audit row."""
        unit.emit(CaseReopened(case="unsaid", because="test", reopened_at=unit.now))

    @notes.post("/v1/broken")
    async def broken(unit: CurrentUnit) -> None:
        """Fail in a way that nobody declared."""
        await unit.db.execute("INSERT INTO note VALUES ('broken', 'x', 'x')")
        raise ZeroDivisionError("secret=hunter2")

    return notes


def _links() -> APIRouter:
    links = router(SERVICE, public=True)

    @links.get("/link/{token}")
    async def follow(token: str, unit: CurrentUnit) -> dict[str, str | None]:
        """Answer without a token of the principals file."""
        return {"token": token, "actor": unit.actor.id if unit.actor else None}

    return links
