"""Keeps campaigns and their waves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record

from schemas.campaigns import StopRules, WavePlan
from schemas.devices import Method
from services.deployment_tracker.domain.waves import CampaignState, HaltRule, Wave, WaveState
from services.kit.database import Connection

SAVE_CAMPAIGN = """
INSERT INTO campaign (campaign, case_id, measure, release, product, from_versions, target_version,
                      waves, stop_rules, state, planned_by, planned_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'planned', $10, $11)
"""
SAVE_WAVES = """
INSERT INTO wave (campaign, wave, method, percent, state)
SELECT $1, plan.wave, plan.method, plan.percent, 'planned'
  FROM unnest($2::int[], $3::text[], $4::float8[]) AS plan (wave, method, percent)
"""

CAMPAIGNS = "SELECT * FROM campaign WHERE campaign = ANY($1) ORDER BY campaign"
OPEN_OF_PRODUCTS = """
SELECT * FROM campaign WHERE product = ANY($1) AND state IN ('planned', 'running')
 ORDER BY campaign
"""
PAGE = """
SELECT campaign FROM campaign
 WHERE campaign > $1 AND ($2::text IS NULL OR case_id = $2) AND ($3::text IS NULL OR state = $3)
 ORDER BY campaign LIMIT $4
"""
WAVES = "SELECT * FROM wave WHERE campaign = ANY($1) ORDER BY campaign, wave FOR UPDATE"
WAVES_SEEN = "SELECT * FROM wave WHERE campaign = ANY($1) ORDER BY campaign, wave"
WAVES_BY_REQUEST = "SELECT campaign, wave FROM wave WHERE request = ANY($1)"
RUNNING_OF_PRODUCTS = """
SELECT campaign, wave FROM wave JOIN campaign USING (campaign)
 WHERE product = ANY($1) AND wave.state = 'started'
"""

ASK = """
UPDATE wave SET state = 'requested', request = $3, requested_by = $4, gate_passed = NULL,
                gate_answers = NULL, gate_valid_until = NULL
 WHERE campaign = $1 AND wave = $2
"""
ASK_AGAIN = """
UPDATE wave SET request = $3, requested_by = $4, gate_passed = NULL, gate_answers = NULL,
                gate_valid_until = NULL, resume_reason = $5
 WHERE campaign = $1 AND wave = $2
"""
ANSWER = """
UPDATE wave SET gate_passed = $3, gate_answers = $4, gate_warnings = $5, gate_valid_until = $6,
                state = CASE WHEN state = 'requested' AND NOT $3 THEN 'planned' ELSE state END
 WHERE campaign = $1 AND wave = $2
"""
START = "UPDATE wave SET state = 'started', started_at = $3 WHERE campaign = $1 AND wave = $2"
RUN = "UPDATE campaign SET state = 'running' WHERE campaign = $1 AND state = 'planned'"
HALT = """
UPDATE wave SET state = 'halted', halt_rule = halted.rule, halt_because = halted.because,
                halted_at = $5
  FROM unnest($1::text[], $2::int[], $3::text[], $4::text[])
    AS halted (campaign, number, rule, because)
 WHERE wave.campaign = halted.campaign AND wave.wave = halted.number
"""
RESUME = """
UPDATE wave SET state = 'started', halt_rule = NULL, halt_because = NULL, halted_at = NULL,
                resume_reason = $3, baseline_failed = $4, baseline_finished = $5
 WHERE campaign = $1 AND wave = $2
"""
COMPLETE = """
UPDATE wave SET state = 'completed', completed_at = $3
  FROM unnest($1::text[], $2::int[]) AS done (campaign, number)
 WHERE wave.campaign = done.campaign AND wave.wave = done.number
"""
COMPLETE_CAMPAIGNS = """
UPDATE campaign SET state = 'completed', ended_at = $2
 WHERE campaign = ANY($1) AND state = 'running'
   AND NOT EXISTS (SELECT 1 FROM wave WHERE wave.campaign = campaign.campaign
                                        AND wave.state <> 'completed')
RETURNING campaign, case_id
"""
ABORT = "UPDATE campaign SET state = 'aborted', ended_at = $2 WHERE campaign = $1"


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign as it stands."""

    campaign: str
    case: str
    measure: str
    release: str | None
    product: str
    from_versions: tuple[str, ...]
    target_version: str
    plans: tuple[WavePlan, ...]
    stop_rules: StopRules
    state: CampaignState
    planned_by: str
    planned_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Halt:
    """A wave that must stand still, with the rule and the words for it."""

    campaign: str
    wave: int
    rule: HaltRule
    because: str


async def save_campaign(db: Connection, campaign: Campaign) -> None:
    """Keep a new campaign with its waves."""
    await db.execute(
        SAVE_CAMPAIGN, campaign.campaign, campaign.case, campaign.measure, campaign.release,
        campaign.product, list(campaign.from_versions), campaign.target_version,
        [plan.model_dump(mode="json") for plan in campaign.plans],
        campaign.stop_rules.model_dump(mode="json"), campaign.planned_by, campaign.planned_at,
    )  # fmt: skip
    await db.execute(
        SAVE_WAVES,
        campaign.campaign,
        [plan.wave for plan in campaign.plans],
        [plan.method.value if plan.method else None for plan in campaign.plans],
        [plan.percent for plan in campaign.plans],
    )


