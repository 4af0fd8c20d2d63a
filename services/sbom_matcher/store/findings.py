"""Stores findings: live ones, and ended ones, which are never deleted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from uuid import UUID

import asyncpg

from schemas.advisories import Assertion
from schemas.findings import Finding, Matcher, Verdict
from services.kit.database import Connection
from services.sbom_matcher.domain import identity, merging
from services.sbom_matcher.domain.aliases import Merge, Split
from services.sbom_matcher.domain.matching import Place
from services.sbom_matcher.domain.merging import Lying
from services.sbom_matcher.domain.transitions import Standing
from services.sbom_matcher.store.components import columns

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
TAKEN = "SELECT id FROM finding WHERE id = ANY($1)"
COMPONENTS = "SELECT place, name, version, purl FROM component WHERE identity = ANY($1)"

UNITE = """
UPDATE finding f SET vulnerability = n.vulnerability, live = n.live, held_at = n.held_at,
    cleared_at = CASE WHEN n.live THEN NULL ELSE f.cleared_at END,
    digest = CASE WHEN n.takes_over THEN '' ELSE f.digest END
FROM unnest($1::uuid[], $2::text[], $3::bool[], $4::timestamptz[], $5::bool[])
    AS n(id, vulnerability, live, held_at, takes_over)
WHERE f.id = n.id
"""
GO_HOME = """
UPDATE finding f SET vulnerability = n.separated
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS n(id, origin, separated)
WHERE f.id = n.id AND f.vulnerability = n.origin AND NOT EXISTS (
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

    def lying(self, place: Place) -> Lying:
        """Say where it lies, for a merge."""
        return Lying(self.standing.finding, place, self.standing.live, self.held_at)


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


async def new_ids(db: Connection, places: Iterable[Place]) -> dict[Place, UUID]:
    """Give an id to each place where no finding lies yet."""
    given: dict[Place, UUID] = {}
    left = list(places)
    for turn in count():  # a second turn is as rare as a vulnerability that merged and came back
        wished = {identity.of_finding(each, turn): each for each in left}
        if not wished:
            break
        taken = {row["id"] for row in await db.fetch(TAKEN, list(wished))}
        given |= {each: number for number, each in wished.items() if number not in taken}
        left = [each for number, each in wished.items() if number in taken]
    return given


async def assertions(db: Connection, numbers: Iterable[int]) -> dict[int, Assertion]:
    """Load assertions whole, for evidence."""
    rows = await db.fetch(ASSERTIONS, sorted(set(numbers)))
    return {row["id"]: Assertion.model_validate(row["body"]) for row in rows}


async def names(db: Connection, places: Iterable[str]) -> dict[str, Named]:
    """Load what to call components; the product version itself has no component name."""
    identities = [UUID(each) for each in sorted({each for each in places if each})]
    rows = await db.fetch(COMPONENTS, identities)
    found = {row["place"]: Named(row["name"], row["version"], row["purl"]) for row in rows}
    return found | {"": Named(None, None, None)}


async def merge(
    db: Connection, merges: Sequence[Merge], now: datetime
) -> list[tuple[Finding, str]]:
    """Move findings to the vulnerabilities that survive; return those that ended, and in which."""
    into = {each.absorbed: each.survivor for each in merges}
    held = await of_vulnerabilities(db, sorted({*into, *into.values()}))
    united = list(merging.unite((each.lying(place) for place, each in held.items()), into))
    await db.execute(
        UNITE,
        [UUID(each.finding) for each in united],
        [each.place.vulnerability for each in united],
        [each.live for each in united],
        [each.held_at for each in united],
        [bool(each.ended) for each in united],
    )
    ended = {finding: each.finding for each in united for finding in each.ended}
    rows = await db.fetch(END, [UUID(each) for each in ended], now)
    return [(finding, ended[finding.finding]) for finding in map(_told, rows)]


async def split(db: Connection, splits: Sequence[Split]) -> None:
    """Move findings back to the group under which they once opened, where it is separate again."""
    separated: dict[str, list[str]] = {}
    for each in splits:
        separated.setdefault(each.origin, []).append(each.separated)
    back = [
        (identity.of_finding(replace(place, vulnerability=home)), place.vulnerability, home)
        for place in await of_vulnerabilities(db, list(separated))
        for home in separated[place.vulnerability]
    ]
    await db.execute(GO_HOME, *columns(back, 3))


def _told(row: asyncpg.Record) -> Finding:
    """Read a finding as it was told last."""
    return Finding.model_validate(row["body"])


def _held(rows: Sequence[asyncpg.Record]) -> dict[Place, Held]:
    found = {}
    for row in rows:
        finding = _told(row)
        place = Place(
            row["vulnerability"], row["product"], row["version"], row["hardware"], row["component"]
        )
        standing = Standing(
            finding=str(row["id"]),
            live=row["live"],
            verdict=Verdict(row["verdict"]),
            reason=finding.reason,
            fixed_in=finding.fixed_in,
            support=finding.support,
            digest=row["digest"],
            told_as=finding.vulnerability,
            stated=any(each.matcher is Matcher.STATEMENT for each in finding.evidence),
        )
        found[place] = Held(standing, row["held_at"], finding)
    return found
