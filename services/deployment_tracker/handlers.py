"""Deployment-tracker's Kafka edge: facts of others, gate answers, devices and their reports.

Lock order: `fleet` (by product), then `campaign`. The first makes a device and a campaign that
arrive at the same instant meet; the second serialises what moves one campaign.
"""

from collections import defaultdict

from pydantic import ValidationError

from schemas.campaigns import WaveResumed
from schemas.cases import (
    CaseMerged,
    GateEvaluated,
    MeasureApproved,
    MeasureAvailable,
    MeasurePlanned,
)
from schemas.catalogue import ProductRegistered, ProductRetired
from schemas.devices import DeviceRegistered, DeviceReported, DeviceRetired, DeviceState
from services.deployment_tracker import rollout
from services.deployment_tracker.domain.coverage import Cell
from services.deployment_tracker.domain.standing import Standing, fold, harmed
from services.deployment_tracker.domain.waves import (
    GateStep,
    HaltRule,
    Tally,
    Wave,
    WaveState,
    on_answer,
    wave_of,
)
from services.deployment_tracker.rollout import Move
from services.deployment_tracker.store import campaigns as campaign_store
from services.deployment_tracker.store import facts
from services.deployment_tracker.store import standings as standing_store
from services.deployment_tracker.store.campaigns import Campaign, Halt
from services.deployment_tracker.store.facts import Device
from services.deployment_tracker.store.standings import Placed
from services.kit.consume import Consumer
from services.kit.records import Batch, Faulty, RawRecord, Received
from services.kit.unit import Unit

consumer = Consumer("deployment-tracker")


@consumer.on(ProductRegistered, ProductRetired)
async def on_catalogue(batch: Batch, unit: Unit) -> None:
    """Keep the products that campaigns may name."""
    await facts.save_products(unit.db, batch.of(ProductRegistered, ProductRetired))


@consumer.on(MeasurePlanned, MeasureApproved, MeasureAvailable, CaseMerged, GateEvaluated)
async def on_cases(batch: Batch, unit: Unit) -> None:
    """Keep measures, follow merged cases, and let gate answers start or halt waves."""
    answers = batch.of(GateEvaluated)
    await unit.lock("campaign", {each.event.campaign for each in answers})
    measures: list[Received[MeasurePlanned | MeasureApproved | MeasureAvailable]] = batch.of(
        MeasurePlanned, MeasureApproved, MeasureAvailable
    )
    await facts.save_measures(
        unit.db, [(each.event.case, each.event.measure, each.revision) for each in measures]
    )
    merges = batch.of(CaseMerged)
    await facts.forward_cases(
        unit.db, {each.event.absorbed: each.event.survivor for each in merges}
    )
    for answer in answers:
        await _answered(unit, answer)


async def _answered(unit: Unit, received: Received[GateEvaluated]) -> None:
    """Apply one gate answer; answers are few and each may move thousands of devices."""
    event = received.event
    found = await campaign_store.by_request(unit.db, [event.request])
    if (event.campaign, event.wave) not in found:
        return  # an answer to a request that was replaced by a newer one
    campaign = (await campaign_store.campaigns(unit.db, [event.campaign]))[event.campaign]
    waves = (await campaign_store.waves(unit.db, [event.campaign]))[event.campaign]
    wave = next(each for each in waves if each.number == event.wave)
    step = on_answer(wave, passed=event.passed, valid_until=event.valid_until, now=unit.now)
    await campaign_store.answer(
        unit.db,
        event.campaign,
        event.wave,
        passed=step not in {GateStep.REFUSE, GateStep.HALT} and event.passed,
        answers=[answer.model_dump(mode="json") for answer in event.answers],
        warnings=event.warnings,
        valid_until=event.valid_until,
    )
    if step is GateStep.START:
        await rollout.start(unit, campaign, event.wave, received)
    elif step is GateStep.RESUME:
        await _resumed(unit, campaign, wave, received)
    elif step is GateStep.HALT:
        lacking = "; ".join(
            f"{answer.gate}: {answer.reason}"
            for answer in event.answers
            if answer.verdict != "passed"
        )
        halt = Halt(event.campaign, event.wave, HaltRule.GATE_REVOKED, lacking or "gate revoked")
        await rollout.halt(unit, [halt], received)


async def _resumed(
    unit: Unit, campaign: Campaign, wave: Wave, received: Received[GateEvaluated]
) -> None:
    tallies = await standing_store.tallies(unit.db, [campaign.campaign])
    tally = tallies.get((campaign.campaign, wave.number), Tally(0, 0, 0))
    reason = wave.resume_reason or ""
    await campaign_store.resume(
        unit.db, campaign.campaign, wave.number, reason, tally.failed, tally.finished
    )
    unit.emit(
        WaveResumed(
            campaign=campaign.campaign,
            case=campaign.case,
            wave=wave.number,
            reason=reason,
            resumed_by=wave.requested_by or "",
            resumed_at=unit.now,
        ),
        cause=received,
        case=campaign.case,
        name=str(wave.number),
    )
    await rollout.settle(unit, [campaign.campaign], received)


