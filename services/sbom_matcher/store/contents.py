"""Stores what SBOMs say product versions contain: a batch of SBOMs in a fixed few statements."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from schemas.sboms import Component, SbomRegistered
from services.kit.database import Connection
from services.sbom_matcher.domain import identity, marks
from services.sbom_matcher.store import components, stock, support
from services.sbom_matcher.store.components import Interned

BEFORE = """
SELECT s.product, s.version, s.hardware, s.revision, s.sbom
FROM sbom s JOIN unnest($1::text[], $2::text[], $3::text[]) AS w(product, version, hardware)
    USING (product, version, hardware)
"""
CONTENTS = """
SELECT i.product, i.version, i.hardware, c.id,
    c.name || coalesce('@' || c.version, '') AS shown, i.since
FROM unnest($1::text[], $2::text[], $3::text[]) AS w(product, version, hardware)
JOIN inventory i USING (product, version, hardware)
JOIN component c ON c.id = i.component WHERE NOT i.own
"""
SAVE = """
INSERT INTO sbom AS held
    (product, version, hardware, revision, sbom, digest, matchable, unmatchable, registered_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[],
    $7::int[], $8::int[], $9::timestamptz[])
ON CONFLICT (product, version, hardware) DO UPDATE SET revision = excluded.revision,
    sbom = excluded.sbom, digest = excluded.digest, matchable = excluded.matchable,
    unmatchable = excluded.unmatchable, registered_at = excluded.registered_at
"""
DROP = """
DELETE FROM inventory i
USING unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
    AS gone(product, version, hardware, component)
WHERE (i.product, i.version, i.hardware, i.component)
    = (gone.product, gone.version, gone.hardware, gone.component)
