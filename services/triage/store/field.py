"""What other services say of a case's clocks, campaigns and coverage, as full state by revision."""

from collections.abc import Sequence
from typing import Any

from schemas.campaigns import CampaignPlanned, CoverageChanged, SafetyStopped
from schemas.clocks import Clock
from services.kit.database import Connection
from services.kit.records import Received

CLOCKS = """
INSERT INTO clock AS t (clock, case_id, key, rule, label, kind, met_by, product, mode, state, late,
    due_operational, confidence, revision)
SELECT DISTINCT ON (clock) clock, case_id, case_id, rule, label, kind, met_by, product, mode, state,
    late, due, confidence, revision
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::bool[], $11::timestamptz[], $12::text[], $13::bigint[])
    AS u(clock, case_id, rule, label, kind, met_by, product, mode, state, late, due, confidence,
    revision)
ORDER BY clock, revision DESC
ON CONFLICT (clock) DO UPDATE SET case_id = excluded.case_id, key = excluded.key,
    rule = excluded.rule, label = excluded.label, kind = excluded.kind, met_by = excluded.met_by,
    product = excluded.product, mode = excluded.mode, state = excluded.state,
    late = t.late OR excluded.late, due_operational = excluded.due_operational,
    confidence = excluded.confidence, revision = excluded.revision
WHERE t.key <> excluded.key OR t.revision < excluded.revision
"""
CAMPAIGNS = """
INSERT INTO campaign AS t (campaign, case_id, measure, product, state, revision)
SELECT DISTINCT ON (campaign) * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
    AS u(campaign, case_id, measure, product, state, revision)
ORDER BY campaign, (measure IS NULL), revision DESC
ON CONFLICT (campaign) DO UPDATE SET measure = coalesce(excluded.measure, t.measure),
    product = coalesce(excluded.product, t.product)
"""
"""A campaign exists from its first event on; what it is for comes with its plan."""
END = """
UPDATE campaign t SET state = u.state, revision = u.revision
FROM (SELECT DISTINCT ON (campaign) * FROM unnest($1::text[], $2::text[], $3::bigint[])
    AS u(campaign, state, revision) ORDER BY campaign, revision DESC) AS u
WHERE t.campaign = u.campaign AND t.revision < u.revision
"""
WAVES = """
INSERT INTO wave AS t (campaign, wave, state, revision)
SELECT DISTINCT ON (campaign, wave) * FROM unnest($1::text[], $2::int[], $3::text[], $4::bigint[])
    AS u(campaign, wave, state, revision)
ORDER BY campaign, wave, revision DESC
ON CONFLICT (campaign, wave) DO UPDATE SET state = excluded.state, revision = excluded.revision
WHERE t.revision < excluded.revision
"""
SAFETY = """
INSERT INTO safety_event (event, campaign, case_id, product, device, code, received_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::timestamptz[])
ON CONFLICT (event) DO NOTHING
"""
COVERAGE = """
INSERT INTO coverage AS t (cell, campaign, case_id, product, version, method, total, covered,
    counted_at, revision)
SELECT DISTINCT ON (cell) * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
    $6::text[], $7::int[], $8::int[], $9::timestamptz[], $10::bigint[]) AS u(cell, campaign,
    case_id, product, version, method, total, covered, counted_at, revision)
ORDER BY cell, revision DESC
ON CONFLICT (cell) DO UPDATE SET case_id = excluded.case_id, total = excluded.total,
    covered = excluded.covered, counted_at = excluded.counted_at, revision = excluded.revision
WHERE t.revision < excluded.revision
"""


async def save_clocks(db: Connection, clocks: Sequence[tuple[Clock, int]]) -> None:
    """Store clocks; revisions are counted a case, and a merged case's clocks come under another."""
    rows = [
        (
            clock.clock, clock.case, clock.rule, clock.label, clock.kind.value, clock.met_by.value,
            clock.product, clock.mode.value, clock.state.value, clock.late, clock.due_operational,
            clock.confidence, revision,
        )
        for clock, revision in clocks
    ]  # fmt: skip
    await _write(db, CLOCKS, rows)


async def know_campaigns(
    db: Connection, campaigns: Sequence[tuple[str, str, CampaignPlanned | None]]
) -> None:
    """Store that campaigns exist, as (campaign, case, plan if this event is it)."""
    rows = [
        (
            campaign,
            case,
            plan.measure if plan else None,
            plan.product if plan else None,
            "running",
            0,
        )
        for campaign, case, plan in campaigns
    ]
    await _write(db, CAMPAIGNS, rows)


async def end_campaigns(db: Connection, ended: Sequence[tuple[str, str, int]]) -> None:
    """Store that campaigns were completed or aborted, as (campaign, state, revision)."""
    await _write(db, END, ended)


async def save_waves(db: Connection, waves: Sequence[tuple[str, int, str, int]]) -> None:
    """Store where waves stand, as (campaign, wave, state, revision)."""
    await _write(db, WAVES, waves)


async def save_safety(db: Connection, stopped: Sequence[Received[SafetyStopped]]) -> None:
    """Store safety events, each once."""
    rows = [
        (r.id, e.campaign, e.case, e.product, e.device, e.code, e.received_at)
        for r in stopped
        for e in (r.event,)
    ]
    await _write(db, SAFETY, rows)


async def save_coverage(db: Connection, cells: Sequence[tuple[CoverageChanged, int]]) -> None:
    """Store absolute counts a cell."""
    rows = [
        (
            cell.key, cell.campaign, cell.case, cell.product, cell.version, cell.method.value,
            cell.total, cell.covered, cell.counted_at, revision,
        )
        for cell, revision in cells
    ]  # fmt: skip
    await _write(db, COVERAGE, rows)


async def _write(db: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        await db.execute(statement, *(list(column) for column in zip(*rows, strict=True)))