async def campaigns(db: Connection, names: Iterable[str]) -> dict[str, Campaign]:
    """Load campaigns by name."""
    return {row["campaign"]: _campaign(row) for row in await db.fetch(CAMPAIGNS, list(names))}


async def open_of(db: Connection, products: Iterable[str]) -> list[Campaign]:
    """Load the campaigns of these products that are planned or running."""
    return [_campaign(row) for row in await db.fetch(OPEN_OF_PRODUCTS, list(products))]


async def page(
    db: Connection, after: str, case: str | None, state: str | None, limit: int
) -> list[str]:
    """List campaign ids in order."""
    return [row["campaign"] for row in await db.fetch(PAGE, after, case, state, limit)]


async def waves(db: Connection, names: Iterable[str]) -> dict[str, list[Wave]]:
    """Load and lock the waves of campaigns."""
    found: dict[str, list[Wave]] = {}
    for row in await db.fetch(WAVES, list(names)):
        found.setdefault(row["campaign"], []).append(_wave(row))
    return found


async def waves_seen(db: Connection, names: Iterable[str]) -> list[Record]:
    """Load campaigns' waves with all that is shown of them, without locking."""
    return await db.fetch(WAVES_SEEN, list(names))


async def by_request(db: Connection, requests: Iterable[str]) -> list[tuple[str, int]]:
    """Name the waves that asked these requests."""
    rows = await db.fetch(WAVES_BY_REQUEST, list(requests))
    return [(row["campaign"], row["wave"]) for row in rows]


async def running_of(db: Connection, products: Iterable[str]) -> list[tuple[str, int]]:
    """Name the waves of these products that are started."""
    rows = await db.fetch(RUNNING_OF_PRODUCTS, list(products))
    return [(row["campaign"], row["wave"]) for row in rows]


async def ask(db: Connection, campaign: str, wave: int, request: str, person: str) -> None:
    """Record that a planned wave asks its gates."""
    await db.execute(ASK, campaign, wave, request, person)


async def ask_again(
    db: Connection, campaign: str, wave: int, request: str, person: str, reason: str
) -> None:
    """Record that a halted wave asks its gates again before it goes on."""
    await db.execute(ASK_AGAIN, campaign, wave, request, person, reason)


async def answer(
    db: Connection,
    campaign: str,
    wave: int,
    *,
    passed: bool,
    answers: Sequence[object],
    warnings: Sequence[str],
    valid_until: datetime | None,
) -> None:
    """Record what the gates answered; a wave that was refused is planned again."""
    await db.execute(ANSWER, campaign, wave, passed, answers, list(warnings), valid_until)


async def start(db: Connection, campaign: str, wave: int, now: datetime) -> None:
    """Record that a wave started, and with it its campaign."""
    await db.execute(START, campaign, wave, now)
    await db.execute(RUN, campaign)


async def halt(db: Connection, halts: Sequence[Halt], now: datetime) -> None:
    """Record that waves stand still."""
    if halts:
        await db.execute(
            HALT,
            [each.campaign for each in halts],
            [each.wave for each in halts],
            [each.rule.value for each in halts],
            [each.because for each in halts],
            now,
        )


async def resume(
    db: Connection, campaign: str, wave: int, reason: str, failed: int, finished: int
) -> None:
    """Record that a wave goes on; its failures so far are accepted and form the new baseline."""
    await db.execute(RESUME, campaign, wave, reason, failed, finished)


async def complete(
    db: Connection, done: Sequence[tuple[str, int]], now: datetime
) -> list[tuple[str, str]]:
    """Record that waves are complete; return campaigns (and cases) that are complete with them."""
    if not done:
        return []
    names = [campaign for campaign, _ in done]
    await db.execute(COMPLETE, names, [number for _, number in done], now)
    rows = await db.fetch(COMPLETE_CAMPAIGNS, names, now)
    return [(row["campaign"], row["case_id"]) for row in rows]


async def abort(db: Connection, campaign: str, now: datetime) -> None:
    """Record that a person ended a campaign."""
    await db.execute(ABORT, campaign, now)


def _campaign(row: Record) -> Campaign:
    return Campaign(
        campaign=row["campaign"],
        case=row["case_id"],
        measure=row["measure"],
        release=row["release"],
        product=row["product"],
        from_versions=tuple(row["from_versions"]),
        target_version=row["target_version"],
        plans=tuple(WavePlan.model_validate(plan) for plan in row["waves"]),
        stop_rules=StopRules.model_validate(row["stop_rules"]),
        state=CampaignState(row["state"]),
        planned_by=row["planned_by"],
        planned_at=row["planned_at"],
        ended_at=row["ended_at"],
    )


def _wave(row: Record) -> Wave:
    return Wave(
        number=row["wave"],
        state=WaveState(row["state"]),
        method=Method(row["method"]) if row["method"] else None,
        request=row["request"],
        gate_passed=row["gate_passed"],
        gate_valid_until=row["gate_valid_until"],
        halt_rule=HaltRule(row["halt_rule"]) if row["halt_rule"] else None,
        resume_reason=row["resume_reason"],
        requested_by=row["requested_by"],
        baseline_failed=row["baseline_failed"],
        baseline_finished=row["baseline_finished"],
    )
