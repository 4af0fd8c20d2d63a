"""What people put on record in a case: assessments, decisions, measures, pathways, bands."""

from schemas.cases import (
    DecisionRecorded,
    ExploitationAssessed,
    IncidentAssessed,
    Measure,
    PathwayDecided,
    RiskAssessed,
)
from services.kit.database import Connection

ASSESS = """
INSERT INTO assessment (assessment, case_id, product, verdict, aware_at, assessed_at, assessed_by,
    ground, evidence, reopen_trigger)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
ASSESS_INCIDENT = """
INSERT INTO incident_assessment (assessment, case_id, regime, product, reportable, harm, aware_at,
    assessed_at, assessed_by, ground, reopen_trigger, report)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
DECIDE = """
INSERT INTO decision (decision, case_id, question, product, outcome, ground, decided_by, decided_at,
    reopen_trigger, supersedes, happened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
BAND = """
INSERT INTO risk AS t (case_id, product, proposed, band, score, vector, ground, pack, assessed_by,
    assessed_at)
VALUES ($1, $2, false, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (case_id, product, proposed) DO UPDATE SET band = excluded.band,
    score = excluded.score, vector = excluded.vector, ground = excluded.ground,
    pack = excluded.pack, assessed_by = excluded.assessed_by, assessed_at = excluded.assessed_at
"""
SIGN = """
INSERT INTO pathway (pathway, case_id, measure, product, category, us, eu, notified_body_route,
    emergency_basis, ground, decided_by, decided_at, pack)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
SAVE_MEASURE = """
INSERT INTO measure AS t (measure, case_id, kind, category, title, description, products,
    target_version, planned_by, planned_at, approved_by, approved_at, available_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (measure) DO UPDATE SET approved_by = excluded.approved_by,
    approved_at = excluded.approved_at, available_at = excluded.available_at
"""
MEASURE = """
SELECT m.* FROM measure m JOIN casefile c USING (case_id)
WHERE m.measure = $1 AND $2 IN (c.case_id, c.merged_into) FOR UPDATE OF m
"""


async def assess(db: Connection, assessment: str, event: ExploitationAssessed) -> None:
    """Add a person's answer on exploitation."""
    await db.execute(
        ASSESS, assessment, event.case, event.product, event.verdict.value, event.aware_at,
        event.assessed_at, event.assessed_by, event.ground, list(event.evidence),
        event.reopen_trigger,
    )  # fmt: skip


async def assess_incident(db: Connection, assessment: str, event: IncidentAssessed) -> None:
    """Add a person's answer on an incident under one regime."""
    await db.execute(
        ASSESS_INCIDENT, assessment, event.case, event.regime, event.product, event.reportable,
        event.harm.value, event.aware_at, event.assessed_at, event.assessed_by, event.ground,
        event.reopen_trigger, event.report,
    )  # fmt: skip


async def decide(db: Connection, event: DecisionRecorded) -> None:
    """Add a decision."""
    await db.execute(
        DECIDE, event.decision, event.case, event.question, event.product, event.outcome,
        event.ground, event.decided_by, event.decided_at, event.reopen_trigger, event.supersedes,
        event.happened_at,
    )  # fmt: skip


async def band(db: Connection, event: RiskAssessed) -> None:
    """Set the band that a person chose."""
    await db.execute(
        BAND, event.case, event.product, event.band, event.score, event.vector, event.ground,
        event.pack, event.assessed_by, event.assessed_at,
    )  # fmt: skip


async def sign(
    db: Connection, pathway: str, event: PathwayDecided, basis: str | None, ground: str
) -> None:
    """Add a signed pathway."""
    await db.execute(
        SIGN, pathway, event.case, event.measure, event.product, event.category.value,
        list(event.us), list(event.eu), event.notified_body_route, basis, ground,
        event.decided_by, event.decided_at, event.pack,
    )  # fmt: skip


async def save_measure(db: Connection, case: str, measure: Measure) -> None:
    """Store a measure; of one that is there only its approval and availability change."""
    await db.execute(
        SAVE_MEASURE, measure.measure, case, measure.kind.value, measure.category.value,
        measure.title, measure.description, list(measure.products), measure.target_version,
        measure.planned_by, measure.planned_at, measure.approved_by, measure.approved_at,
        measure.available_at,
    )  # fmt: skip


async def measure_of(db: Connection, case: str, measure: str) -> Measure | None:
    """Lock and read a measure of a case or of one merged into it."""
    row = await db.fetchrow(MEASURE, measure, case)
    return Measure.model_validate(dict(row)) if row else None