"""
DROP_FILES = """
DELETE FROM file_hash f
USING unnest($1::text[], $2::text[], $3::text[]) AS w(product, version, hardware)
WHERE (f.product, f.version, f.hardware) = (w.product, w.version, w.hardware)
"""
_OF_FILES = ("product", "version", "hardware", "component", "ident")
_OF_INVENTORY = ("product", "version", "hardware", "component", "own", "since")

_AT_ONCE = 20_000
"""Components of a batch that are in hand at once: memory stays bounded whatever a batch holds."""

_PAUSE = 500
"""Components identified without a pause: an SBOM of thousands must not hold the loop."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a version's SBOM held before, by name and version; `before` is None for the first.

    `unmatchable` counts the components of the new one that nothing can meet.
    """

    before: str | None
    contents: frozenset[str]
    unmatchable: int


class Where(NamedTuple):
    """What an SBOM is of; `hardware` is empty where it holds for any."""

    product: str
    version: str
    hardware: str


@dataclass(slots=True)
class _Held:
    """What is known of one place: the newest SBOM and, as stored, the rows of its components.

    `since` is when an SBOM first listed each name and version that is stored.
    """

    revision: int = -1
    sbom: str | None = None
    shown: frozenset[str] = frozenset()
    rows: set[int] = field(default_factory=set)
    since: dict[str, datetime] = field(default_factory=dict)


class _Newer(NamedTuple):
    """An SBOM that replaces the one before, with its components by what they are.

    `files` are the keys of its components' hashes: builds of one component differ in them.
    """

    place: Where
    sbom: SbomRegistered
    revision: int
    parts: dict[UUID, Component]
    files: set[tuple[UUID, str]]

    def counted(self, kept: dict[UUID, Interned]) -> tuple[int, int]:
        """Count the components that something can meet, and those that nothing can."""
        met = sum(kept[each].met for each in self.parts)
        return met, len(self.parts) - met


async def save(
    db: Connection, registered: Sequence[tuple[SbomRegistered, int]]
) -> list[Comparison | None]:
    """Replace what product versions contain, by SBOMs (with revision) in their order.

    Gives for each how it differs from the one before; None where a newer one is held already. The
    caller holds the lock of the products.
    """
    compared: list[Comparison | None] = []
    for portion in _portions(registered):
        compared += await _save(db, portion)
    return compared


def _portions(
    registered: Sequence[tuple[SbomRegistered, int]],
) -> Iterator[list[tuple[SbomRegistered, int]]]:
    portion: list[tuple[SbomRegistered, int]] = []
    size = 0
    for each in registered:
        if portion and size + len(each[0].components) > _AT_ONCE:
            yield portion
            portion, size = [], 0
        portion.append(each)
        size += len(each[0].components)
    if portion:
        yield portion


async def _save(
    db: Connection, registered: Sequence[tuple[SbomRegistered, int]]
) -> list[Comparison | None]:
    held = await _load(db, {_where(sbom) for sbom, _ in registered})
    newer = [await _newer(held, sbom, revision) for sbom, revision in registered]
    accepted = [each for each, _ in newer if each]
    if not accepted:
        return [None] * len(newer)
    every: dict[UUID, Component] = {}
    for each in accepted:
        every |= each.parts
    kept = await components.intern(db, every, components.keyed)
    counts = {id(each): each.counted(kept) for each in accepted}
    last = {each.place: each for each in accepted}
    await _keep(db, held, [(each, counts[id(each)]) for each in last.values()], kept)
    await support.save(db, [each.sbom for each in last.values()])
    await stock.list_unlisted(db, {(each.product, each.version) for each in last})
    return [
        Comparison(before.sbom, before.shown, counts[id(one)][1]) if one else None
        for one, before in newer
    ]


async def _load(db: Connection, places: set[Where]) -> dict[Where, _Held]:
    """Load what is held of these places, each of which gets an entry."""
    wanted = components.columns(sorted(places), 3)
    held = {each: _Held() for each in places}
    for row in await db.fetch(BEFORE, *wanted):
        place = held[Where(row["product"], row["version"], row["hardware"])]
        place.revision, place.sbom = row["revision"], row["sbom"]
    shown: dict[Where, set[str]] = {}
    for product, version, hardware, number, text, since in await db.fetch(CONTENTS, *wanted):
        where = Where(product, version, hardware)
        held[where].rows.add(number)
        known = held[where].since
        known[text] = min(since, known.get(text, since))
        shown.setdefault(where, set()).add(text)
    for where, texts in shown.items():
        held[where].shown = frozenset(texts)
    return held


async def _newer(
    held: dict[Where, _Held], sbom: SbomRegistered, revision: int
) -> tuple[_Newer | None, _Held]:
    """Let an SBOM take its place, where it is newer; give what lay there before."""
    where = _where(sbom)
    before = held[where]
    if revision <= before.revision:
        return None, before
    contents = frozenset(map(shown, sbom.components))
    held[where] = _Held(revision, sbom.sbom, contents, before.rows, before.since)
    parts: dict[UUID, Component] = {}
    files: set[tuple[UUID, str]] = set()
    for number, each in enumerate(sbom.components, start=1):
        known = identity.of_component(each)
        parts[known] = each
        files.update((known, ident) for ident in marks.of_files(each.hashes))
        if number % _PAUSE == 0:
            await asyncio.sleep(0)
    return _Newer(where, sbom, revision, parts, files), before


async def _keep(
    db: Connection,
    held: dict[Where, _Held],
    counted: list[tuple[_Newer, tuple[int, int]]],
    kept: dict[UUID, Interned],
) -> None:
    """Write the newest SBOM of each place, and of its components only what changed.

    Each comes with its numbers of components that can be met, and that cannot.
    """
    newest = [each for each, _ in counted]
    await db.execute(
        SAVE,
        *components.columns([each.place for each in newest], 3),
        [each.revision for each in newest],
        [each.sbom.sbom for each in newest],
        [each.sbom.digest for each in newest],
        [met for _, (met, _) in counted],
        [unmatchable for _, (_, unmatchable) in counted],
        [each.sbom.registered_at for each in newest],
    )
    gone: list[tuple[object, ...]] = []
    come: list[tuple[object, ...]] = []
    for each in newest:
        before = held[each.place].rows
        now = {kept[known].id: part for known, part in each.parts.items()}
        gone += [(*each.place, number) for number in sorted(before - now.keys())]
        # Other identifiers under the same name and version are no new version of the component.
        since, new = held[each.place].since, each.sbom.registered_at
        come += [
            (*each.place, number, False, since.get(shown(now[number]), new))
            for number in sorted(now.keys() - before)
        ]
    if gone:
        await db.execute(DROP, *components.columns(gone, 4))
    if come:
        await db.copy_records_to_table("inventory", columns=_OF_INVENTORY, records=come)
    await db.execute(DROP_FILES, *components.columns([each.place for each in newest], 3))
    files = [(*each.place, kept[part].id, ident) for each in newest for part, ident in each.files]
    if files:
        await db.copy_records_to_table("file_hash", columns=_OF_FILES, records=files)


def shown(component: Component) -> str:
    """Write a component as people compare SBOMs: name and version."""
    return component.name if component.version is None else f"{component.name}@{component.version}"


def _where(sbom: SbomRegistered) -> Where:
    return Where(sbom.product, sbom.version, sbom.hardware)
