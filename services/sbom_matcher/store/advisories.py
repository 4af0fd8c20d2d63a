"""Stores advisories as records, aliases, assertions and spans of version keys."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.advisories import AdvisoryPublished, Vulnerability
from services.kit.database import Connection
from services.sbom_matcher.domain import claims, unnamed
from services.sbom_matcher.domain.claims import Claim

SAVE = """
WITH known AS MATERIALIZED (SELECT advisory FROM advisory WHERE advisory = ANY($1))
INSERT INTO advisory AS held (advisory, revision, source, digest, withdrawn, held_at)
SELECT * FROM unnest(
    $1::text[], $2::bigint[], $3::text[], $4::text[], $5::bool[], $6::timestamptz[])
ON CONFLICT (advisory) DO UPDATE SET revision = excluded.revision, source = excluded.source,
    digest = excluded.digest, withdrawn = excluded.withdrawn, held_at = excluded.held_at
WHERE held.revision < excluded.revision
RETURNING advisory, advisory IN (SELECT advisory FROM known) AS replaced
"""
"""Of what was never held there is nothing to forget: whoever saves holds the advisories' locks."""
WITHDRAW = """
INSERT INTO advisory AS held (advisory, revision, source, digest, withdrawn, held_at)
SELECT advisory, revision, '', '', true, $3
FROM unnest($1::text[], $2::bigint[]) AS w(advisory, revision)
ON CONFLICT (advisory) DO UPDATE SET revision = excluded.revision, withdrawn = true
WHERE held.revision < excluded.revision RETURNING advisory
"""
WITHDRAW_RECORDS = "UPDATE record SET withdrawn = true WHERE advisory = ANY($1)"
FORGET_ASSERTIONS = "DELETE FROM assertion WHERE advisory = ANY($1)"
FORGET_ALIASES = "DELETE FROM alias WHERE advisory = ANY($1) RETURNING advisory, identifier, alias"
FORGET_RECORDS = "DELETE FROM record WHERE advisory = ANY($1) RETURNING advisory, identifier"
IDENTIFIERS = """
SELECT advisory, identifier FROM record WHERE advisory = ANY($1)
UNION SELECT advisory, alias FROM alias WHERE advisory = ANY($1)
"""
RECORDS = """
INSERT INTO record (advisory, identifier, withdrawn, body, unnamed)
SELECT * FROM unnest($1::text[], $2::text[], $3::bool[], $4::jsonb[], $5::int[])
ON CONFLICT DO NOTHING
"""
ALIASES = """
INSERT INTO alias (advisory, identifier, alias)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING
"""
ASSERTIONS = """
INSERT INTO assertion (advisory, identifier, asserter, statement, product, product_version,
    expires_at, held_at, digest, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bool[], $5::text[], $6::text[],
    $7::timestamptz[], $8::timestamptz[], $9::bytea[], $10::jsonb[])
RETURNING id
"""
SPANS = """
INSERT INTO span (assertion, ident, low, high, verdict, reason, place, fixed, traits)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bytea[], $5::text[], $6::text[],
    $7::int[], $8::text[], $9::text[])
"""
PLATFORMS = """
INSERT INTO platform (assertion, part, ident, low, high, whole, choice)
SELECT * FROM unnest($1::bigint[], $2::int[], $3::text[], $4::bytea[], $5::bytea[], $6::bool[],
    $7::int[])
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One claim of an advisory on one vulnerability, as it is stored."""

    advisory: str
    identifier: str
    held_at: datetime
    claim: Claim

    @property
    def digest(self) -> bytes:
        """What tells whether the assertion changed between two states of the advisory."""
        written = self.claim.assertion.model_dump_json().encode()
        return hashlib.sha256(written).digest()[:16]


async def publish(
    db: Connection, published: Sequence[tuple[AdvisoryPublished, int]]
) -> dict[str, list[str]]:
    """Replace advisories by their newest state (event, revision); older ones change nothing.

    Returns, for each advisory that was replaced, the identifiers it speaks or spoke of, those it
    leads with first.
    """
    newest = {event.advisory: (event, revision) for event, revision in published}
    rows = await db.fetch(
        SAVE,
        list(newest),
        [revision for _, revision in newest.values()],
        [event.source for event, _ in newest.values()],
        [event.digest for event, _ in newest.values()],
        [False] * len(newest),
        [event.received_at for event, _ in newest.values()],
    )
    kept = [newest[row["advisory"]][0] for row in rows]
    replaced = [row["advisory"] for row in rows if row["replaced"]]
    before = await _forget(db, replaced) if replaced else {}
    await _write_records(db, kept)
    found: list[Entry] = []
    for event in kept:
        found += entries(event)
        await asyncio.sleep(0)  # whoever has something urgent goes between
    await _write_claims(db, found)
    spoken: dict[str, list[str]] = {}
    for event in kept:
        now = [name for each in event.vulnerabilities for name in (each.id, *each.aliases)]
        spoken[event.advisory] = list(dict.fromkeys((*now, *before.get(event.advisory, ()))))
    return spoken


