"""Notification's Kafka edge: lock, load, decide, save, emit."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.campaigns import CampaignPlanned, CoverageChanged
from schemas.cases import (
    CaseMerged,
    CaseScoped,
    ExploitationAssessed,
    MeasureApproved,
    MeasureAvailable,
    MeasurePlanned,
    RiskAssessed,
)
from schemas.catalogue import EntityRegistered, ProductRegistered, ProductRetired
from schemas.clocks import (
    ClockEnded,
    ClockEscalated,
    ClockEvent,
    ClockLate,
    ClockMet,
    ClockMoved,
    ClockStarted,
)
from schemas.findings import VulnerabilityDescribed
from services.kit.consume import Consumer
from services.kit.records import Batch, Received
from services.kit.timers import Fired, Timers
from services.kit.unit import Unit
from services.notification import alerting, drafting
from services.notification.bell import PAGES, RECHECKS
from services.notification.incoming import ended_alerts, fact_of, kept_of, overtaken
from services.notification.roster_file import ON_CALL
from services.notification.store import alerts, clocks, facts
from services.notification.store.clocks import KeptClock

consumer = Consumer("notification")
timers = Timers()


@consumer.on(
    ClockStarted, ClockMoved, ClockEscalated, ClockLate, ClockMet, ClockEnded, max_records=200
)
async def on_clocks(batch: Batch, unit: Unit) -> None:
    """Keep clocks, tell people, and end what has become pointless.

    Their drafts are prepared after the commit, by the rechecker: a page never waits for a draft.
    """
    with PAGES.taken():
        await _take(batch, unit)


async def _take(batch: Batch, unit: Unit) -> None:
    received: list[Received[Any]] = list(batch.of(ClockEvent))
    ended = batch.of(ClockEnded)
    await unit.lock(drafting.LOCK, (each.key for each in ended))
    saved = await clocks.save(unit.db, (kept_of(each) for each in received))
    await _recheck(unit, (f"case/{case}" for case in saved.changed))
    await _end(unit, ended, saved.now)
    await _resolve(unit, batch, saved.now)
    await _raise(unit, batch.of(ClockEscalated), saved.now)


async def _end(
    unit: Unit, ended: Sequence[Received[ClockEnded]], kept: Mapping[str, KeptClock]
) -> None:
    for each in ended:
        now = kept[each.event.clock.clock]
        if not now.live:
            await drafting.end(unit, [now], f"the clock ended: {each.event.because}", each)


async def _resolve(unit: Unit, batch: Batch, kept: Mapping[str, KeptClock]) -> None:
    telling = batch.of(ClockMoved, ClockMet, ClockEnded)
    if not telling:
        return
    names = {each.event.clock.clock for each in telling}
    open_ones = await alerts.open_of_clocks(unit.db, names)
    if open_ones:
        now = {name: each.clock for name, each in kept.items()}
        await alerting.resolve(unit, ended_alerts(open_ones, telling, now), telling[-1])


async def _raise(
    unit: Unit, escalations: Sequence[Received[ClockEscalated]], kept: Mapping[str, KeptClock]
) -> None:
    if not escalations:
        return
    over = overtaken(escalations, {name: each.clock for name, each in kept.items()})
    standing = await drafting.standings(unit.db, [each.event.clock for each in escalations])
    await alerting.raise_alerts(unit, escalations, ON_CALL.current(), standing, over)


@consumer.on(ProductRegistered, ProductRetired, EntityRegistered)
async def on_catalogue(batch: Batch, unit: Unit) -> None:
    """Keep products and legal entities."""
    await _keep(batch, unit)


@consumer.on(
    CaseScoped, ExploitationAssessed, RiskAssessed, MeasurePlanned, MeasureApproved,
    MeasureAvailable, CaseMerged,
)  # fmt: skip
async def on_cases(batch: Batch, unit: Unit) -> None:
    """Keep what cases say, and which case lives on in which."""
    for merged in batch.of(CaseMerged):
        await facts.merge(unit.db, merged.event.absorbed, merged.event.survivor)
        await _recheck(unit, [f"case/{merged.event.survivor}"])
    await _keep(batch, unit)


@consumer.on(VulnerabilityDescribed)
async def on_vulnerabilities(batch: Batch, unit: Unit) -> None:
    """Keep what is known of vulnerabilities."""
    await _keep(batch, unit)


@consumer.on(CampaignPlanned)
async def on_campaigns(batch: Batch, unit: Unit) -> None:
    """Keep how many devices a campaign has in scope."""
    await _keep(batch, unit)


@consumer.on(CoverageChanged)
async def on_coverage(batch: Batch, unit: Unit) -> None:
    """Keep how many devices a correction bears on."""
    await _keep(batch, unit)


async def _keep(batch: Batch, unit: Unit) -> None:
    found = [fact for each in batch if (fact := fact_of(each)) is not None]
    await _recheck(unit, await facts.save(unit.db, found))


async def _recheck(unit: Unit, subjects: Iterable[str]) -> None:
    wanted = list(subjects)
    if wanted:
        await facts.recheck(unit.db, wanted)
        unit.after_commit(RECHECKS.ring)


@timers.on_fire
async def on_unanswered(fired: Sequence[Fired], unit: Unit) -> None:
    """Nobody answered in time: try the next person, if it is still that person's turn."""
    by_alert = {each.subject.removeprefix("alert/"): each for each in fired}
    held = await alerts.lock(unit.db, by_alert)
    for name, alert in held.items():
        each = by_alert[name]
        if alert.state == "open" and each.step == f"turn-{alert.position}":
            person = alert.chain[alert.position].person
            await alerting.next_turn(
                unit, alert, ON_CALL.current(), f"{person} did not acknowledge in time", each
            )
