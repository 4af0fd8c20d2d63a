"""What cannot be stored is refused by name, alone; everything else is stored."""

import random

import pytest

from services.kit.records import Faulty
from services.kit.settings import Settings
from services.sbom_matcher.handlers import on_advisories, on_sboms
from services.sbom_matcher.matcher import Matcher
from tests.component.sbom_matcher.conftest import opened, received
from tests.component.sbom_matcher.facts import advisory, npm, on_npm, sbom

LONG = random.Random(1).randbytes(6_000).hex()  # compression must not save it


async def test_an_alias_that_no_index_can_hold_is_refused_with_its_mend(settings: Settings) -> None:
    batch = received(advisory("osv/long", "V-long", on_npm("a"), aliases=(LONG,)))
    async with opened(settings) as units:
        with pytest.raises(Faulty, match="too long") as refused:
            async with units.begin() as unit:
                await on_advisories(batch, unit)
    assert "shorten" in (refused.value.mend or "")


async def test_a_nul_character_is_refused(settings: Settings) -> None:
    batch = received(sbom("pump-nul", "1", npm("a", "1.0").model_copy(update={"name": "a\0b"})))
    async with opened(settings) as units:
        with pytest.raises(Faulty, match="NUL"):
            async with units.begin() as unit:
                await on_sboms(batch, unit)


async def test_odd_texts_are_kept_and_matched_as_unknown(settings: Settings) -> None:
    odd = npm("odd", "1.0").model_copy(
        update={"version": "x" * 1_000_000, "purl": "pkg:npm/odd", "cpe": "cpe:2.3:" + "a:" * 5_000}
    )
    async with opened(settings) as units:
        async with units.begin() as unit:
            await on_sboms(received(sbom("pump-odd", "1", odd, odd, npm("odd", ""))), unit)
        async with units.begin() as unit:
            await on_advisories(received(advisory("osv/odd", "V-odd", on_npm("odd"))), unit)
        await Matcher(units).drain()
        rows = await units.pool.fetch("SELECT verdict FROM finding WHERE product = 'pump-odd'")
        waiting = await units.pool.fetchval("SELECT count(*) FROM pending_match")
    assert {row["verdict"] for row in rows} == {"affected"}
    assert waiting == 0
