"""Keeps alerts: which escalation step tells whom, whose turn it is, and who answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from services.kit.database import Connection
from services.notification.domain.alert import Content, Kind
from services.notification.domain.turns import Turn

_ALERT = """
alert, dedup_key, clock, case_id, due_epoch, step, kind, state, content, chain, position,
raised_at, exhausted_at, acknowledged_by, acknowledged_at, resolved_at, because
"""
RAISE = """
INSERT INTO alert (alert, dedup_key, clock, case_id, due_epoch, step, kind, state, content, chain,
    raised_at, exhausted_at, resolved_at, because)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[],
    $7::text[], $8::text[], $9::jsonb[], $10::jsonb[], $11::timestamptz[], $12::timestamptz[],
    $13::timestamptz[], $14::text[])
ON CONFLICT DO NOTHING RETURNING alert
"""
LOCK = f"SELECT {_ALERT} FROM alert WHERE alert = ANY($1) ORDER BY alert FOR UPDATE"
OPEN_OF_CLOCKS = f"""
SELECT {_ALERT} FROM alert WHERE clock = ANY($1) AND resolved_at IS NULL ORDER BY alert FOR UPDATE
"""
HOLD = """
SELECT alert, resolved_at IS NOT NULL AS over FROM alert WHERE alert = ANY($1)
ORDER BY alert FOR UPDATE
"""
EARLIER_OF_CLOCKS = f"""
SELECT {_ALERT} FROM alert
WHERE clock = ANY($1::text[]) AND resolved_at IS NULL AND raised_at < (
    SELECT max(told.raised_at) FROM unnest($1::text[], $2::timestamptz[]) AS told(clock, raised_at)
    WHERE told.clock = alert.clock)
ORDER BY alert FOR UPDATE
"""
"""By its index, however few alerts there were when PostgreSQL planned it."""
SHOW = f"SELECT {_ALERT} FROM alert WHERE alert = $1"
PAGE = f"""
SELECT {_ALERT} FROM alert
WHERE (($1::text IS NULL AND case_id NOT LIKE 'DRILL-%') OR case_id = $1)
    AND ($2::text IS NULL OR state = $2)
    AND ($3::timestamptz IS NULL OR (raised_at, alert) > ($3, $4))
ORDER BY raised_at, alert LIMIT $5
"""
MOVE_ON = "UPDATE alert SET position = $2 WHERE alert = $1"
EXHAUST = """
UPDATE alert SET state = 'exhausted', exhausted_at = $2, because = $3 WHERE alert = $1
"""
ACKNOWLEDGE = """
UPDATE alert SET state = 'acknowledged', acknowledged_by = $2, acknowledged_at = $3
WHERE alert = $1
"""
RESOLVE = """
UPDATE alert SET state = 'resolved', resolved_at = $2, because = $3 WHERE alert = ANY($1)
"""
CANCEL = """
UPDATE delivery SET state = 'cancelled' WHERE alert = ANY($1) AND state = 'queued'
    AND purpose <> 'resolved'
"""
SILENT = """
SELECT alert FROM alert a WHERE state = 'open'
    AND NOT EXISTS (SELECT FROM delivery d WHERE d.alert = a.alert) ORDER BY alert
