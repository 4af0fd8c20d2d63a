"""The timeline's rows: one an event of the fleet, written once."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import orjson

from services.kit.database import Connection

APPEND = """
INSERT INTO timeline (source, id, type, time, topic, key, revision, case_id, causation, actor,
    summary, links)
SELECT source, id, type, time, topic, key, revision, case_id, causation, actor, summary,
    array(SELECT jsonb_array_elements_text(links::jsonb))
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[],
    $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[]) AS u(source, id,
    type, time, topic, key, revision, case_id, causation, actor, summary, links)
ON CONFLICT (id, source) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as the timeline shows it; `links` is a JSON list of what it speaks of."""

    source: str
    id: UUID
    type: str
    time: datetime
    topic: str
    key: str
    revision: int
    case: str | None
    causation: str | None
    actor: str | None
    summary: str
    links: str


_columns_of = attrgetter(*(field.name for field in fields(Entry)))


def links(names: Sequence[str]) -> str:
    """Write links as an entry holds them: PostgreSQL takes no arrays of unlike lengths."""
    return orjson.dumps(list(names)).decode()


async def append(db: Connection, entries: Sequence[Entry]) -> None:
    """Add entries; one that is there stays as it is."""
    if entries:
        rows = [_columns_of(each) for each in entries]
        await db.execute(APPEND, *(list(column) for column in zip(*rows, strict=True)))
