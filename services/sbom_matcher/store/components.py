"""Stores components once, shared by all products that contain them, with what they are met by."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from schemas.sboms import Component
from services.kit.database import Connection
from services.sbom_matcher.domain import handles
from services.sbom_matcher.domain.handles import Handle

INTERNED = """
SELECT id, identity, EXISTS (SELECT FROM handle h WHERE h.component = c.id) AS met
FROM component c WHERE identity = ANY($1)
"""
INTERN = """
INSERT INTO component (identity, place, name, version, purl, unreadable)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[])
ON CONFLICT (identity) DO NOTHING RETURNING id, identity
"""
_OF_HANDLE = ("component", "ident", "vkey", "reason", "traits")

_AT_ONCE = 100
"""Components keyed without a pause: an SBOM of thousands must not hold the loop."""
_PORTION = 1000
"""Components that PostgreSQL writes while the next ones are keyed."""

_Source = TypeVar("_Source")


@dataclass(frozen=True, slots=True)
class Item:
    """A component or product version as it is kept."""

    place: str
    name: str
    version: str | None
    purl: str | None
    unreadable: bool
    handles: tuple[Handle, ...]


@dataclass(frozen=True, slots=True)
class Interned:
    """A kept component's row, and whether anything can meet it."""

    id: int
    met: bool


def keyed(identity: UUID, component: Component) -> Item:
    """Give an SBOM's component its keys."""
    found = handles.of_component(component)
    return Item(
        identity.hex, component.name, component.version, component.purl,
        handles.unreadable(component, found), found,
    )  # fmt: skip


async def intern(
    db: Connection, sources: Mapping[UUID, _Source], keyed: Callable[[UUID, _Source], Item]
) -> dict[UUID, Interned]:
    """Give everything its row, made once and shared by all that contain it.

    What has a row already is not keyed again: a new build's SBOM costs what is new in it. Many are
    written in portions, each while the next one is keyed.
    """
    known = await _held(db, list(sources))
    lacking = sorted(sources.keys() - known.keys(), key=_order)  # so nobody deadlocks
    made: dict[UUID, Interned] = {}
    writing = asyncio.create_task(_written(db, {}))
    try:
        for first in range(0, len(lacking), _PORTION):
            items: dict[UUID, Item] = {}
            for number, identity in enumerate(lacking[first : first + _PORTION], start=1):
                items[identity] = keyed(identity, sources[identity])
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)
            made |= await writing
            writing = asyncio.create_task(_written(db, items))
        made |= await writing
    finally:
        await _ended(writing)
    known |= made
    if len(made) < len(lacking):  # another transaction made some of them meanwhile
        known |= await _held(db, [each for each in lacking if each not in made])
    return known


async def _ended(writing: asyncio.Task[dict[UUID, Interned]]) -> None:
    """Leave no statement behind on a connection that somebody else will use."""
    writing.cancel()
    await asyncio.wait([writing])


async def _written(db: Connection, items: Mapping[UUID, Item]) -> dict[UUID, Interned]:
    """Write what nobody had, with its handles; the answer lacks what somebody made meanwhile."""
    if not items:
        return {}
    rows = await db.fetch(
        INTERN,
        list(items),
        [item.place for item in items.values()],
        [item.name for item in items.values()],
        [item.version for item in items.values()],
        [item.purl for item in items.values()],
        [item.unreadable for item in items.values()],
    )
    new = [(number, identity, items[identity].handles) for number, identity in rows]
    await db.copy_records_to_table(
        "handle",
        columns=_OF_HANDLE,
        records=[
            (number, handle.ident, handle.key, handle.reason, handle.traits)
            for number, _, found in new
            for handle in found
        ],
    )
    return {identity: Interned(number, bool(found)) for number, identity, found in new}


async def _held(db: Connection, identities: Sequence[UUID]) -> dict[UUID, Interned]:
    rows = await db.fetch(INTERNED, identities)
    return {row["identity"]: Interned(row["id"], row["met"]) for row in rows}


def _order(identity: UUID) -> int:
    return identity.int


def columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    """Turn rows into the columns that `unnest` takes."""
    return [[row[column] for row in rows] for column in range(width)]
