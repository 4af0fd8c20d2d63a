"""Stores findings: live ones, and ended ones, which are never deleted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg

from schemas.advisories import Assertion
from schemas.findings import Finding, Verdict
from services.kit.database import Connection
from services.sbom_matcher.domain import identity
from services.sbom_matcher.domain.aliases import Merge, Split
from services.sbom_matcher.domain.matching import Place
from services.sbom_matcher.domain.transitions import Standing

_STANDING = """
SELECT id, vulnerability, product, version, hardware, component, live, verdict, digest, held_at,
    body
FROM finding
"""
BY_VULNERABILITY = _STANDING + "WHERE vulnerability = ANY($1)"
BY_VERSION = (
    _STANDING
    + """
JOIN unnest($1::text[], $2::text[]) AS w(product, version) USING (product, version)
"""
)
LIVE = _STANDING + "WHERE live AND vulnerability = ANY($1)"
SAVE = """
INSERT INTO finding AS held (id, vulnerability, product, version, hardware, component, live,
    verdict, digest, held_at, cleared_at, body)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::bool[], $8::text[], $9::bytea[], $10::timestamptz[], $11::timestamptz[], $12::jsonb[])
ON CONFLICT (id) DO UPDATE SET live = excluded.live, verdict = excluded.verdict,
    digest = excluded.digest, held_at = excluded.held_at, cleared_at = excluded.cleared_at,
    body = excluded.body
"""
ASSERTIONS = "SELECT id, body FROM assertion WHERE id = ANY($1)"
COMPONENTS = "SELECT place, name, version, purl FROM component WHERE place = ANY($1)"

TAKE_OVER = """
UPDATE finding s SET live = true, digest = '', cleared_at = NULL,
    held_at = CASE WHEN s.live THEN least(s.held_at, a.held_at) ELSE a.held_at END
FROM finding a JOIN unnest($1::text[], $2::text[]) AS n(survivor, absorbed)
    ON a.vulnerability = n.absorbed
WHERE a.live AND s.vulnerability = n.survivor
    AND (s.product, s.version, s.hardware, s.component)
        = (a.product, a.version, a.hardware, a.component)
RETURNING a.id, s.id AS survivor
"""
MOVE = """
UPDATE finding a SET vulnerability = n.survivor
FROM unnest($1::text[], $2::text[]) AS n(survivor, absorbed)
WHERE a.vulnerability = n.absorbed AND NOT EXISTS (
    SELECT FROM finding s WHERE s.vulnerability = n.survivor
        AND (s.product, s.version, s.hardware, s.component)
            = (a.product, a.version, a.hardware, a.component))
"""
GO_HOME = """
UPDATE finding f SET vulnerability = n.separated
FROM unnest($1::uuid[], $2::text[]) AS n(id, separated) WHERE f.id = n.id AND NOT EXISTS (
    SELECT FROM finding s WHERE s.vulnerability = n.separated
        AND (s.product, s.version, s.hardware, s.component)
            = (f.product, f.version, f.hardware, f.component))
"""
END = """
UPDATE finding SET live = false, cleared_at = $2 WHERE id = ANY($1) RETURNING body
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A finding to keep: where it is, what it says, and since when it holds."""

    place: Place
    finding: Finding
    digest: bytes
    cleared_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A finding as held, with the whole of what was told of it last."""

    standing: Standing
    held_at: datetime
    finding: Finding


@dataclass(frozen=True, slots=True)
class Named:
    """What to call a component."""

    name: str | None
    version: str | None
    purl: str | None


async def of_vulnerabilities(
    db: Connection, vulnerabilities: Sequence[str], *, only_live: bool = False
) -> dict[Place, Held]:
    """Load the findings of vulnerabilities."""
    return _held(await db.fetch(LIVE if only_live else BY_VULNERABILITY, vulnerabilities))


async def of_versions(db: Connection, versions: Sequence[tuple[str, str]]) -> dict[Place, Held]:
    """Load the findings of product versions."""
    return _held(await db.fetch(BY_VERSION, [p for p, _ in versions], [v for _, v in versions]))


async def save(db: Connection, kept: Sequence[Kept]) -> None:
    """Write findings as they are now."""
    if not kept:
        return
    await db.execute(
        SAVE,
        [UUID(each.finding.finding) for each in kept],
        [each.place.vulnerability for each in kept],
        [each.place.product for each in kept],
        [each.place.version for each in kept],
        [each.place.hardware for each in kept],
        [each.place.component for each in kept],
        [each.cleared_at is None for each in kept],
        [each.finding.verdict for each in kept],
        [each.digest for each in kept],
        [each.finding.held_at for each in kept],
        [each.cleared_at for each in kept],
        [each.finding.model_dump(mode="json") for each in kept],
    )


async def assertions(db: Connection, numbers: Iterable[int]) -> dict[int, Assertion]:
    """Load assertions whole, for evidence."""
    rows = await db.fetch(ASSERTIONS, sorted(set(numbers)))
    return {row["id"]: Assertion.model_validate(row["body"]) for row in rows}


async def names(db: Connection, places: Iterable[str]) -> dict[str, Named]:
    """Load what to call components; the product version itself has no component name."""
    rows = await db.fetch(COMPONENTS, sorted({each for each in places if each}))
    found = {row["place"]: Named(row["name"], row["version"], row["purl"]) for row in rows}
    return found | {"": Named(None, None, None)}


async def merge(
    db: Connection, merges: Sequence[Merge], now: datetime
) -> list[tuple[Finding, UUID]]:
    """Move findings to the groups that survive, with their ids and the instants they are held from.

    Where the survivor has a finding in the same place, that one takes over the earlier instant and
    the other ends: those are returned, with the id of the one that goes on.
    """
    survivors = [each.survivor for each in merges]
    absorbed = [each.absorbed for each in merges]
    taken = {row["id"]: row["survivor"] for row in await db.fetch(TAKE_OVER, survivors, absorbed)}
    await db.execute(MOVE, survivors, absorbed)
    ended = [Finding.model_validate(row["body"]) for row in await db.fetch(END, list(taken), now)]
    return [(finding, taken[UUID(finding.finding)]) for finding in ended]


async def split(db: Connection, splits: Sequence[Split]) -> None:
    """Move findings back to the group under which they once opened, where it is separate again."""
    back: dict[UUID, str] = {}
    for each in splits:
        for place in await of_vulnerabilities(db, [each.origin]):
            home = identity.of_finding(replace(place, vulnerability=each.separated))
            back[home] = each.separated
    await db.execute(GO_HOME, list(back), list(back.values()))


def _held(rows: Sequence[asyncpg.Record]) -> dict[Place, Held]:
    found = {}
    for row in rows:
        finding = Finding.model_validate(row["body"])
        place = Place(
            row["vulnerability"], row["product"], row["version"], row["hardware"], row["component"]
        )
        standing = Standing(
            finding=str(row["id"]),
            live=row["live"],
            verdict=Verdict(row["verdict"]),
            reason=finding.reason,
            fixed_in=finding.fixed_in,
            digest=row["digest"],
            told_as=finding.vulnerability,
        )
        found[place] = Held(standing, row["held_at"], finding)
    return found
