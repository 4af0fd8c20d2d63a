"""What every act on a case begins with: the case found, locked and open, and refusals in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from schemas.event import Instant
from services.kit.problems import Problem
from services.kit.unit import Unit
from services.triage.domain.record import CaseRecord
from services.triage.domain.refusal import RefusalError
from services.triage.store import records

Ground = Annotated[str, Field(min_length=3, max_length=4000, description="Why, in words.")]
Short = Annotated[str, Field(min_length=1, max_length=512)]
Trigger = Annotated[str | None, Field(max_length=2000, description="What would reopen the answer.")]
Moment = Annotated[Instant, Field(description="An instant with its time zone.")]


class Asked(BaseModel):
    """The base of what people send: an unknown field is a mistake, not to be swallowed."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Told(BaseModel):
    """The base of what people are answered."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class OnDesk:
    """A case that a person acts on: its row, and everything on record."""

    row: asyncpg.Record
    record: CaseRecord

    @property
    def case(self) -> str:
        """The case's own id, whichever id was asked for."""
        return self.record.case

    @property
    def products(self) -> set[str]:
        """The products that the case bears on."""
        return {item.product for item in self.record.items}


async def take(unit: Unit, case: str, *, closed: bool = False) -> OnDesk:
    """Lock a case for an act, by its id or by one that was merged into it.

    Raises:
        Problem: 404 where there is no such case; 409 where it is closed and must not be.
    """
    row = await _locked(unit, case)
    if row["status"] == "closed" and not closed:
        raise Problem(
            409,
            "Case is closed",
            f"{row['case_id']} was closed on {row['closed_at'].isoformat()}",
            mend=f"reopen it first: POST /v1/cases/{row['case_id']}/reopen",
        )
    return OnDesk(row, await records.record(unit.db, row))


async def _locked(unit: Unit, case: str) -> asyncpg.Record:
    """Lock the row that an id means now; a merge may come between looking and locking."""
    found = await records.resolve(unit.db, case)
    while found is not None:
        row = await records.case_row(unit.db, found, lock=True)
        if row is not None and row["status"] != "merged":
            return row
        found = await records.resolve(unit.db, found)
    raise unknown(case)


async def read(unit: Unit, case: str) -> OnDesk:
    """Read a case without locking it.

    Raises:
        Problem: 404 where there is no such case.
    """
    found = await records.resolve(unit.db, case)
    row = await records.case_row(unit.db, found, lock=False) if found else None
    if row is None:
        raise unknown(case)
    return OnDesk(row, await records.record(unit.db, row))


def unknown(case: str) -> Problem:
    """There is no such case."""
    return Problem(
        404, "No such case", f"{case} is no case's tracking id",
        parameter="case", mend="look it up with GET /v1/cases",
    )  # fmt: skip


@contextmanager
def refusals() -> Iterator[None]:
    """Turn a decision's refusal into the problem that says it."""
    try:
        yield
    except RefusalError as error:
        status, title = (
            (409, "Not possible now") if error.conflict else (422, "Request is not valid")
        )
        raise Problem(status, title, error.reason, error.pointer, error.mend) from error
