"""The auditor's rows: what is overdue without effect, what was raised, and that it ran."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.deadline_clock.domain.auditing import Overdue, Raised
from services.kit.database import Connection

MOST = 1_000
"""The most overdue steps that one look takes in."""

FRESH = timedelta(seconds=60)
"""A heartbeat that is older belongs to an auditor that does not run."""

OVERDUE = """
WITH overdue AS (
    (SELECT subject, step, due_at, fire_at,
        CASE WHEN attempts > 0 THEN 'its handler failed ' || attempts || ' times'
            ELSE 'no replica has fired it' END AS why
    FROM kit_timer WHERE state = 'armed' AND fire_at <= statement_timestamp() - $1::interval
    ORDER BY fire_at LIMIT $2)
    UNION ALL
    (SELECT s.clock::text, s.step, s.due_at, s.due_at, 'no alarm waits for it'
    FROM escalation_step s
    WHERE s.state = 'armed' AND s.due_at <= statement_timestamp() - $1::interval AND NOT EXISTS (
        SELECT FROM kit_timer t WHERE t.subject = s.clock::text AND t.step = s.step
            AND t.state = 'armed')
    ORDER BY s.due_at LIMIT $2)
    UNION ALL
    (SELECT v.body -> 'clock' ->> 'clock', v.body ->> 'step', coalesce(s.due_at, o.time), o.time,
        'it fired, and Kafka has not taken the event'
    FROM kit_outbox o
    CROSS JOIN LATERAL (SELECT convert_from(o.value, 'UTF8')::jsonb AS body) v
    LEFT JOIN LATERAL (
        SELECT e.due_at FROM escalation_step e
        WHERE e.clock = (v.body -> 'clock' ->> 'clock')::uuid AND e.step = v.body ->> 'step'
            AND e.state = 'fired' ORDER BY e.fired_at DESC LIMIT 1) s ON true
    WHERE o.type = 'clock.escalated.v1' AND o.dataref IS NULL
        AND o.time <= statement_timestamp() - $1::interval
    ORDER BY o.seq LIMIT $2))
SELECT o.*, c.case_id, c.mode, c.due_at AS deadline, c.body ->> 'label' AS label
FROM overdue o LEFT JOIN clock c ON c.clock = CASE
    WHEN o.subject ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN o.subject::uuid END
ORDER BY o.fire_at LIMIT $2
"""
NEW = """
SELECT position FROM unnest($1::text[], $2::text[], $3::timestamptz[])
    WITH ORDINALITY AS f(subject, step, due_at, position)
WHERE NOT EXISTS (SELECT FROM auditor_finding a
    WHERE a.subject = f.subject AND a.step = f.step AND a.due_at = f.due_at)
"""
FIND = """
INSERT INTO auditor_finding (subject, step, due_at, fire_at, why, message, found_at)
SELECT *, $6::uuid, clock_timestamp() FROM unnest(
    $1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[])
ON CONFLICT DO NOTHING
"""
CLEAR = """
UPDATE auditor_finding a SET cleared_at = clock_timestamp()
WHERE cleared_at IS NULL AND NOT EXISTS (
    SELECT FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS f(subject, step, due_at)
    WHERE a.subject = f.subject AND a.step = f.step AND a.due_at = f.due_at)
"""
RAISE = """
INSERT INTO auditor_alarm (message, kind, raised_at, summary, body, webhook_told, mail_told,
    told_at, next_try_at)
SELECT $1, $2, clock_timestamp(), $3, $4, $5, $6, CASE WHEN $5 AND $6 THEN clock_timestamp() END,
    clock_timestamp()
ON CONFLICT DO NOTHING
"""
CLAIM = """
WITH untold AS (
    SELECT message FROM auditor_alarm WHERE told_at IS NULL AND next_try_at <= statement_timestamp()
    ORDER BY raised_at LIMIT 20 FOR UPDATE SKIP LOCKED)
UPDATE auditor_alarm a SET tries = tries + 1,
    next_try_at = clock_timestamp() + interval '5 seconds' * least(60, power(2, least(tries, 6)))
FROM untold u WHERE a.message = u.message
RETURNING a.message, a.kind, a.raised_at, a.summary, a.body, a.webhook_told, a.mail_told
"""
TOLD = """
UPDATE auditor_alarm SET webhook_told = webhook_told OR $2, mail_told = mail_told OR $3, error = $4,
    told_at = CASE WHEN (webhook_told OR $2) AND (mail_told OR $3) THEN clock_timestamp() END
