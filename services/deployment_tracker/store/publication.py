"""Keeps what the topic `coverage` has to be told: cells that changed, campaigns it forgets."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from schemas.devices import DeviceState
from services.deployment_tracker.domain.coverage import Cell
from services.deployment_tracker.store.standings import cell_of
from services.kit.database import Connection

CAMPAIGNS_DUE = "SELECT DISTINCT campaign FROM coverage_due"

TAKE_DUE = """
WITH due AS (DELETE FROM coverage_due WHERE campaign = ANY($1) RETURNING *)
SELECT held.campaign, held.product, held.version, held.hardware, held.market, held.method,
       held.wave, owner.case_id, array_agg(held.state) AS states, array_agg(held.n) AS counts
  FROM due
  JOIN coverage_count AS held
    ON (held.campaign, held.product, held.version, held.hardware, held.market, held.method,
        held.wave)
     = (due.campaign, due.product, due.version, due.hardware, due.market, due.method, due.wave)
  JOIN campaign AS owner ON owner.campaign = held.campaign
 WHERE held.n > 0
 GROUP BY held.campaign, held.product, held.version, held.hardware, held.market, held.method,
          held.wave, owner.case_id
"""

FORGET = """
WITH ended AS (
    UPDATE campaign SET coverage_forgotten_at = $2
     WHERE campaign = ANY($1) AND ended_at IS NOT NULL AND coverage_forgotten_at IS NULL
    RETURNING campaign, case_id
), unsaid AS (
    DELETE FROM coverage_due USING ended WHERE coverage_due.campaign = ended.campaign
)
SELECT DISTINCT campaign, product, version, hardware, market, method, wave, case_id
  FROM coverage_count JOIN ended USING (campaign)
 ORDER BY campaign, product, version, hardware, market, method, wave
"""

RECALL = """
WITH recalled AS (
    UPDATE campaign SET coverage_forgotten_at = NULL
     WHERE campaign = ANY($1) AND coverage_forgotten_at IS NOT NULL
    RETURNING campaign
), due AS (
    INSERT INTO coverage_due
    SELECT DISTINCT campaign, product, version, hardware, market, method, wave
      FROM coverage_count JOIN recalled USING (campaign)
    ON CONFLICT DO NOTHING
)
SELECT campaign FROM recalled ORDER BY campaign
"""


@dataclass(frozen=True, slots=True)
class DueCell:
    """A cell whose counts must be published."""

    cell: Cell
    case: str
    counts: dict[DeviceState, int]


async def campaigns_due(db: Connection) -> list[str]:
    """Name the campaigns with cells that changed since they were last published."""
    return [row["campaign"] for row in await db.fetch(CAMPAIGNS_DUE)]


async def take_due(db: Connection, campaigns: Iterable[str]) -> list[DueCell]:
    """Take changed cells of these campaigns, whose locks are held, with their absolute counts."""
    return [
        DueCell(
            cell_of(row),
            row["case_id"],
            {DeviceState(state): n for state, n in zip(row["states"], row["counts"], strict=True)},
        )
        for row in await db.fetch(TAKE_DUE, list(campaigns))
    ]


async def forget(db: Connection, campaigns: Iterable[str], now: datetime) -> list[tuple[Cell, str]]:
    """Note that the topic forgets ended campaigns; give their cells, each with its case.

    What was still to be published of them is not any more.
    """
    rows = await db.fetch(FORGET, list(campaigns), now)
    return [(cell_of(row), row["case_id"]) for row in rows]


async def recall(db: Connection, campaigns: Iterable[str]) -> list[str]:
    """Have all cells of forgotten campaigns published again; name those campaigns."""
    return [row["campaign"] for row in await db.fetch(RECALL, list(campaigns))]