"""
ORPHANS = """
SELECT alert FROM alert a JOIN clock c USING (clock)
WHERE a.resolved_at IS NULL AND NOT c.live ORDER BY alert
"""
USE_LINK = """
INSERT INTO used_link (fingerprint, alert, used_at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING fingerprint
"""
LINK_USED = "SELECT used_at FROM used_link WHERE fingerprint = $1"


@dataclass(frozen=True, slots=True)
class Alert:
    """One escalation step of one clock, told or to be told."""

    alert: str
    dedup_key: str
    clock: str
    case: str
    due_epoch: int
    step: str
    kind: Kind
    state: str
    content: Content
    chain: tuple[Turn, ...]
    raised_at: datetime
    position: int = 0
    exhausted_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    because: str | None = None


async def raise_new(db: Connection, alerts: Sequence[Alert]) -> set[str]:
    """Save alerts and return those that did not exist: a replay raises none."""
    if not alerts:
        return set()
    rows = await db.fetch(
        RAISE,
        [each.alert for each in alerts],
        [each.dedup_key for each in alerts],
        [each.clock for each in alerts],
        [each.case for each in alerts],
        [each.due_epoch for each in alerts],
        [each.step for each in alerts],
        [each.kind.value for each in alerts],
        [each.state for each in alerts],
        [each.content.model_dump(mode="json") for each in alerts],
        [{"turns": [turn.model_dump(mode="json") for turn in each.chain]} for each in alerts],
        [each.raised_at for each in alerts],
        [each.exhausted_at for each in alerts],
        [each.resolved_at for each in alerts],
        [each.because for each in alerts],
    )
    return {row["alert"] for row in rows}


async def lock(db: Connection, alerts: Iterable[str]) -> dict[str, Alert]:
    """Alerts by id, held until commit."""
    rows = await db.fetch(LOCK, sorted(set(alerts)))
    return {row["alert"]: _alert(row) for row in rows}


async def open_of_clocks(db: Connection, clocks: Iterable[str]) -> list[Alert]:
    """The unresolved alerts of these clocks, held until commit."""
    return [_alert(row) for row in await db.fetch(OPEN_OF_CLOCKS, sorted(set(clocks)))]


async def hold(db: Connection, alerts: Iterable[str]) -> set[str]:
    """Hold alerts until commit, and return those that are resolved."""
    return {row["alert"] for row in await db.fetch(HOLD, sorted(set(alerts))) if row["over"]}


async def earlier_of_clocks(
    db: Connection, clocks: Sequence[str], raised_at: Sequence[datetime]
) -> list[Alert]:
    """The unresolved alerts that were raised before these instants of their clocks, held."""
    rows = await db.fetch(EARLIER_OF_CLOCKS, list(clocks), list(raised_at))
    return [_alert(row) for row in rows]


async def show(db: Connection, alert: str) -> Alert | None:
    """One alert."""
    row = await db.fetchrow(SHOW, alert)
    return _alert(row) if row is not None else None


async def page(
    db: Connection,
    case: str | None,
    state: str | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[Alert]:
    """Alerts in the order in which they were raised."""
    at, name = after or (None, None)
    return [_alert(row) for row in await db.fetch(PAGE, case, state, at, name, limit)]


async def move_on(db: Connection, alert: str, position: int) -> None:
    """Make it the turn of the next person."""
    await db.execute(MOVE_ON, alert, position)


async def exhaust(db: Connection, alert: str, at: datetime, because: str) -> None:
    """Nobody is left to try."""
    await db.execute(EXHAUST, alert, at, because)


async def acknowledge(db: Connection, alert: str, person: str, at: datetime) -> None:
    """A person answered; what is still queued is not sent."""
    await db.execute(ACKNOWLEDGE, alert, person, at)
    await db.execute(CANCEL, [alert])


async def resolve(db: Connection, alerts: Sequence[str], at: datetime, because: str) -> None:
    """Nobody needs to be told any more; what is still queued is not sent."""
    await db.execute(RESOLVE, list(alerts), at, because)
    await db.execute(CANCEL, list(alerts))


async def silent(db: Connection) -> list[str]:
    """Open alerts without any message: there must be none."""
    return [row["alert"] for row in await db.fetch(SILENT)]


async def orphans(db: Connection) -> list[str]:
    """Unresolved alerts of clocks that ended: there must be none."""
    return [row["alert"] for row in await db.fetch(ORPHANS)]


async def use_link(db: Connection, fingerprint: bytes, alert: str, at: datetime) -> bool:
    """Use up a link; false where it was used before."""
    return await db.fetchval(USE_LINK, fingerprint, alert, at) is not None


async def link_used(db: Connection, fingerprint: bytes) -> datetime | None:
    """When a link was used, or None."""
    found: datetime | None = await db.fetchval(LINK_USED, fingerprint)
    return found


def chain_of(raw: Any) -> tuple[Turn, ...]:
    """The turns as they were kept."""
    return tuple(Turn.model_validate(each) for each in raw["turns"])


def _alert(row: asyncpg.Record) -> Alert:
    values = dict(row)
    values["case"] = values.pop("case_id")
    values["kind"] = Kind(values["kind"])
    values["content"] = Content.model_validate(values["content"])
    values["chain"] = chain_of(values["chain"])
    return Alert(**values)
