"""Advisories, SBOMs and products handled at the same instant never miss each other."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

import pytest

from schemas.advisories import AdvisoryPublished, AdvisoryWithdrawn, Range
from schemas.event import Event
from services.kit.records import Batch
from services.kit.settings import Settings
from services.kit.unit import Units
from services.sbom_matcher.handlers import on_advisories, on_products, on_sboms
from services.sbom_matcher.matcher import Matcher
from services.sbom_matcher.reconcile import reconcile
from tests.component.sbom_matcher.conftest import opened, received
from tests.component.sbom_matcher.facts import advisory, npm, on_npm, product, sbom

PRODUCTS, PACKAGES, IDENTIFIERS = 12, 25, 60
EVENTS = 5_000


def _sbom(chance: random.Random) -> Event:
    parts = chance.sample(range(PACKAGES), 6)
    version = f"{chance.randrange(3)}.{chance.randrange(3)}.0"
    return sbom(
        f"pump-{chance.randrange(PRODUCTS)}", chance.choice(("1", "2")),
        *(npm(f"part-{each}", version) for each in parts),
    )  # fmt: skip


def _advisory(chance: random.Random) -> Event:
    number = chance.randrange(IDENTIFIERS)
    claim = on_npm(
        f"part-{chance.randrange(PACKAGES)}",
        Range(introduced=chance.choice((None, "1.0.0")), fixed=f"{chance.randrange(1, 4)}.0.0"),
    )
    alias = (f"V-{chance.randrange(IDENTIFIERS)}",) if chance.random() < 0.2 else ()
    return advisory(f"osv/{number}", f"V-{number}", claim, aliases=alias)


def _story(chance: random.Random) -> list[Event]:
    events: list[Event] = [product(f"pump-{n}", "1", "2") for n in range(PRODUCTS)]
    for _ in range(EVENTS):
        kind = chance.random()
        if kind < 0.45:
            events.append(_advisory(chance))
        elif kind < 0.9:
            events.append(_sbom(chance))
        elif kind < 0.95:
            events.append(product(f"pump-{chance.randrange(PRODUCTS)}", "1", "2", "3"))
        else:
            number = chance.randrange(IDENTIFIERS)
            events.append(
                AdvisoryWithdrawn(
                    advisory=f"osv/{number}", vulnerabilities=(f"V-{number}",),
                    withdrawn_at=datetime.now(UTC),
                )
            )  # fmt: skip
    return events


def _batches(story: Sequence[Event]) -> list[Batch]:
    """Put what follows each other on one topic into one batch, as consumers are given it."""
    return [received(*together) for _, together in groupby(story, key=lambda each: each.TOPIC)]


async def _handle(units: Units, batch: Batch) -> None:
    """Handle one batch as a consumer would, in a transaction of its own."""
    async with units.begin() as unit:
        if isinstance(batch[0].event, AdvisoryPublished | AdvisoryWithdrawn):
            await on_advisories(batch, unit)
        elif batch[0].event.TOPIC == "sboms":
            await on_sboms(batch, unit)
        else:
            await on_products(batch, unit)


async def _work(units: Units, mine: Sequence[Batch]) -> None:
    for each in mine:
        await _handle(units, each)


@pytest.mark.slow
async def test_thousands_of_raced_joins_leave_nothing_to_reconcile(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    events = _batches(_story(random.Random(20260911)))
    async with opened(settings) as units:
        matchers = [asyncio.create_task(Matcher(units).run()) for _ in range(2)]
        try:
            await asyncio.gather(*(_work(units, events[lane::6]) for lane in range(6)))
        finally:
            for each in matchers:
                each.cancel()
            await asyncio.wait(matchers)
        await Matcher(units).drain()
        report = await reconcile(units.pool, datetime.now(UTC))
        assert (report.waiting, report.differences) == (0, 0), report.listed[:5]
        assert report.findings > 50
        assert not [each for each in caplog.records if each.levelname == "ERROR"], "put off"
        await _tampering_shows(units)


async def _tampering_shows(units: Units) -> None:
    """A finding that is gone or ended without ground is a difference: the check can fail."""
    await units.pool.execute(
        "UPDATE finding SET live = false WHERE id IN (SELECT id FROM finding WHERE live LIMIT 3)"
    )
    report = await reconcile(units.pool, datetime.now(UTC))
    assert report.differences == 3
