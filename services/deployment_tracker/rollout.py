"""Moves devices and says what follows: counters, halts, completion, and the events that tell it.

Every path that moves a standing goes through `move`: device reports, a wave that starts, devices
that enter or leave the field. The campaign's advisory lock is held by the caller.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from schemas.campaigns import (
    CampaignCompleted,
    SafetyStopped,
    WaveCompleted,
    WaveHalted,
    WaveStarted,
)
from services.deployment_tracker import publication
from services.deployment_tracker.domain.coverage import deltas
from services.deployment_tracker.domain.standing import Standing, offered_state
from services.deployment_tracker.domain.waves import HaltRule, Tally, WaveState, must_halt
from services.deployment_tracker.store import campaigns as campaign_store
from services.deployment_tracker.store import standings as standing_store
from services.deployment_tracker.store.campaigns import Campaign, Halt
from services.deployment_tracker.store.standings import Placed
from services.kit.records import Cause
from services.kit.unit import Unit

_NOTHING = Tally(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Move:
    """A device's place before (None when it enters the campaign) and after."""

    before: Standing | None
    after: Placed
    safety: bool = False


async def move(unit: Unit, moves: Sequence[Move], cause: Cause | None) -> None:
    """Write moves with their counters, then halt and complete the waves that they bear on."""
    changed = [each for each in moves if each.before != each.after.standing]
    if not changed:
        return
    counts = deltas(
        (each.after.cell, each.before.state if each.before else None, each.after.standing.state)
        for each in changed
        if each.before is None or each.before.state is not each.after.standing.state
    )
    await standing_store.save(unit.db, [each.after for each in changed], counts, unit.now)
    await publication.recall(unit, {each.cell.campaign for each in counts}, cause)
    names = sorted({each.after.cell.campaign for each in changed})
    await _safety(unit, [each for each in changed if each.safety], cause)
    await settle(unit, names, cause)


async def settle(unit: Unit, names: Iterable[str], cause: Cause | None) -> None:
    """Halt waves whose failures are over the limit and complete those with no device left."""
    names = list(names)
    held = await campaign_store.campaigns(unit.db, names)
    waves = await campaign_store.waves(unit.db, names)
    tallies = await standing_store.tallies(unit.db, names)
    halts: list[Halt] = []
    done: list[tuple[str, int]] = []
    for name, campaign in held.items():
        for wave in waves.get(name, []):
            tally = tallies.get((name, wave.number), _NOTHING)
            because = must_halt(wave, tally, campaign.stop_rules)
            if because is not None:
                halts.append(Halt(name, wave.number, HaltRule.FAILURE_RATE, because))
            elif wave.state is WaveState.STARTED and tally.open == 0:
                done.append((name, wave.number))
    await halt(unit, halts, cause)
    await _complete(unit, done, held, cause)


async def halt(
    unit: Unit, halts: Sequence[Halt], cause: Cause | None, person: str | None = None
) -> None:
    """Let waves stand still and tell it. Devices in the middle of an update may finish it."""
    if not halts:
        return
    held = await campaign_store.campaigns(unit.db, {each.campaign for each in halts})
    await campaign_store.halt(unit.db, halts, unit.now)
    for each in halts:
        event = WaveHalted(
            campaign=each.campaign,
            case=held[each.campaign].case,
            wave=each.wave,
            rule=each.rule,
            because=each.because,
            halted_by=person,
            halted_at=unit.now,
        )
        unit.emit(event, cause=cause, case=event.case, name=f"{each.wave}/{each.rule}")


async def start(unit: Unit, campaign: Campaign, number: int, cause: Cause) -> None:
    """Start a wave whose gates have answered, and offer the measure to its devices."""
    waiting = await standing_store.waiting_in_wave(unit.db, campaign.campaign, number)
    wave = next(
        each
        for each in (await campaign_store.waves(unit.db, [campaign.campaign]))[campaign.campaign]
        if each.number == number
    )
    await campaign_store.start(unit.db, campaign.campaign, number, unit.now)
    unit.emit(
        WaveStarted(
            campaign=campaign.campaign,
            case=campaign.case,
            wave=number,
            request=wave.request or "",
            product=campaign.product,
            measure=campaign.measure,
            devices=len(waiting),
            started_at=unit.now,
        ),
        cause=cause,
        case=campaign.case,
        name=str(number),
    )
    await move(unit, [offer(each) for each in waiting], cause)
    if not waiting:
        await settle(unit, [campaign.campaign], cause)


def offer(placed: Placed) -> Move:
    """Offer the measure to a device, or have its people told."""
    state = offered_state(placed.cell.method)
    return Move(placed.standing, replace(placed, standing=replace(placed.standing, state=state)))


async def _safety(unit: Unit, events: Sequence[Move], cause: Cause | None) -> None:
    """Halt every running wave of the product: one event of harm is enough."""
    if not events:
        return
    held = await campaign_store.campaigns(unit.db, {each.after.cell.campaign for each in events})
    for each in events:
        placed = each.after
        case = held[placed.cell.campaign].case
        unit.emit(
            SafetyStopped(
                campaign=placed.cell.campaign,
                case=case,
                wave=max(placed.cell.wave, 1),
                device=placed.device,
                product=placed.cell.product,
                code=placed.standing.code,
                received_at=unit.now,
            ),
            cause=cause,
            case=case,
            name=f"{placed.device}/{placed.standing.attempt}/{placed.standing.sequence}",
        )
    products = {each.after.cell.product: each.after.device for each in events}
    running = await campaign_store.running_of(unit.db, products)
    because = "a device reported a safety event: " + ", ".join(sorted(products.values()))
    await halt(
        unit,
        [Halt(name, number, HaltRule.SAFETY_EVENT, because) for name, number in running],
        cause,
    )


async def _complete(
    unit: Unit,
    done: Sequence[tuple[str, int]],
    held: dict[str, Campaign],
    cause: Cause | None,
) -> None:
    finished = await campaign_store.complete(unit.db, done, unit.now)
    for name, number in done:
        case = held[name].case
        unit.emit(
            WaveCompleted(campaign=name, case=case, wave=number, completed_at=unit.now),
            cause=cause,
            case=case,
            name=str(number),
        )
    publication.forget_later(unit, (name for name, _ in finished), cause)
    for name, case in finished:
        unit.emit(
            CampaignCompleted(campaign=name, case=case, completed_at=unit.now),
            cause=cause,
            case=case,
        )
