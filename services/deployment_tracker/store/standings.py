"""Keeps where each device stands, and the coverage counters that move in the same transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record

from schemas.devices import DeviceState, Method
from services.deployment_tracker.domain.coverage import Cell, Delta
from services.deployment_tracker.domain.standing import COVERED, FAILED, FINAL, Standing
from services.deployment_tracker.domain.waves import Tally
from services.kit.database import Connection

CAMPAIGNS_OF_DEVICES = """
SELECT DISTINCT campaign FROM standing JOIN campaign USING (campaign)
 WHERE device = ANY($1) AND campaign.state <> 'aborted'
"""

STANDINGS_OF_DEVICES = """
SELECT standing.*, campaign.product, campaign.target_version
  FROM standing JOIN campaign USING (campaign)
 WHERE device = ANY($1) AND campaign.state <> 'aborted'
 ORDER BY campaign, device FOR UPDATE OF standing
"""

STANDINGS_OF_WAVE = """
SELECT standing.*, campaign.product, campaign.target_version
  FROM standing JOIN campaign USING (campaign)
 WHERE campaign = $1 AND wave = $2 AND standing.state = 'not_offered'
 ORDER BY campaign, device FOR UPDATE OF standing
"""

SAVE = """
INSERT INTO standing (campaign, device, wave, version, hardware, market, method, site, state,
                      attempt, sequence, reported_version, code, evidence, verified_at, changed_at)
SELECT new.*, $16 FROM unnest(
       $1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[],
       $8::text[], $9::text[], $10::int[], $11::bigint[], $12::text[], $13::text[], $14::text[],
       $15::timestamptz[]) AS new
ON CONFLICT (campaign, device) DO UPDATE
   SET state = excluded.state, attempt = excluded.attempt, sequence = excluded.sequence,
       reported_version = excluded.reported_version, code = excluded.code,
       evidence = excluded.evidence, verified_at = excluded.verified_at,
       changed_at = excluded.changed_at
"""

COUNT = """
WITH moved AS (
    INSERT INTO coverage_count AS held
           (campaign, product, version, hardware, market, method, wave, state, n)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                         $7::int[], $8::text[], $9::bigint[])
    ON CONFLICT (campaign, product, version, hardware, market, method, wave, state)
    DO UPDATE SET n = held.n + excluded.n
    RETURNING campaign, product, version, hardware, market, method, wave
)
INSERT INTO coverage_due SELECT DISTINCT * FROM moved ON CONFLICT DO NOTHING
"""

BY_WAVE = """
SELECT campaign, wave, state, sum(n)::bigint AS n FROM coverage_count
 WHERE campaign = ANY($1) GROUP BY campaign, wave, state
"""

COVERAGE_BY = """
SELECT {column}::text AS part, state, sum(n)::bigint AS n FROM coverage_count
 WHERE campaign = $1 GROUP BY {column}, state
"""

DEVICES = """
SELECT device, wave, version, hardware, market, method, site, state, attempt, sequence,
       reported_version, code, evidence, verified_at, changed_at
  FROM standing
 WHERE campaign = $1 AND ($2::text IS NULL OR state = $2) AND device > $3
 ORDER BY device LIMIT $4
"""

RECOUNT = """
WITH counted AS (
    SELECT s.campaign, c.product, s.version, s.hardware, s.market, s.method, s.wave, s.state,
           count(*) AS n
      FROM standing s JOIN campaign c USING (campaign)
     GROUP BY s.campaign, c.product, s.version, s.hardware, s.market, s.method, s.wave, s.state
)
SELECT campaign, version, method, wave, state, coalesce(held.n, 0) AS held,
       coalesce(counted.n, 0) AS counted
  FROM counted FULL JOIN coverage_count AS held
       USING (campaign, product, version, hardware, market, method, wave, state)
 WHERE coalesce(held.n, 0) <> coalesce(counted.n, 0)
"""

MISSED = """
SELECT c.campaign, d.device FROM campaign c
  JOIN device d ON d.product = c.product AND NOT d.retired
   AND d.version = ANY(c.from_versions)
  LEFT JOIN standing s ON s.campaign = c.campaign AND s.device = d.device
 WHERE c.state IN ('planned', 'running') AND s.device IS NULL
"""

PARTS = ("method", "wave", "market", "version", "hardware", "campaign")
"""What coverage can be split by; `campaign` gives one line for all of it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A device's standing in a campaign with the coordinates it is counted under."""

    device: str
    cell: Cell
    site: str | None
    target: str
    standing: Standing


