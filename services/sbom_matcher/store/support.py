"""Stores what SBOMs state of their components' support, for each place that an SBOM describes."""

from collections.abc import Iterable, Sequence
from datetime import date

from schemas.sboms import Component, SbomRegistered
from services.kit.database import Connection
from services.sbom_matcher.domain import identity
from services.sbom_matcher.domain.matching import Place
from services.sbom_matcher.domain.support import Stated

FORGET = """
DELETE FROM stated_support s
USING unnest($1::text[], $2::text[], $3::text[]) AS w(product, version, hardware)
WHERE (s.product, s.version, s.hardware) = (w.product, w.version, w.hardware)
"""
SAVE = """
INSERT INTO stated_support (product, version, hardware, component, level, ends_on)
SELECT w.product, w.version, w.hardware, c.id, w.level, w.ends_on
FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::date[])
    AS w(product, version, hardware, identity, level, ends_on)
JOIN component c USING (identity)
"""
_STATED = """
SELECT s.product, s.version, s.hardware, c.place AS component, s.level, s.ends_on
FROM {wanted}
WHERE NOT EXISTS (SELECT FROM product p WHERE p.product = s.product AND p.retired)
"""
OF_VERSIONS = _STATED.format(
    wanted="""unnest($1::text[], $2::text[]) AS w(product, version)
JOIN stated_support s USING (product, version) JOIN component c ON c.id = s.component"""
)
OF_PLACES = _STATED.format(
    wanted="""unnest($1::text[], $2::text[], $3::text[], $4::uuid[])
    AS w(product, version, hardware, identity)
JOIN component c USING (identity)
JOIN stated_support s ON (s.product, s.version, s.hardware, s.component)
    = (w.product, w.version, w.hardware, c.id)"""
)


async def save(db: Connection, sboms: Sequence[SbomRegistered]) -> None:
    """Replace what is stated, by the newest SBOM of each place; its components have their rows.

    Of a component that an SBOM names twice, the support that ends first counts.
    """
    places = [(each.product, each.version, each.hardware) for each in sboms]
    await db.execute(FORGET, *map(list, zip(*places, strict=True)))
    rows = {
        (*place, identity.of_component(part)): (part.support_level, part.support_ends_on)
        for place, sbom in zip(places, sboms, strict=True)
        for part in sorted(filter(_states, sbom.components), key=_ends, reverse=True)
    }
    if rows:
        stated = [(*where, *said) for where, said in rows.items()]
        await db.execute(SAVE, *map(list, zip(*stated, strict=True)))


def _states(part: Component) -> bool:
    return part.support_level is not None or part.support_ends_on is not None


def _ends(part: Component) -> date:
    return part.support_ends_on or date.max


async def of_versions(db: Connection, versions: Sequence[tuple[str, str]]) -> list[Stated]:
    """Load what is stated of the components of product versions that are watched."""
    rows = await db.fetch(OF_VERSIONS, [p for p, _ in versions], [v for _, v in versions])
    return [Stated(**row) for row in rows]


async def of_places(db: Connection, places: Iterable[Place]) -> list[Stated]:
    """Load what is stated of the components in which findings are."""
    wanted = {
        (each.product, each.version, each.hardware, each.component)
        for each in places
        if each.component
    }
    if not wanted:
        return []
    rows = await db.fetch(OF_PLACES, *map(list, zip(*sorted(wanted), strict=True)))
    return [Stated(**row) for row in rows]