WHERE message = $1
"""
LAST_SEEN = "SELECT max(seen_at) FROM auditor_run"
BEGIN = """
INSERT INTO auditor_run (run, host, pid, channels, started_at, seen_at)
VALUES ($1, $2, $3, $4, clock_timestamp(), clock_timestamp())
"""
BEAT = "UPDATE auditor_run SET seen_at = clock_timestamp() WHERE run = $1"
LATEST = """
SELECT *, clock_timestamp() AS now FROM auditor_run ORDER BY seen_at DESC LIMIT 1
"""
OPEN = """
SELECT subject, step, due_at, fire_at, why, found_at, message FROM auditor_finding
WHERE cleared_at IS NULL ORDER BY fire_at LIMIT $1
"""
COUNTS = """
SELECT (SELECT count(*) FROM auditor_finding WHERE cleared_at IS NULL) AS overdue,
    (SELECT count(*) FROM auditor_alarm WHERE told_at IS NULL) AS untold,
    (SELECT error FROM auditor_alarm WHERE told_at IS NULL AND error IS NOT NULL
        ORDER BY raised_at DESC LIMIT 1) AS error
"""


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the second path, with the channels that have taken it."""

    message: UUID
    kind: str
    raised_at: datetime
    summary: str
    lines: tuple[str, ...]
    webhook_told: bool = False
    mail_told: bool = False


async def overdue(db: Connection, after: timedelta) -> list[Overdue]:
    """Steps that should have had their effect longer ago than `after`, by PostgreSQL's clock."""
    return [
        Overdue(
            subject=row["subject"], step=row["step"], due_at=row["due_at"],
            fire_at=row["fire_at"], why=row["why"], case=row["case_id"], label=row["label"],
            mode=row["mode"], deadline=row["deadline"],
        )
        for row in await db.fetch(OVERDUE, after, MOST)
    ]  # fmt: skip


async def unknown(db: Connection, found: Sequence[Overdue]) -> list[Overdue]:
    """Those that were not found before, each once."""
    unique = {(each.subject, each.step, each.due_at): each for each in found}
    ordered = list(unique.values())
    rows = await db.fetch(NEW, *_keys(ordered))
    return [ordered[row["position"] - 1] for row in rows]


async def find(db: Connection, found: Sequence[Overdue], message: UUID) -> None:
    """Remember steps as found, told of in a message."""
    await db.execute(
        FIND, *_keys(found), [each.fire_at for each in found], [each.why for each in found], message
    )


async def clear(db: Connection, found: Sequence[Overdue]) -> None:
    """Note that whatever else was found has had its effect since."""
    await db.execute(CLEAR, *_keys(found))


def _keys(found: Iterable[Overdue]) -> tuple[list[str], list[str], list[datetime]]:
    ordered = list(found)
    return (
        [each.subject for each in ordered],
        [each.step for each in ordered],
        [each.due_at for each in ordered],
    )


async def add(
    db: Connection, message: UUID, raised: Raised, *, webhook_told: bool, mail_told: bool
) -> None:
    """Keep a message; a channel that is not there counts as told."""
    body = {"lines": list(raised.lines)}
    await db.execute(
        RAISE, message, raised.kind.value, raised.summary, body, webhook_told, mail_told
    )


async def claim(db: Connection) -> list[Message]:
    """Take the messages that wait to be told; each comes again later if nobody says it was."""
    return [
        Message(
            row["message"], row["kind"], row["raised_at"], row["summary"],
            tuple(row["body"]["lines"]), row["webhook_told"], row["mail_told"],
        )
        for row in await db.fetch(CLAIM)
    ]  # fmt: skip


async def told(
    db: Connection, message: UUID, *, webhook: bool, mail: bool, error: str | None
) -> None:
    """Note which channels have taken a message."""
    await db.execute(TOLD, message, webhook, mail, error)


async def begin(
    db: Connection, run: UUID, host: str, pid: int, channels: Sequence[str]
) -> datetime | None:
    """Begin a run; answers when any earlier one was last seen."""
    seen: datetime | None = await db.fetchval(LAST_SEEN)
    await db.execute(BEGIN, run, host, pid, list(channels))
    return seen


async def beat(db: Connection, run: UUID) -> None:
    """Leave the heartbeat."""
    await db.execute(BEAT, run)


async def standing(db: Connection, most: int) -> dict[str, Any]:
    """The latest run, what is open and what could not be told."""
    counts = await db.fetchrow(COUNTS)
    return {
        "run": await db.fetchrow(LATEST),
        "open": await db.fetch(OPEN, most),
        **dict(counts or {}),
    }
