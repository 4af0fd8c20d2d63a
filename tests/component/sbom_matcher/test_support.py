"""The end of components' support: raised by its alarm, marked on other findings, ended again."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest

from schemas.advisories import Range
from schemas.catalogue import ProductRetired
from schemas.event import Event
from schemas.findings import (
    FindingChanged,
    FindingCleared,
    FindingKind,
    FindingOpened,
    SupportStage,
    VulnerabilityDescribed,
)
from services.kit.records import Batch
from services.kit.settings import Settings
from services.kit.timers import Fired, arming
from services.kit.unit import Unit, Units
from services.sbom_matcher import rematch
from services.sbom_matcher.handlers import on_advisories, on_products, on_sboms, on_timers
from services.sbom_matcher.reconcile import reconcile
from services.sbom_matcher.store import pending
from tests.component.sbom_matcher.conftest import opened, received
from tests.component.sbom_matcher.facts import advisory, npm, on_npm, product, sbom

END = date(2031, 6, 30)
BELOW_2 = Range(introduced=None, fixed="2.0.0")
ARMED = "SELECT subject, step, due_at FROM kit_timer WHERE state = 'armed' AND subject = $1"
HANDLERS = {
    "catalogue": on_products,
    "sboms": on_sboms,
    "advisories": on_advisories,
}


@pytest.fixture
async def units(settings: Settings) -> AsyncIterator[Units]:
    async with opened(settings) as plain:
        yield replace(plain, flushers=(arming(1.0, lambda _: None),))


def before(days: int) -> datetime:
    """An instant of the day that is so many days before the last day of support."""
    return datetime.combine(END - timedelta(days=days), time(12), UTC)


async def tell(units: Units, now: datetime, *events: Event) -> list[Event]:
    """Handle events and match what follows from them at an instant; return what was emitted."""
    for event in events:
        batch: Batch = received(event)
        async with units.begin() as unit:
            unit.now = now
            await HANDLERS[event.TOPIC](batch, unit)
    return await match(units, now)


async def match(units: Units, now: datetime) -> list[Event]:
    told: list[Event] = []
    for bulk in (False, True):
        async with units.begin() as unit:
            unit.now = now
            if waiting := await pending.following(unit.db, 100, bulk=bulk):
                await rematch.lock(unit)
                await rematch.rematch(unit, waiting)
            told += _events(unit)
    return told


def _events(unit: Unit) -> list[Event]:
    return [each.event for each in unit.emitted if isinstance(each.event, Event)]


async def alarm(units: Units, name: str) -> datetime | None:
    """When the product version's one alarm is due; None where nothing is armed."""
    async with units.begin(readonly=True) as unit:
        rows = await unit.db.fetch(ARMED, pending.version_subject(name, "1.0"))
    assert len(rows) <= 1
    return rows[0]["due_at"] if rows else None


async def fire(units: Units, name: str) -> list[Event]:
    """Let the armed alarm fire at its own instant, and match."""
    due = await alarm(units, name)
    assert due is not None
    subject = pending.version_subject(name, "1.0")
    async with units.begin() as unit:
        unit.now = due
        await unit.db.execute("UPDATE kit_timer SET state = 'fired' WHERE subject = $1", subject)
        fired = Fired(uuid4(), subject, rematch.SUPPORT_CHANGES, due, due, due)
        await on_timers([fired], unit)
    return await match(units, due)


def stages(told: Sequence[Event]) -> list[tuple[str, str | None, int | None]]:
    """What was told of support findings: the event, the reason, the notice."""
    return [
        (each.TYPE, each.finding.reason, getattr(each.finding.support, "notice_days", None))
        for each in told
        if isinstance(each, FindingOpened | FindingChanged | FindingCleared)
        and each.finding.kind is FindingKind.SUPPORT
    ]


async def agree(units: Units, name: str, now: datetime) -> None:
    """Recompute: other tests' products stand at other instants and are left out."""
    found = await reconcile(units.pool, now)
    assert [each for each in found.listed if each.product == name] == []


async def test_alarms_raise_it_at_each_notice_and_at_the_end_without_any_new_sbom(
    units: Units,
) -> None:
    name = "pump-alarms"
    told = await tell(
        units, before(400), product(name, "1.0"),
        sbom(name, "1.0", npm("alarmed", "1.4.0", support_ends_on=END), npm("plain", "1.0.0")),
    )  # fmt: skip
    assert stages(told) == []
    assert stages(await fire(units, name)) == [("finding.opened.v1", "support_ending", 180)]
    assert stages(await fire(units, name)) == [("finding.changed.v1", "support_ending", 90)]
    assert stages(await fire(units, name)) == [("finding.changed.v1", "support_ending", 30)]
    assert await alarm(units, name) == datetime(2031, 7, 1, 0, 1, tzinfo=UTC)
    told = await fire(units, name)
    assert stages(told) == [("finding.changed.v1", "support_over", None)]
    assert await alarm(units, name) is None
    await agree(units, name, before(-1))