@consumer.on(DeviceRegistered, DeviceRetired)
async def on_devices(batch: Batch, unit: Unit) -> None:
    """Keep the fleet, and let devices enter or leave the campaigns that they bear on."""
    received: list[Received[DeviceRegistered | DeviceRetired]] = batch.of(
        DeviceRegistered, DeviceRetired
    )
    products = {_last(each).product for each in received}
    await unit.lock("fleet", products)
    devices = await facts.save_devices(unit.db, received)
    open_campaigns = await campaign_store.open_of(unit.db, products)
    if not devices or not open_campaigns:
        return
    await unit.lock("campaign", [each.campaign for each in open_campaigns])
    held = await standing_store.of_devices(unit.db, [each.device for each in devices])
    waves = await campaign_store.waves(unit.db, [each.campaign for each in open_campaigns])
    started = {
        (name, wave.number)
        for name, numbers in waves.items()
        for wave in numbers
        if wave.state is WaveState.STARTED
    }
    await rollout.move(unit, _entering(devices, open_campaigns, held, started), received[0])
    await rollout.move(unit, _leaving(devices, held), received[0])


def _last(received: Received[DeviceRegistered | DeviceRetired]) -> DeviceRegistered:
    event = received.event
    return event.last if isinstance(event, DeviceRetired) else event


def enter(campaign: Campaign, device: Device) -> Placed:
    """Place a device in a campaign: its wave by stable hash, nothing offered yet."""
    wave = wave_of(campaign.campaign, device.device, device.method, campaign.plans)
    cell = Cell(
        campaign.campaign, device.product, device.version, device.hardware, device.market,
        device.method, wave,
    )  # fmt: skip
    standing = Standing(DeviceState.NOT_OFFERED)
    return Placed(device.device, cell, device.site, campaign.target_version, standing)


def _entering(
    devices: list[Device],
    campaigns: list[Campaign],
    held: list[Placed],
    started: set[tuple[str, int]],
) -> list[Move]:
    inside = {(each.cell.campaign, each.device) for each in held}
    moves = []
    for campaign in campaigns:
        for device in devices:
            in_scope = device.product == campaign.product and not device.retired
            if not in_scope or device.version not in campaign.from_versions:
                continue
            if (campaign.campaign, device.device) in inside:
                continue
            placed = enter(campaign, device)
            if (campaign.campaign, placed.cell.wave) in started:
                moves.append(Move(None, rollout.offer(placed).after))
            else:
                moves.append(Move(None, placed))
    return moves


def _leaving(devices: list[Device], held: list[Placed]) -> list[Move]:
    retired = {each.device for each in devices if each.retired}
    return [Move(each.standing, _retired(each)) for each in held if each.device in retired]


def _retired(placed: Placed) -> Placed:
    standing = placed.standing
    gone = Standing(
        DeviceState.RETIRED, standing.attempt, standing.sequence, standing.version, "retired"
    )
    return Placed(placed.device, placed.cell, placed.site, placed.target, gone)


@consumer.raw("device-reports", inbox=False)
async def on_reports(records: list[RawRecord], unit: Unit) -> None:
    """Apply what devices report; `(attempt, sequence)` makes doubles and late ones do nothing."""
    reports: defaultdict[str, list[DeviceReported]] = defaultdict(list)
    for record in records:
        report = _parsed(record)
        reports[report.device].append(report)
    unknown = reports.keys() - await facts.known(unit.db, reports)
    if unknown:
        raise Faulty(
            f"device {min(unknown)} is not registered",
            field="/device",
            mend="submit a device file that names it, then replay this record",
        )
    await unit.lock("campaign", await standing_store.campaigns_of(unit.db, reports))
    held = await standing_store.of_devices(unit.db, reports)
    await rollout.move(unit, [_judged(each, reports[each.device], unit) for each in held], None)


def _parsed(record: RawRecord) -> DeviceReported:
    if not record.value:
        raise Faulty("the report is empty", mend="send a device.reported.v1 value as JSON")
    try:
        return DeviceReported.model_validate_json(record.value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Faulty(
            str(first["msg"]),
            field="/" + "/".join(str(part) for part in first["loc"]),
            mend="send a value that fits schemas/json/device.reported.v1.json",
        ) from error


def _judged(placed: Placed, reports: list[DeviceReported], unit: Unit) -> Move:
    mine = [each for each in reports if each.campaign in (None, placed.cell.campaign)]
    standing = fold(placed.standing, mine, placed.target, unit.now)
    after = Placed(placed.device, placed.cell, placed.site, placed.target, standing)
    return Move(placed.standing, after, safety=harmed(placed.standing, mine))