async def campaigns_of(db: Connection, devices: Iterable[str]) -> list[str]:
    """Name the campaigns that these devices are in."""
    return [row["campaign"] for row in await db.fetch(CAMPAIGNS_OF_DEVICES, list(devices))]


async def of_devices(db: Connection, devices: Iterable[str]) -> list[Placed]:
    """Load and lock the standings of these devices, in every campaign that was not aborted."""
    return [_placed(row) for row in await db.fetch(STANDINGS_OF_DEVICES, list(devices))]


async def waiting_in_wave(db: Connection, campaign: str, wave: int) -> list[Placed]:
    """Load and lock the devices of a wave that were not offered anything yet."""
    return [_placed(row) for row in await db.fetch(STANDINGS_OF_WAVE, campaign, wave)]


async def save(
    db: Connection, placed: Sequence[Placed], changes: Sequence[Delta], now: datetime
) -> None:
    """Write standings and move the counters with them: two statements, whatever the number."""
    if placed:
        columns = [list(column) for column in zip(*map(_row, placed), strict=True)]
        await db.execute(SAVE, *columns, now)
    if changes:
        rows = [
            (
                change.cell.campaign, change.cell.product, change.cell.version,
                change.cell.hardware, change.cell.market, change.cell.method.value,
                change.cell.wave, change.state.value, change.n,
            )
            for change in changes
        ]  # fmt: skip
        await db.execute(COUNT, *[list(column) for column in zip(*rows, strict=True)])


async def tallies(db: Connection, campaigns: Iterable[str]) -> dict[tuple[str, int], Tally]:
    """Count finished, failed and open devices of each wave, from the counters."""
    return {
        place: Tally(
            finished=sum(n for state, n in counts.items() if state in FAILED | COVERED),
            failed=sum(n for state, n in counts.items() if state in FAILED),
            open=sum(n for state, n in counts.items() if state not in FINAL),
        )
        for place, counts in (await by_wave(db, campaigns)).items()
    }


async def by_wave(
    db: Connection, campaigns: Iterable[str]
) -> dict[tuple[str, int], dict[DeviceState, int]]:
    """Sum the counters of campaigns by wave."""
    sums: dict[tuple[str, int], dict[DeviceState, int]] = {}
    for row in await db.fetch(BY_WAVE, list(campaigns)):
        sums.setdefault((row["campaign"], row["wave"]), {})[DeviceState(row["state"])] = row["n"]
    return sums


async def coverage_by(
    db: Connection, campaign: str, part: str
) -> dict[str, dict[DeviceState, int]]:
    """Sum the counters of a campaign by one of PARTS."""
    sums: dict[str, dict[DeviceState, int]] = {}
    for row in await db.fetch(COVERAGE_BY.format(column=PARTS[PARTS.index(part)]), campaign):
        sums.setdefault(row["part"], {})[DeviceState(row["state"])] = row["n"]
    return dict(sorted(sums.items()))


async def devices(
    db: Connection, campaign: str, state: DeviceState | None, after: str, limit: int
) -> list[Record]:
    """List a campaign's devices in order of their ids."""
    return await db.fetch(DEVICES, campaign, state.value if state else None, after, limit)


async def differences(db: Connection) -> list[str]:
    """Recount everything from the standings and the catalogue; say what differs."""
    wrong = [
        f"{row['campaign']} wave {row['wave']} {row['method']} {row['version']} {row['state']}: "
        f"counter {row['held']}, recount {row['counted']}"
        for row in await db.fetch(RECOUNT)
    ]
    missed = [
        f"{row['campaign']}: device {row['device']} is in scope and has no standing"
        for row in await db.fetch(MISSED)
    ]
    return wrong + missed


def cell_of(row: Record) -> Cell:
    """Read the coordinates of a cell from a row."""
    return Cell(
        row["campaign"], row["product"], row["version"], row["hardware"], row["market"],
        Method(row["method"]), row["wave"],
    )  # fmt: skip


def _placed(row: Record) -> Placed:
    standing = Standing(
        state=DeviceState(row["state"]),
        attempt=row["attempt"],
        sequence=row["sequence"],
        version=row["reported_version"],
        code=row["code"],
        evidence=row["evidence"],
        verified_at=row["verified_at"],
    )
    return Placed(row["device"], cell_of(row), row["site"], row["target_version"], standing)


def _row(placed: Placed) -> tuple[object, ...]:
    cell, standing = placed.cell, placed.standing
    return (
        cell.campaign, placed.device, cell.wave, cell.version, cell.hardware, cell.market,
        cell.method.value, placed.site, standing.state.value, standing.attempt, standing.sequence,
        standing.version, standing.code, standing.evidence, standing.verified_at,
    )  # fmt: skip
