"""Holds what has to be matched again: written with the change, taken away with the match."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from services.kit.database import Connection
from services.kit.records import Cause

Scope = Literal["identifier", "version"]

_SEPARATOR = "\x1f"

PUT = """
INSERT INTO pending_match AS waiting (scope, subject, bulk, cause, traceparent)
SELECT * FROM unnest($1::text[], $2::text[], $3::bool[], $4::uuid[], $5::text[])
ON CONFLICT (scope, subject) DO UPDATE SET
    stamp = gen_random_uuid(), bulk = waiting.bulk AND excluded.bulk, cause = excluded.cause,
    traceparent = excluded.traceparent, attempts = 0, retry_at = clock_timestamp()
"""
NEXT = """
SELECT scope, subject, stamp, bulk, cause, traceparent FROM pending_match
WHERE bulk = $1 AND retry_at <= statement_timestamp() ORDER BY number LIMIT $2
"""
DONE = """
DELETE FROM pending_match p
USING unnest($1::text[], $2::text[], $3::uuid[]) AS d(scope, subject, stamp)
WHERE p.scope = d.scope AND p.subject = d.subject AND p.stamp = d.stamp
"""
PUT_OFF = """
UPDATE pending_match p SET attempts = attempts + 1,
    retry_at = clock_timestamp() + interval '1 second' * least(60, power(2, least(attempts, 6)))
FROM unnest($1::text[], $2::text[]) AS d(scope, subject)
WHERE p.scope = d.scope AND p.subject = d.subject
"""
WAITING = "SELECT scope, subject FROM pending_match"
COUNT = "SELECT count(*) FROM pending_match"


@dataclass(frozen=True, slots=True)
class Pending:
    """A subject to match again, and the event it follows from: a cause of what is emitted."""

    scope: Scope
    subject: str
    stamp: UUID
    bulk: bool
    id: UUID
    traceparent: str | None
    case: str | None = None

    @property
    def version(self) -> tuple[str, str]:
        """The product and version, where the scope is one."""
        return version_of(self.subject)


@dataclass(frozen=True, slots=True)
class Wish:
    """A subject that changed, with the event that changed it."""

    scope: Scope
    subject: str
    bulk: bool
    cause: Cause


def version_subject(product: str, version: str) -> str:
    """Write a product version as a subject."""
    return f"{product}{_SEPARATOR}{version}"


def version_of(subject: str) -> tuple[str, str]:
    """Read a subject that is a product version: product and version."""
    product, _, version = subject.partition(_SEPARATOR)
    return product, version


async def put(db: Connection, wishes: Iterable[Wish]) -> None:
    """Ask for matches; a subject asked for twice is matched once, urgently if either is urgent."""
    latest: dict[tuple[str, str], Wish] = {}
    for each in wishes:
        before = latest.get((each.scope, each.subject))
        bulk = each.bulk and (before is None or before.bulk)
        latest[each.scope, each.subject] = Wish(each.scope, each.subject, bulk, each.cause)
    if not latest:
        return
    kept = list(latest.values())
    await db.execute(
        PUT,
        [each.scope for each in kept],
        [each.subject for each in kept],
        [each.bulk for each in kept],
        [each.cause.id for each in kept],
        [each.cause.traceparent for each in kept],
    )


async def following(db: Connection, limit: int, *, bulk: bool) -> list[Pending]:
    """Read what waits longest on a lane."""
    return [
        Pending(
            row["scope"],
            row["subject"],
            row["stamp"],
            row["bulk"],
            row["cause"],
            row["traceparent"],
        )
        for row in await db.fetch(NEXT, bulk, limit)
    ]


async def done(db: Connection, matched: Sequence[Pending]) -> None:
    """Take matched subjects away, unless they changed again meanwhile."""
    await db.execute(
        DONE,
        [each.scope for each in matched],
        [each.subject for each in matched],
        [each.stamp for each in matched],
    )


async def put_off(db: Connection, failed: Sequence[Pending]) -> None:
    """Try these later, and meanwhile what stands behind them."""
    await db.execute(PUT_OFF, [each.scope for each in failed], [each.subject for each in failed])