async def test_the_finding_names_component_day_and_product_and_is_described(units: Units) -> None:
    name = "pump-named"
    part = npm("named", "1.4.0", support_ends_on=END, support_level="security fixes only")
    told = await tell(units, before(10), product(name, "1.0"), sbom(name, "1.0", part))
    [finding] = [each.finding for each in told if isinstance(each, FindingOpened)]
    assert (finding.component, finding.component_version) == ("named", "1.4.0")
    assert finding.support is not None
    assert finding.support.ends_on == END
    assert finding.support.level == "security fixes only"
    [text] = [each for each in told if isinstance(each, VulnerabilityDescribed)]
    assert text.vulnerability == finding.vulnerability == f"support/{name}"


async def test_a_later_end_in_a_new_sbom_ends_it_and_moves_the_alarm(units: Units) -> None:
    name = "pump-later"
    part = npm("later", "1.4.0", support_ends_on=END)
    await tell(units, before(10), product(name, "1.0"), sbom(name, "1.0", part))
    later = part.model_copy(update={"support_ends_on": END + timedelta(days=1000)})
    told = await tell(units, before(10), sbom(name, "1.0", later))
    [cleared] = [each for each in told if isinstance(each, FindingCleared)]
    assert cleared.why == "the SBOM states a later end of the component's support, or none"
    due = await alarm(units, name)
    assert due is not None
    assert due.date() == END + timedelta(days=820)
    await agree(units, name, before(10))


async def test_a_component_that_leaves_ends_it(units: Units) -> None:
    name = "pump-left"
    part = npm("left", "1.4.0", support_ends_on=END)
    await tell(units, before(10), product(name, "1.0"), sbom(name, "1.0", part))
    told = await tell(units, before(10), sbom(name, "1.0", npm("other", "1.0.0")))
    [cleared] = [each for each in told if isinstance(each, FindingCleared)]
    assert cleared.why == "the component is no longer in a product version that is watched"
    assert await alarm(units, name) is None


async def test_a_retired_product_has_none_and_no_alarm(units: Units) -> None:
    name = "pump-retired"
    state = product(name, "1.0")
    part = npm("retired", "1.4.0", support_ends_on=END)
    await tell(units, before(10), state, sbom(name, "1.0", part))
    told = await tell(units, before(10), ProductRetired(last=state, retired_at=before(10)))
    assert stages(told) == [("finding.cleared.v1", "support_ending", 30)]
    assert await alarm(units, name) is None
    await agree(units, name, before(10))


@pytest.mark.parametrize("advisory_first", [True, False])
async def test_findings_on_a_component_whose_support_is_over_are_marked_in_either_order(
    units: Units, *, advisory_first: bool
) -> None:
    name, package = f"pump-marked-{advisory_first}", f"marked-{advisory_first}".lower()
    said = advisory(f"osv/{package}", f"CVE-2031-{package}", on_npm(package, BELOW_2))
    held = sbom(name, "1.0", npm(package, "1.4.0", support_ends_on=END))
    facts: list[Event] = [product(name, "1.0"), said, held]
    if not advisory_first:
        facts.reverse()
    told = await tell(units, before(-5), *facts)
    [finding] = [
        each.finding
        for each in told
        if isinstance(each, FindingOpened) and each.finding.kind is FindingKind.VULNERABILITY
    ]
    assert finding.support is not None
    assert (finding.support.stage, finding.support.ends_on) == (SupportStage.OVER, END)
    await agree(units, name, before(-5))


async def test_a_finding_held_before_is_told_again_when_support_is_over(units: Units) -> None:
    name = "pump-turns"
    said = advisory("osv/turns", "CVE-2031-turns", on_npm("turns", BELOW_2))
    held = sbom(name, "1.0", npm("turns", "1.4.0", support_ends_on=END))
    told = await tell(units, before(3), product(name, "1.0"), held, said)
    assert all(
        each.finding.support is None
        for each in told
        if isinstance(each, FindingOpened) and each.finding.kind is FindingKind.VULNERABILITY
    )
    [changed] = [
        each
        for each in await fire(units, name)
        if isinstance(each, FindingChanged) and each.finding.kind is FindingKind.VULNERABILITY
    ]
    assert changed.why == "support of the component is over since 2031-06-30"
    await agree(units, name, before(-1))


async def test_each_product_version_keeps_what_its_own_sbom_states(units: Units) -> None:
    shared = npm("shared", "1.4.0")
    ended = shared.model_copy(update={"support_ends_on": END})
    told = await tell(
        units, before(-1), product("pump-own", "1.0"), product("pump-other", "1.0"),
        sbom("pump-own", "1.0", ended), sbom("pump-other", "1.0", shared),
    )  # fmt: skip
    opened_for = [each.finding.product for each in told if isinstance(each, FindingOpened)]
    assert opened_for == ["pump-own"]
