"""Evidence, releases, signers, and the answers that waves were given."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
from pydantic import TypeAdapter

from schemas.campaigns import ReleasePublished
from schemas.cases import GateAnswer
from services.kit.database import Connection
from services.triage.domain.gates import Answer, Evidence, WaveAsks
from services.triage.domain.releases import Release, Signer

_ANSWERS = TypeAdapter(tuple[GateAnswer, ...])

EVIDENCE = """
INSERT INTO evidence (evidence, case_id, measure, product, gate, reference, digest, release_digest,
    hash, valid_until, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
REVOKE = """
UPDATE evidence e SET revoked_by = $3, revoked_at = $4, revocation_ground = $5
FROM casefile c WHERE c.case_id = e.case_id AND $2 IN (c.case_id, c.merged_into)
    AND e.evidence = $1 AND e.revoked_at IS NULL
RETURNING e.measure
"""
OF_MEASURES = """
SELECT evidence, case_id AS case, measure, product, gate, reference, digest, release_digest,
    valid_until, recorded_by, recorded_at, revoked_at
FROM evidence WHERE measure = ANY($1::text[]) ORDER BY recorded_at, evidence
"""
MEASURES_OF = "SELECT evidence, measure FROM evidence WHERE evidence = ANY($1::text[])"
RELEASES = """
INSERT INTO release AS t (release, product, version, digest, signature, signed_by, published_at,
    revision)
SELECT DISTINCT ON (release) * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[],
    $5::text[], $6::text[], $7::timestamptz[], $8::bigint[]) AS u(release, product, version, digest,
    signature, signed_by, published_at, revision)
ORDER BY release, revision DESC
ON CONFLICT (release) DO UPDATE SET product = excluded.product, version = excluded.version,
    digest = excluded.digest, signature = excluded.signature, signed_by = excluded.signed_by,
    published_at = excluded.published_at, revision = excluded.revision
WHERE t.revision < excluded.revision
"""
RELEASES_BY_ID = """
SELECT release, product, version, digest, signature, signed_by, published_at FROM release
WHERE release = ANY($1::text[])
"""
SIGNERS = "SELECT signer, public_key, valid_until, revoked_at FROM signer ORDER BY signer"
SIGNERS_AFTER = """
SELECT signer, public_key, valid_until, revoked_at FROM signer WHERE signer > $1
ORDER BY signer LIMIT $2
"""
REGISTER = """
INSERT INTO signer (signer, public_key, valid_until, registered_by, registered_at)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (signer) DO NOTHING RETURNING signer
"""
REVOKE_SIGNER = """
UPDATE signer SET revoked_by = $2, revoked_at = $3, revocation_ground = $4
WHERE signer = $1 AND revoked_at IS NULL RETURNING signer
"""
ANSWER = """
INSERT INTO gate_answer AS t (request, campaign, wave, case_id, measure, product, release, passed,
    answers, warnings, valid_until, evaluated_at, requested_at, release_known)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10, $11, $12, $13, $14)
ON CONFLICT (request) DO UPDATE SET passed = excluded.passed, answers = excluded.answers,
    warnings = excluded.warnings, valid_until = excluded.valid_until,
    evaluated_at = excluded.evaluated_at, release_known = excluded.release_known
"""
ANSWERED = "SELECT request FROM gate_answer WHERE request = ANY($1::text[])"
IN_FORCE = """
SELECT DISTINCT ON (a.campaign, a.wave) a.request, a.campaign, a.wave, a.case_id, a.measure,
    a.product, a.release, a.passed, a.answers, a.release_known, a.requested_at
FROM gate_answer a
LEFT JOIN wave w ON w.campaign = a.campaign AND w.wave = a.wave
LEFT JOIN campaign c ON c.campaign = a.campaign
WHERE (a.measure = ANY($1::text[]) OR a.release = ANY($2::text[]))
    AND w.state IS DISTINCT FROM 'completed' AND coalesce(c.state, 'running') = 'running'
ORDER BY a.campaign, a.wave, a.requested_at DESC, a.request DESC
"""
OF_SIGNER = """
SELECT DISTINCT a.measure FROM gate_answer a JOIN release r USING (release)
WHERE r.signed_by = ANY($1::text[])
"""


@dataclass(frozen=True, slots=True)
class InForce:
    """The latest answer to a wave that is neither completed nor in an ended campaign."""

    asks: WaveAsks
    passed: bool
    answers: tuple[GateAnswer, ...]
    requested_at: datetime
    release_known: bool


async def record(db: Connection, evidence: Evidence) -> None:
    """Add an evidence record."""
    await db.execute(
        EVIDENCE, evidence.evidence, evidence.case, evidence.measure, evidence.product,
        evidence.gate, evidence.reference, evidence.digest, evidence.release_digest, evidence.hash,
        evidence.valid_until, evidence.recorded_by, evidence.recorded_at,
    )  # fmt: skip


async def revoke(
    db: Connection, evidence: str, case: str, by: str, at: datetime, ground: str
) -> str | None:
    """Revoke an evidence record of a case; its measure, or None where there is none in force."""
    measure: str | None = await db.fetchval(REVOKE, evidence, case, by, at, ground)
    return measure


async def measures_of(db: Connection, evidence: Iterable[str]) -> set[str]:
    """The measures that evidence records speak of."""
    return {row["measure"] for row in await db.fetch(MEASURES_OF, sorted(set(evidence)))}


async def measures_signed_by(db: Connection, signers: Iterable[str]) -> set[str]:
    """The measures whose waves asked for releases that these keys signed."""
    return {row["measure"] for row in await db.fetch(OF_SIGNER, sorted(set(signers)))}


async def evidence(db: Connection, measures: Iterable[str]) -> list[Evidence]:
    """All evidence for measures, revoked and lapsed included."""
    return [Evidence(**row) for row in await db.fetch(OF_MEASURES, sorted(set(measures)))]


async def save_releases(db: Connection, releases: Sequence[tuple[ReleasePublished, int]]) -> None:
    """Store releases, each with its event's revision."""
    if releases:
        rows = [
            (e.release, e.product, e.version, e.digest, e.signature, e.signed_by, e.published_at, n)
            for e, n in releases
        ]
        await db.execute(RELEASES, *(list(column) for column in zip(*rows, strict=True)))


async def releases(db: Connection, wanted: Iterable[str]) -> dict[str, Release]:
    """The releases that are known, of those asked for."""
    rows = await db.fetch(RELEASES_BY_ID, sorted(set(wanted)))
    return {row["release"]: Release(**row) for row in rows}


async def signers(db: Connection) -> dict[str, Signer]:
    """Every key that was registered to sign releases, by its id."""
    return {row["signer"]: Signer(**row) for row in await db.fetch(SIGNERS)}


async def signers_after(db: Connection, after: str, limit: int) -> list[Signer]:
    """Registered keys in the order of their ids, from the one that follows `after` on."""
    return [Signer(**row) for row in await db.fetch(SIGNERS_AFTER, after, limit)]


async def register_signer(db: Connection, signer: Signer, by: str, at: datetime) -> bool:
    """Add a key; False where its id is taken."""
    taken = await db.fetchval(
        REGISTER, signer.signer, signer.public_key, signer.valid_until, by, at
    )
    return taken is not None


async def revoke_signer(db: Connection, signer: str, by: str, at: datetime, ground: str) -> bool:
    """Revoke a key; False where there is none in force."""
    return await db.fetchval(REVOKE_SIGNER, signer, by, at, ground) is not None


async def save_answer(
    db: Connection,
    asks: WaveAsks,
    answer: Answer,
    warnings: Sequence[str],
    requested_at: datetime,
    at: datetime,
) -> None:
    """Store what a wave was answered; a re-evaluation replaces it."""
    await db.execute(
        ANSWER, asks.request, asks.campaign, asks.wave, asks.case, asks.measure, asks.product,
        asks.release, answer.passed, _ANSWERS.dump_json(answer.answers).decode(), list(warnings),
        answer.valid_until, at, requested_at, answer.release_known,
    )  # fmt: skip


async def answered(db: Connection, requests: Iterable[str]) -> set[str]:
    """Those of these requests that were answered before."""
    return {row["request"] for row in await db.fetch(ANSWERED, sorted(set(requests)))}


async def in_force(
    db: Connection, measures: Iterable[str], releases: Iterable[str] = ()
) -> list[InForce]:
    """The answers that a change of evidence, or of a release, may overturn."""
    rows = await db.fetch(IN_FORCE, sorted(set(measures)), sorted(set(releases)))
    return [_in_force(row) for row in rows]


def _in_force(row: asyncpg.Record) -> InForce:
    asks = WaveAsks(
        campaign=row["campaign"],
        wave=row["wave"],
        request=row["request"],
        case=row["case_id"],
        measure=row["measure"],
        product=row["product"],
        release=row["release"],
    )
    answers = tuple(_ANSWERS.validate_python(row["answers"]))
    return InForce(asks, row["passed"], answers, row["requested_at"], row["release_known"])
