"""A batch of SBOMs is stored together: each compared in turn, and only what changed is written."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from schemas.sboms import SbomRegistered
from services.kit.settings import Settings
from services.kit.unit import Unit, Units
from services.sbom_matcher.handlers import on_sboms
from services.sbom_matcher.store import contents
from tests.component.sbom_matcher.conftest import opened, received
from tests.component.sbom_matcher.facts import npm, sbom

HELD = """
SELECT c.name || '@' || c.version AS shown FROM inventory i JOIN component c ON c.id = i.component
WHERE i.product = $1 AND NOT i.own ORDER BY 1
"""
ROWS = """
SELECT c.name, i.xmin::text AS writer, c.id,
    (SELECT count(*) FROM handle h WHERE h.component = c.id) AS handles
FROM inventory i JOIN component c ON c.id = i.component WHERE i.product = $1 AND NOT i.own
"""


@pytest.fixture
async def units(settings: Settings) -> AsyncIterator[Units]:
    async with opened(settings) as units:
        yield units


async def _statements(units: Units, *registered: SbomRegistered) -> int:
    """Handle them in one batch; count the statements that this takes."""
    seen: list[Any] = []
    async with units.begin() as unit:
        unit.db.add_query_logger(seen.append)
        try:
            await on_sboms(received(*registered), unit)
        finally:
            unit.db.remove_query_logger(seen.append)
    return len(seen)


async def _held(unit: Unit, product: str) -> list[str]:
    return [row["shown"] for row in await unit.db.fetch(HELD, product)]


async def test_many_sboms_in_a_batch_take_as_many_statements_as_one(units: Units) -> None:
    await _statements(units, sbom("warm-up", "1", npm("a", "1.0.0")))
    one = await _statements(units, sbom("single", "1", npm("one", "1.0.0")))
    many = [sbom(f"many-{n}", "1", npm(f"of-many-{n}", "1.0.0")) for n in range(30)]
    assert await _statements(units, *many) == one


async def test_two_sboms_of_one_version_are_compared_in_turn_and_the_last_one_holds(
    units: Units,
) -> None:
    first = sbom("twice", "1", npm("left", "1.0.0"), npm("kept", "1.0.0"))
    second = sbom("twice", "1", npm("kept", "1.0.0"), npm("come", "2.0.0"))
    async with units.begin() as unit:
        before_first, before_second = await contents.save(unit.db, [(first, 1), (second, 2)])
        assert before_first == contents.Comparison(None, frozenset(), 0)
        assert before_second is not None
        assert before_second.before == first.sbom
        assert before_second.contents == {"left@1.0.0", "kept@1.0.0"}
        assert await _held(unit, "twice") == ["come@2.0.0", "kept@1.0.0"]


async def test_an_older_sbom_changes_nothing_in_a_batch_nor_after_it(units: Units) -> None:
    newer, older = sbom("late", "1", npm("new", "1.0.0")), sbom("late", "1", npm("old", "1.0.0"))
    async with units.begin() as unit:
        _, ignored = await contents.save(unit.db, [(newer, 8), (older, 7)])
        assert ignored is None
        assert await contents.save(unit.db, [(older, 7)]) == [None]
        assert await _held(unit, "late") == ["new@1.0.0"]


async def test_a_new_build_writes_only_the_components_that_changed(units: Units) -> None:
    same = [npm(f"same-{n}", "1.0.0") for n in range(3)]
    await _statements(units, sbom("rebuilt", "1", *same, npm("old", "1.0.0")))
    before = {row["name"]: row for row in await units.pool.fetch(ROWS, "rebuilt")}
    await _statements(units, sbom("rebuilt", "1", *same, npm("new", "1.0.0")))
    after = {row["name"]: row for row in await units.pool.fetch(ROWS, "rebuilt")}
    assert after.keys() == {"same-0", "same-1", "same-2", "new"}
    assert all(after[each.name] == before[each.name] for each in same)
    assert after["new"]["handles"] == 1


async def test_components_that_nothing_can_meet_are_counted_again_when_they_are_known(
    units: Units,
) -> None:
    for number in (1, 2):
        async with units.begin() as unit:
            nameless = npm("n", "1.0.0").model_copy(update={"purl": None, "name": "nobody"})
            registered = sbom("unmet", str(number), npm("met", "1.0.0"), nameless)
            [compared] = await contents.save(unit.db, [(registered, number)])
        assert compared is not None
        assert compared.unmatchable == 1
