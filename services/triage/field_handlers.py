"""Triage's Kafka edge for what happens in the field: clocks, campaigns, releases, coverage."""

from collections.abc import Sequence

from schemas.campaigns import (
    CampaignAborted,
    CampaignCompleted,
    CampaignEvent,
    CampaignPlanned,
    CoverageChanged,
    ReleasePublished,
    SafetyStopped,
    WaveCompleted,
    WaveHalted,
    WaveRequested,
    WaveResumed,
    WaveStarted,
)
from schemas.clocks import (
    ClockEnded,
    ClockEscalated,
    ClockEvent,
    ClockLate,
    ClockMet,
    ClockMoved,
    ClockStarted,
)
from schemas.event import Event
from services.kit.records import Batch
from services.kit.timers import Fired, Timers
from services.kit.unit import Unit
from services.triage import waves
from services.triage.consumer import consumer
from services.triage.domain.gates import WaveAsks
from services.triage.store import field, gates

LINGER = 0.5
"""Seconds for which clocks and counts gather: only people's acts read them."""

timers = Timers()


@consumer.on(
    ClockStarted, ClockMoved, ClockEscalated, ClockLate, ClockMet, ClockEnded, linger=LINGER
)
async def on_clocks(batch: Batch, unit: Unit) -> None:
    """Keep each clock as it is now: closing a case and warning a wave read them."""
    told = [(r.event, r.revision) for r in batch if isinstance(r.event, ClockEvent)]
    held = [(event.clock, revision) for event, revision in told if not event.clock.drill]
    await field.save_clocks(unit.db, held)


@consumer.on(CoverageChanged, linger=LINGER)
async def on_coverage(batch: Batch, unit: Unit) -> None:
    """Keep the counts of each cell: closing a case reads them."""
    cells = [(r.event, r.revision) for r in batch.of(CoverageChanged)]
    await field.save_coverage(unit.db, cells)


@consumer.on(
    ReleasePublished,
    CampaignPlanned,
    WaveRequested,
    WaveStarted,
    WaveHalted,
    WaveResumed,
    WaveCompleted,
    CampaignCompleted,
    CampaignAborted,
    SafetyStopped,
)
async def on_campaigns(batch: Batch, unit: Unit) -> None:
    """Keep releases, campaigns and waves, and answer each wave that asks."""
    requests = batch.of(WaveRequested)
    published = batch.of(ReleasePublished)
    releases = {r.event.release for r in published}
    asked = {r.event.release for r in requests if r.event.release is not None}
    await waves.hold(unit, (r.event.measure for r in requests), releases | asked)
    await gates.save_releases(unit.db, [(r.event, r.revision) for r in published])
    await _keep_campaigns(batch, unit)
    await waves.answer(unit, [(_asks(r.event), r.event.requested_at, r) for r in requests])
    for received in published:
        await waves.reevaluate(unit, (), releases=(received.event.release,), cause=received)


async def _keep_campaigns(batch: Batch, unit: Unit) -> None:
    events = [(r.event, r.revision) for r in batch if isinstance(r.event, CampaignEvent)]
    await field.know_campaigns(
        unit.db,
        [(e.campaign, e.case, e if isinstance(e, CampaignPlanned) else None) for e, _ in events],
    )
    ended = [(e.campaign, end, n) for e, n in events if (end := _end(e)) is not None]
    await field.end_campaigns(unit.db, ended)
    moved = [(e.campaign, *at, n) for e, n in events if (at := _wave(e)) is not None]
    await field.save_waves(unit.db, moved)
    await field.save_safety(unit.db, batch.of(SafetyStopped))


def _end(event: Event) -> str | None:
    match event:
        case CampaignCompleted():
            return "completed"
        case CampaignAborted():
            return "aborted"
        case _:
            return None


def _wave(event: Event) -> tuple[int, str] | None:
    """The wave that an event moves, and where it stands then."""
    match event:
        case WaveRequested(wave=wave):
            return wave, "requested"
        case WaveStarted(wave=wave) | WaveResumed(wave=wave):
            return wave, "started"
        case WaveHalted(wave=wave):
            return wave, "halted"
        case WaveCompleted(wave=wave):
            return wave, "completed"
        case _:
            return None


def _asks(event: WaveRequested) -> WaveAsks:
    return WaveAsks(
        campaign=event.campaign,
        wave=event.wave,
        request=event.request,
        case=event.case,
        measure=event.measure,
        product=event.product,
        release=event.release,
    )


@timers.on_fire
async def on_expiry(fired: Sequence[Fired], unit: Unit) -> None:
    """Take back what waves were answered on evidence, or on a key, that lapses now.

    The legal instant counts, not the wall's: in compressed time an alarm fires before it.
    """
    records = {each.subject.removeprefix("evidence/") for each in fired}
    keys = {each.subject.removeprefix("signer/") for each in fired}
    measures = await gates.measures_of(unit.db, records)
    measures |= await gates.measures_signed_by(unit.db, keys)
    await waves.hold(unit, measures)
    last = max(fired, key=lambda each: each.due_at)
    await waves.reevaluate(unit, measures, at=max(unit.now, last.due_at), cause=last)
