"""Saves what is done to cases: opened, scoped, merged, met by signals, proposed for, reopened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from schemas.cases import CaseClosed
from services.kit.database import Connection
from services.triage.domain.casefile import CaseStatus, Header
from services.triage.domain.risk import Proposal
from services.triage.domain.signals import Meeting
from services.triage.store.rows import ITEMS, TOLD

COUNT = """
INSERT INTO tracking_counter AS t (year, last) VALUES ($1, $2)
ON CONFLICT (year) DO UPDATE SET last = t.last + excluded.last
RETURNING last
"""
"""Its row lock makes those who open cases take turns until commit: numbers have no gaps."""
SAVE = """
INSERT INTO casefile AS t (case_id, year, number, kind, status, title, vulnerability, report,
    identifiers, summary, scope, products, reports, told_reports, because, opened_at, scoped_at)
SELECT case_id, year, number, kind, status, title, vulnerability, report,
    array(SELECT jsonb_array_elements_text(identifiers::jsonb)), summary, scope::jsonb,
    array(SELECT jsonb_array_elements_text(products::jsonb)),
    array(SELECT each ->> 'report' FROM jsonb_array_elements(told::jsonb) AS each), told::jsonb,
    because, at, at
FROM unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
    $15::timestamptz[]) AS u(case_id, year, number, kind, status, title, vulnerability, report,
    identifiers, summary, scope, products, told, because, at)
ON CONFLICT (case_id) DO UPDATE SET kind = excluded.kind, title = excluded.title,
    vulnerability = excluded.vulnerability, identifiers = excluded.identifiers,
    summary = excluded.summary, scope = excluded.scope, products = excluded.products,
    reports = excluded.reports, told_reports = excluded.told_reports,
    scoped_at = excluded.scoped_at
"""
ABSORB = """
UPDATE casefile c SET status = 'merged', merged_into = u.survivor
FROM unnest($1::text[], $2::text[]) AS u(absorbed, survivor)
WHERE c.case_id = u.absorbed OR c.merged_into = u.absorbed
"""
REOPEN = """
UPDATE casefile SET status = 'open', outcome = NULL, closed_by = NULL, closed_at = NULL,
    closing_ground = NULL
WHERE case_id = ANY($1::text[]) AND status = 'closed'
"""
CLOSE = """
UPDATE casefile SET status = 'closed', outcome = $2, closed_by = $3, closed_at = $4,
    closing_ground = $5
WHERE case_id = $1 AND status = 'open'
"""
MEET = """
INSERT INTO meeting (case_id, signal, product, held_at, met_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
ON CONFLICT (case_id, signal, product) DO NOTHING
"""
PROPOSE = """
INSERT INTO risk AS t (case_id, product, proposed, band, score, vector, ground, pack, assessed_at)
SELECT case_id, product, true, band, score, vector, ground, pack, at
FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::text[], $6::text[], $7::text[],
    $8::timestamptz[]) AS u(case_id, product, band, score, vector, ground, pack, at)
ON CONFLICT (case_id, product, proposed) DO UPDATE SET band = excluded.band,
    score = excluded.score, vector = excluded.vector, ground = excluded.ground,
    pack = excluded.pack, assessed_at = excluded.assessed_at
"""


@dataclass(frozen=True, slots=True)
class Saved:
    """A case as it is to be stored: new where `because` is given, else what it shows changed."""

    case: str
    header: Header
    status: CaseStatus
    report: str | None
    because: str
    at: datetime


async def numbers(db: Connection, year: int, wanted: int) -> list[int]:
    """Take the next numbers of a year's tracking ids."""
    if not wanted:
        return []
    last = await db.fetchval(COUNT, year, wanted)
    return list(range(last - wanted + 1, last + 1))


async def absorb(db: Connection, pairs: Sequence[tuple[str, str]]) -> None:
    """Merge cases, given as (absorbed, survivor); what was merged into them moves along."""
    if pairs:
        await db.execute(ABSORB, *_columns(pairs))


async def save(db: Connection, cases: Sequence[Saved]) -> None:
    """Store new cases, and the changed headers of others; a header never closes or reopens."""
    if cases:
        await db.execute(SAVE, *_columns([_row(each) for each in cases]))


def _row(saved: Saved) -> tuple[Any, ...]:
    header = saved.header
    _, year, number = saved.case.split("-")
    products = tuple(sorted({item.product for item in header.items}))
    return (
        saved.case, int(year), int(number), header.kind.value, saved.status.value, header.title,
        header.vulnerability, saved.report, _texts(header.identifiers), header.summary,
        ITEMS.dump_json(header.items).decode(), _texts(products),
        TOLD.dump_json(header.reports).decode(), saved.because, saved.at,
    )  # fmt: skip


def _texts(values: Sequence[str]) -> str:
    return _TEXTS.dump_json(tuple(values)).decode()


_TEXTS = TypeAdapter(tuple[str, ...])


async def reopen(db: Connection, cases: Sequence[str]) -> None:
    """Open closed cases again."""
    if cases:
        await db.execute(REOPEN, list(cases))


async def close(db: Connection, closed: CaseClosed) -> None:
    """Close an open case."""
    await db.execute(
        CLOSE, closed.case, closed.outcome, closed.closed_by, closed.closed_at, closed.ground
    )


async def meet(db: Connection, met: Sequence[tuple[str, Meeting]], at: datetime) -> None:
    """Record which signals met which cases, a row a product."""
    rows = [
        (case, meeting.signal.held.signal, product.product, product.held_at, at)
        for case, meeting in met
        for product in meeting.products
    ]
    if rows:
        await db.execute(MEET, *_columns(rows))


async def propose(
    db: Connection, proposals: Mapping[tuple[str, str], Proposal], at: datetime
) -> None:
    """Keep the bands proposed, by case and product."""
    rows = [
        (case, product, each.band, each.score, each.vector, each.ground, each.pack, at)
        for (case, product), each in sorted(proposals.items())
    ]
    if rows:
        await db.execute(PROPOSE, *_columns(rows))


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