async def withdraw(
    db: Connection, withdrawn: Sequence[tuple[str, int]], now: datetime
) -> dict[str, list[str]]:
    """End what withdrawn advisories (id, revision) claim; keep their words, marked withdrawn."""
    latest = dict(withdrawn)
    rows = await db.fetch(WITHDRAW, list(latest), list(latest.values()), now)
    ended = [row["advisory"] for row in rows]
    spoken: dict[str, list[str]] = {}
    for row in await db.fetch(IDENTIFIERS, ended):
        spoken.setdefault(row["advisory"], []).append(row["identifier"])
    await db.execute(WITHDRAW_RECORDS, ended)
    await db.execute(FORGET_ASSERTIONS, ended)
    return spoken


def entries(event: AdvisoryPublished) -> Iterator[Entry]:
    """Read an advisory's claims; a vulnerability that its source withdrew claims nothing."""
    for each in event.vulnerabilities:
        if each.withdrawn_at is None:
            for claim in claims.read(each.assertions):
                yield Entry(event.advisory, each.id, event.received_at, claim)


async def _forget(db: Connection, advisories: list[str]) -> dict[str, list[str]]:
    """Forget what advisories said before, and return of what."""
    spoken: dict[str, list[str]] = {}
    for row in await db.fetch(FORGET_RECORDS, advisories):
        spoken.setdefault(row["advisory"], []).append(row["identifier"])
    for row in await db.fetch(FORGET_ALIASES, advisories):
        spoken.setdefault(row["advisory"], []).append(row["alias"])
    await db.execute(FORGET_ASSERTIONS, advisories)
    return spoken


async def _write_records(db: Connection, events: Sequence[AdvisoryPublished]) -> None:
    said = [(event.advisory, each) for event in events for each in event.vulnerabilities]
    await db.execute(
        RECORDS,
        [advisory for advisory, _ in said],
        [each.id for _, each in said],
        [each.withdrawn_at is not None for _, each in said],
        [_described(each) for _, each in said],
        [unnamed.count(each.assertions) for _, each in said],
    )
    aliases = [
        (advisory, each.id, alias)
        for advisory, each in said
        for alias in each.aliases
        if alias != each.id
    ]
    if aliases:
        await db.execute(ALIASES, *([row[column] for row in aliases] for column in range(3)))


def _described(each: Vulnerability) -> dict[str, object]:
    """Keep a record's words and scores; its assertions have rows of their own."""
    return each.model_dump(mode="json", exclude={"assertions"})


async def _write_claims(db: Connection, found: Sequence[Entry]) -> None:
    stated = [entry.claim.assertion for entry in found]
    rows = await db.fetch(
        ASSERTIONS,
        [entry.advisory for entry in found],
        [entry.identifier for entry in found],
        [each.asserter for each in stated],
        [claims.is_statement(each) for each in stated],
        [each.product for each in stated],
        [each.product_version for each in stated],
        [each.expires_at for each in stated],
        [entry.held_at for entry in found],
        [entry.digest for entry in found],
        [each.model_dump(mode="json") for each in stated],
    )
    spans = [
        (row["id"], ident, span, entry.claim.traits)
        for row, entry in zip(rows, found, strict=True)
        for ident in entry.claim.idents
        for span in entry.claim.spans
    ]
    await db.execute(
        SPANS,
        [number for number, *_ in spans],
        [ident for _, ident, *_ in spans],
        [span.interval.low if span.interval else None for _, _, span, _ in spans],
        [span.interval.high if span.interval else None for _, _, span, _ in spans],
        [span.verdict for _, _, span, _ in spans],
        [span.reason for _, _, span, _ in spans],
        [span.place for _, _, span, _ in spans],
        [span.fixed for _, _, span, _ in spans],
        [traits for *_, traits in spans],
    )
    await _write_platforms(db, [(row["id"], e.claim) for row, e in zip(rows, found, strict=True)])


async def _write_platforms(db: Connection, found: Sequence[tuple[int, Claim]]) -> None:
    """Keep what claims run on; a group of which nothing can be read stays, and is never met."""
    wanted = [
        (number, part, present)
        for number, claim in found
        for part, group in enumerate(claim.platforms)
        for present in group or (None,)
    ]
    if not wanted:
        return
    await db.execute(
        PLATFORMS,
        [number for number, _, _ in wanted],
        [part for _, part, _ in wanted],
        [present.ident if present else None for *_, present in wanted],
        [present.interval.low if present else None for *_, present in wanted],
        [present.interval.high if present else None for *_, present in wanted],
        [present.interval.whole if present else False for *_, present in wanted],
        [present.choice if present else None for *_, present in wanted],
    )
