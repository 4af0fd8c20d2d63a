"""Keeps deliveries: each message to one person through one channel, and what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from services.kit.database import Connection
from services.notification.domain.alert import Content, Kind
from services.notification.domain.turns import Turn
from services.notification.store.alerts import chain_of

QUEUE = """
INSERT INTO delivery (delivery, alert, person, channel, purpose, next_at, created_at)
SELECT delivery, alert, person, channel, purpose, $7::timestamptz + head_start, $7::timestamptz
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::interval[])
    AS n(delivery, alert, person, channel, purpose, head_start)
ON CONFLICT (delivery) DO NOTHING RETURNING delivery
"""
TOLD = """
SELECT DISTINCT alert, person, channel FROM delivery
WHERE alert = ANY($1) AND state = 'delivered' AND channel <> 'email' AND purpose <> 'resolved'
"""
_DELIVERY = "d.delivery, d.alert, d.person, d.channel, d.purpose, d.state, d.attempts"
CLAIM = f"""
WITH due AS (
    SELECT delivery FROM delivery WHERE state = 'queued' AND next_at <= statement_timestamp()
        AND (channel = 'webhook' OR NOT $3)
    ORDER BY channel <> 'webhook', next_at LIMIT $1 FOR UPDATE SKIP LOCKED),
taken AS (
    UPDATE delivery d SET attempts = d.attempts + 1, next_at = clock_timestamp() + $2
    FROM due WHERE d.delivery = due.delivery RETURNING {_DELIVERY})
SELECT d.*, a.dedup_key, a.case_id, a.clock, a.step, a.kind, a.content, a.chain, a.position,
    a.raised_at, a.because
FROM taken d JOIN alert a USING (alert)
"""
SOON = """
SELECT extract(epoch FROM min(next_at) - clock_timestamp()) FROM delivery WHERE state = 'queued'
"""
DELIVERED = """
UPDATE delivery d SET state = 'delivered', delivered_at = $3, receipt = n.receipt, error = NULL
FROM unnest($1::uuid[], $2::text[]) AS n(delivery, receipt)
WHERE d.delivery = ANY($1) AND d.delivery = n.delivery AND d.state <> 'delivered'
RETURNING d.delivery
"""
FAILED = """
WITH before AS (SELECT delivery, undelivered_at FROM delivery WHERE delivery = $1 FOR UPDATE)
UPDATE delivery d SET error = $2, next_at = clock_timestamp() + $3,
    state = CASE WHEN d.state = 'queued' AND $4 THEN 'failed' ELSE d.state END,
    undelivered_at = CASE WHEN $5 THEN coalesce(d.undelivered_at, $6) ELSE d.undelivered_at END
FROM before WHERE d.delivery = before.delivery
RETURNING before.undelivered_at IS NULL AND $5 AND d.state IN ('queued', 'failed') AS newly
"""
HEAD_START = {"email": timedelta(milliseconds=200), "ticket": timedelta(milliseconds=500)}
"""What each channel leaves to webhooks: a pager rings at once, the rest is read later."""

OF_PERSON = """
SELECT state, undelivered_at FROM delivery
WHERE alert = $1 AND person = $2 AND purpose = 'page'
"""
DELIVERIES = """
SELECT delivery, alert, person, channel, purpose, state, attempts, created_at, delivered_at,
    undelivered_at, receipt, error
FROM delivery WHERE alert = ANY($1) ORDER BY created_at, delivery
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One message to one person through one channel."""

    delivery: UUID
    alert: str
    person: str
    channel: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message to be sent now, with all that its text needs."""

    delivery: UUID
    alert: str
    person: str
    channel: str
    purpose: str
    attempts: int
    dedup_key: str
    case: str
    clock: str
    step: str
    kind: Kind
    content: Content
    chain: tuple[Turn, ...]
    position: int
    raised_at: datetime
    because: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message and what became of it."""

    delivery: UUID
    alert: str
    person: str
    channel: str
    purpose: str
    state: str
    attempts: int
    created_at: datetime
    delivered_at: datetime | None
    undelivered_at: datetime | None
    receipt: str | None
    error: str | None


async def queue(db: Connection, wanted: Sequence[Wanted], at: datetime) -> int:
    """Queue messages and count those that were not queued before.

    Webhooks are due at once; mail and tickets give them a head start.
    """
    if not wanted:
        return 0
    rows = await db.fetch(
        QUEUE,
        [each.delivery for each in wanted],
        [each.alert for each in wanted],
        [each.person for each in wanted],
        [each.channel for each in wanted],
        [each.purpose for each in wanted],
        [HEAD_START.get(each.channel, timedelta()) for each in wanted],
        at,
    )
    return len(rows)


async def told(db: Connection, alerts: Iterable[str]) -> list[tuple[str, str, str]]:
    """(alert, person, channel) of machines that were told and can close what they opened."""
    rows = await db.fetch(TOLD, sorted(set(alerts)))
    return [(row["alert"], row["person"], row["channel"]) for row in rows]


async def claim(
    db: Connection, limit: int, lease: timedelta, *, webhooks_only: bool
) -> list[Claimed]:
    """Take messages that are due, webhooks first.

    If this process dies, they are due again after the lease.
    """
    return [_claimed(row) for row in await db.fetch(CLAIM, limit, lease, webhooks_only)]


async def soon(db: Connection) -> float | None:
    """Seconds until the next message is due, or None where none waits."""
    seconds = await db.fetchval(SOON)
    return float(seconds) if seconds is not None else None


async def delivered(db: Connection, receipts: Mapping[UUID, str | None], at: datetime) -> set[UUID]:
    """Record that providers accepted messages and return those of which that was not known."""
    rows = await db.fetch(DELIVERED, list(receipts), list(receipts.values()), at)
    return {row["delivery"] for row in rows}


async def failed(
    db: Connection,
    delivery: UUID,
    error: str,
    retry_in: timedelta,
    at: datetime,
    *,
    final: bool,
    undelivered: bool,
) -> bool:
    """Record a failed try; true where the message counts as undelivered from now on."""
    row = await db.fetchrow(FAILED, delivery, error, retry_in, final, undelivered, at)
    return bool(row and row["newly"])


async def unreachable(db: Connection, alert: str, person: str) -> bool:
    """Whether every message of this alert to this person is undelivered."""
    rows = await db.fetch(OF_PERSON, alert, person)
    return bool(rows) and all(
        row["undelivered_at"] is not None and row["state"] != "delivered" for row in rows
    )


async def of_alerts(db: Connection, alerts: Iterable[str]) -> list[Delivery]:
    """The messages of these alerts and what became of them."""
    rows = await db.fetch(DELIVERIES, sorted(set(alerts)))
    return [Delivery(**dict(row)) for row in rows]


def _claimed(row: asyncpg.Record) -> Claimed:
    values = dict(row)
    values.pop("state")
    values["case"] = values.pop("case_id")
    values["kind"] = Kind(values["kind"])
    values["content"] = Content.model_validate(values["content"])
    values["chain"] = chain_of(values["chain"])
    return Claimed(**values)
