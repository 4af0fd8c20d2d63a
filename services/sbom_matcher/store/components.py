"""Stores components once, shared by all products that contain them, with what they are met by."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from schemas.sboms import Component
from services.kit.database import Connection
from services.sbom_matcher.domain import handles, identity
from services.sbom_matcher.domain.handles import Handle

INTERN = """
INSERT INTO component (identity, place, name, version, purl, unreadable)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[])
ON CONFLICT (identity) DO NOTHING RETURNING id, identity
"""
INTERNED = "SELECT id, identity FROM component WHERE identity = ANY($1)"
HANDLES = """
INSERT INTO handle (component, ident, vkey, reason, traits)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::text[], $5::text[])
"""


_AT_ONCE = 200
"""Components keyed without a pause: an SBOM of thousands must not hold the loop."""


@dataclass(frozen=True, slots=True)
class Item:
    """A component or product version as it is kept."""

    identity: UUID
    place: str
    name: str
    version: str | None
    purl: str | None
    unreadable: bool
    handles: tuple[Handle, ...]


async def read(components: Sequence[Component]) -> dict[UUID, Item]:
    """Key components by what they are; an SBOM that names one twice has it once."""
    found: dict[UUID, Item] = {}
    for number, component in enumerate(components, start=1):
        item = _item(component)
        found[item.identity] = item
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return found


def _item(component: Component) -> Item:
    known, found = identity.of_component(component), handles.of_component(component)
    return Item(
        known, known.hex, component.name, component.version, component.purl,
        handles.unreadable(component, found), found,
    )  # fmt: skip


async def intern(db: Connection, items: Iterable[Item]) -> dict[UUID, int]:
    """Give every item its row, made once and shared by all that contain it."""
    ordered = sorted(items, key=lambda item: item.identity)  # one order, so nobody deadlocks
    made = await db.fetch(
        INTERN,
        [item.identity for item in ordered],
        [item.place for item in ordered],
        [item.name for item in ordered],
        [item.version for item in ordered],
        [item.purl for item in ordered],
        [item.unreadable for item in ordered],
    )
    new = {row["identity"]: row["id"] for row in made}
    rows = [
        (new[item.identity], handle.ident, handle.key, handle.reason, handle.traits)
        for item in ordered
        if item.identity in new
        for handle in item.handles
    ]
    await db.execute(HANDLES, *columns(rows, 5))
    others = [item.identity for item in ordered if item.identity not in new]
    held = await db.fetch(INTERNED, others) if others else []
    return new | {row["identity"]: row["id"] for row in held}


def columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    """Turn rows into the columns that `unnest` takes."""
    return [[row[column] for row in rows] for column in range(width)]
