"""Deployment-tracker's HTTP edge: releases, campaigns, waves and coverage, for operations teams."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Query, Request

from schemas.campaigns import (
    CampaignAborted,
    CampaignPlanned,
    ReleasePublished,
    WavePlan,
    WaveRequested,
)
from schemas.devices import DeviceState
from services.deployment_tracker import rollout
from services.deployment_tracker.domain import waves as wave_rules
from services.deployment_tracker.domain.coverage import DEFINITION, coverage
from services.deployment_tracker.domain.waves import (
    CampaignState,
    HaltRule,
    Wave,
    WaveState,
    wave_of,
    why_not_start,
)
from services.deployment_tracker.handlers import enter
from services.deployment_tracker.rollout import Move
from services.deployment_tracker.store import campaigns as campaign_store
from services.deployment_tracker.store import facts
from services.deployment_tracker.store import standings as standing_store
from services.deployment_tracker.store.campaigns import Campaign, Halt
from services.deployment_tracker.store.facts import Device
from services.deployment_tracker.views import (
    CampaignIn,
    CampaignView,
    CoverageLine,
    CoverageView,
    DeviceView,
    GateView,
    Reason,
    ReconcileView,
    ReleaseIn,
    WaveAsked,
    WaveView,
)
from services.kit.actors import PRINCIPAL_HEADER, SIGNATURE_HEADER
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page, router
from services.kit.ids import uuid7
from services.kit.unit import Unit

routes = router("deployment-tracker")

By = Annotated[
    Literal["method", "wave", "market", "version", "hardware"],
    Query(description="What coverage is split by."),
]


@routes.post("/v1/releases", status_code=201)
async def publish_release(body: ReleaseIn, request: Request, unit: CurrentUnit) -> ReleasePublished:
    """Publish a release whose signature holds."""
    unit.require("quality", "operations")
    proof = {PRINCIPAL_HEADER: body.signed_by, SIGNATURE_HEADER: body.signature}
    principals = request.app.state.context.principals
    if principals.principal_of(proof, body.digest.encode()) is None:
        raise Problem(
            422,
            "Signature does not hold",
            f"the signature is not {body.signed_by}'s over this digest",
            pointer="/signature",
            mend="sign the digest's hex text with the Ed25519 key of a principal with a public_key",
        )
    event = ReleasePublished(**body.model_dump(), published_at=unit.now)
    if not await campaign_store.save_release(unit.db, event):
        raise Problem(
            409, "Release exists", f"release {body.release} was published already",
            pointer="/release", mend="publish a new release under a new id",
        )  # fmt: skip
    unit.emit(event)
    unit.audit("release.publish", body.release, after=body.model_dump(mode="json"))
    return event


@routes.post("/v1/campaigns", status_code=201)
async def plan(body: CampaignIn, unit: CurrentUnit) -> CampaignView:
    """Plan a campaign over the devices that run one of its starting versions."""
    actor = unit.require("operations")
    await unit.lock("fleet", [body.product])
    await unit.lock("campaign", [body.campaign])
    await _check(body, unit)
    case = await facts.survivor(unit.db, body.case)
    devices = await facts.devices_of(unit.db, body.product, body.from_versions)
    campaign = Campaign(
        campaign=body.campaign,
        case=case,
        measure=body.measure,
        release=body.release,
        product=body.product,
        from_versions=body.from_versions,
        target_version=body.target_version,
        plans=_plans(body, devices),
        stop_rules=body.stop_rules,
        state=CampaignState.PLANNED,
        planned_by=actor.id,
        planned_at=unit.now,
    )
    await campaign_store.save_campaign(unit.db, campaign)
    unit.emit(
        CampaignPlanned(
            campaign=campaign.campaign,
            case=case,
            measure=campaign.measure,
            release=campaign.release,
            product=campaign.product,
            from_versions=campaign.from_versions,
            target_version=campaign.target_version,
            waves=campaign.plans,
            stop_rules=campaign.stop_rules,
            devices=len(devices),
            planned_by=actor.id,
            planned_at=unit.now,
        ),
        case=case,
    )
    await rollout.move(unit, [Move(None, enter(campaign, device)) for device in devices], None)
    unit.audit("campaign.plan", campaign.campaign, after=body.model_dump(mode="json"))
    return await _view(unit, campaign)


async def _check(body: CampaignIn, unit: Unit) -> None:
    """Refuse a campaign that names what does not exist or does not fit."""
    if await campaign_store.campaigns(unit.db, [body.campaign]):
        raise _conflict("Campaign exists", f"{body.campaign} was planned already", "/campaign")
    if not await facts.product_is_known(unit.db, body.product):
        raise _unfit("product", f"product {body.product} is not registered")
    measure = await facts.measure(unit.db, body.measure)
    if measure is None:
        raise _unfit("measure", f"measure {body.measure} is not known; plan it in the case first")
    if body.product not in measure.products:
        raise _unfit("product", f"measure {body.measure} is not for {body.product}")
    case = await facts.survivor(unit.db, body.case)
    if await facts.survivor(unit.db, measure.case) != case:
        raise _unfit("case", f"measure {body.measure} belongs to case {measure.case}")
    if body.release is None:
        return
    release = await campaign_store.release(unit.db, body.release)
    if release is None:
        raise _unfit("release", f"release {body.release} is not published")
    if (release["product"], release["version"]) != (body.product, body.target_version):
        text = f"release {body.release} brings {release['product']} {release['version']}"
        raise _unfit("release", text)


def _plans(body: CampaignIn, devices: Sequence[Device]) -> tuple[WavePlan, ...]:
    """Number the waves and count the devices that each adds."""
    plans = tuple(
        WavePlan(wave=number, method=wave.method, percent=wave.percent, devices=0)
        for number, wave in enumerate(body.waves, 1)
    )
    counts = [wave_of(body.campaign, each.device, each.method, plans) for each in devices]
    return tuple(plan.model_copy(update={"devices": counts.count(plan.wave)}) for plan in plans)


@routes.get("/v1/campaigns")
async def list_campaigns(
    unit: CurrentUnit,
    case: str | None = None,
    state: CampaignState | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CampaignView]:
    """List campaigns."""

    async def query(after: tuple[object, ...] | None, most: int) -> list[CampaignView]:
        start = str(after[0]) if after else ""
        names = await campaign_store.page(unit.db, start, case, state, most)
        held = await campaign_store.campaigns(unit.db, names)
        return [await _view(unit, held[name]) for name in names]

    return await page(query, cursor, limit, lambda each: (each.campaign,))


@routes.get("/v1/campaigns/{name}")
async def show(name: str, unit: CurrentUnit) -> CampaignView:
    """Show a campaign with its waves and what their gates said."""
    return await _view(unit, await _campaign(unit, name))


@routes.post("/v1/campaigns/{name}/waves/{number}/start", status_code=202)
async def start(name: str, number: int, unit: CurrentUnit) -> WaveAsked:
    """Ask a wave's gates; it starts as soon as they answer that it may."""
    actor = unit.require("operations")
    await unit.lock("campaign", [name])
    campaign = await _campaign(unit, name)
    waves = await _waves(unit, campaign)
    reason = why_not_start(waves, number)
    if campaign.state in (CampaignState.COMPLETED, CampaignState.ABORTED):
        reason = f"campaign {name} is {campaign.state}"
    if reason is not None:
        raise _conflict("Wave cannot start", reason, None)
    request = _ask(unit, campaign, number, actor.id)
    await campaign_store.ask(unit.db, name, number, request, actor.id)
    unit.audit("wave.start", f"{name}/{number}", after={"request": request})
    return WaveAsked(campaign=name, wave=number, request=request, state=WaveState.REQUESTED)


@routes.post("/v1/campaigns/{name}/waves/{number}/halt")
async def halt(name: str, number: int, body: Reason, unit: CurrentUnit) -> CampaignView:
    """Let a running wave stand still."""
    actor = unit.require("operations", "quality")
    await unit.lock("campaign", [name])
    campaign = await _campaign(unit, name)
    wave = await _wave(unit, campaign, number)
    if wave.state is not WaveState.STARTED:
        raise _conflict("Wave is not running", f"wave {number} is {wave.state}", None)
    stop = Halt(name, number, HaltRule.PERSON, body.reason)
    await rollout.halt(unit, [stop], None, actor.id)
    unit.audit("wave.halt", f"{name}/{number}", reason=body.reason)
    return await _view(unit, campaign)


@routes.post("/v1/campaigns/{name}/waves/{number}/resume", status_code=202)
async def resume(name: str, number: int, body: Reason, unit: CurrentUnit) -> WaveAsked:
    """Ask a halted wave's gates again; it goes on as soon as they answer that it may.

    After a safety event a person of quality must do it. The failures so far are accepted with the
    reason: the limit counts from here on.
    """
    actor = unit.require("operations", "quality")
    await unit.lock("campaign", [name])
    campaign = await _campaign(unit, name)
    wave = await _wave(unit, campaign, number)
    if wave.state is not WaveState.HALTED:
        raise _conflict("Wave is not halted", f"wave {number} is {wave.state}", None)
    if wave.halt_rule is HaltRule.SAFETY_EVENT:
        unit.require("quality")
    request = _ask(unit, campaign, number, actor.id)
    await campaign_store.ask_again(unit.db, name, number, request, actor.id, body.reason)
    unit.audit("wave.resume", f"{name}/{number}", after={"request": request}, reason=body.reason)
    return WaveAsked(campaign=name, wave=number, request=request, state=wave.state)


def _ask(unit: Unit, campaign: Campaign, number: int, person: str) -> str:
    """Emit a wave's question to its gates under an id of its own."""
    request = str(uuid7())
    unit.emit(
        WaveRequested(
            campaign=campaign.campaign,
            case=campaign.case,
            wave=number,
            request=request,
            measure=campaign.measure,
            product=campaign.product,
            release=campaign.release,
            requested_by=person,
            requested_at=unit.now,
        ),
        case=campaign.case,
    )
    return request


@routes.post("/v1/campaigns/{name}/abort")
async def abort(name: str, body: Reason, unit: CurrentUnit) -> CampaignView:
    """End a campaign for good."""
    actor = unit.require("operations")
    await unit.lock("campaign", [name])
    campaign = await _campaign(unit, name)
    if campaign.state in (CampaignState.COMPLETED, CampaignState.ABORTED):
        raise _conflict("Campaign has ended", f"campaign {name} is {campaign.state}", None)
    await campaign_store.abort(unit.db, name, unit.now)
    event = CampaignAborted(
        campaign=name,
        case=campaign.case,
        reason=body.reason,
        aborted_by=actor.id,
        aborted_at=unit.now,
    )
    unit.emit(event, case=campaign.case)
    unit.audit("campaign.abort", name, reason=body.reason)
    return await _view(unit, await _campaign(unit, name))


@routes.get("/v1/campaigns/{name}/coverage")
async def show_coverage(name: str, unit: CurrentUnit, by: By = "method") -> CoverageView:
    """Show how far the measure verifiably is, split as asked, with the definition."""
    campaign = await _campaign(unit, name)
    whole = await standing_store.coverage_by(unit.db, campaign.campaign, "campaign")
    parts = await standing_store.coverage_by(unit.db, campaign.campaign, by)
    return CoverageView(
        campaign=name,
        by=by,
        definition=DEFINITION,
        overall=_line(name, whole.get(name, {})),
        parts=tuple(_line(part, counts) for part, counts in parts.items()),
    )


@routes.get("/v1/campaigns/{name}/devices")
async def list_devices(
    name: str,
    unit: CurrentUnit,
    state: DeviceState | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[DeviceView]:
    """List a campaign's devices and where each stands."""
    campaign = await _campaign(unit, name)

    async def query(after: tuple[object, ...] | None, most: int) -> list[DeviceView]:
        start = str(after[0]) if after else ""
        rows = await standing_store.devices(unit.db, campaign.campaign, state, start, most)
        return [DeviceView.model_validate(dict(row)) for row in rows]

    return await page(query, cursor, limit, lambda each: (each.device,))


@routes.get("/v1/reconcile")
async def reconcile(unit: CurrentUnit) -> ReconcileView:
    """Recount all standings and find every device that a campaign should hold."""
    unit.require("admin")
    differences = tuple(await standing_store.differences(unit.db))
    return ReconcileView(service="deployment-tracker", differences=differences)


async def _campaign(unit: Unit, name: str) -> Campaign:
    held = await campaign_store.campaigns(unit.db, [name])
    if name not in held:
        raise Problem(
            404, "No such campaign", f"there is no campaign {name}",
            parameter="name", mend="list them with GET /v1/campaigns",
        )  # fmt: skip
    return held[name]


async def _waves(unit: Unit, campaign: Campaign) -> list[Wave]:
    return (await campaign_store.waves(unit.db, [campaign.campaign]))[campaign.campaign]


async def _wave(unit: Unit, campaign: Campaign, number: int) -> Wave:
    for wave in await _waves(unit, campaign):
        if wave.number == number:
            return wave
    raise Problem(
        404, "No such wave", f"campaign {campaign.campaign} has no wave {number}",
        parameter="number", mend="show the campaign to see its waves",
    )  # fmt: skip


async def _view(unit: Unit, campaign: Campaign) -> CampaignView:
    counts = await standing_store.coverage_by(unit.db, campaign.campaign, "wave")
    waves = []
    for row in await campaign_store.waves_seen(unit.db, campaign.campaign):
        counted = coverage(counts.get(str(row["wave"]), {}))
        shown = {key: value for key, value in row.items() if key in WaveView.model_fields}
        waves.append(
            WaveView(
                **shown,
                devices=counted.total,
                covered=counted.covered,
                detectable_percent=wave_rules.detectable_percent(counted.total),
                gates=tuple(GateView.model_validate(each) for each in row["gate_answers"] or ()),
                warnings=tuple(row["gate_warnings"]),
            )
        )
    return CampaignView(
        campaign=campaign.campaign,
        case=campaign.case,
        measure=campaign.measure,
        release=campaign.release,
        product=campaign.product,
        from_versions=campaign.from_versions,
        target_version=campaign.target_version,
        state=campaign.state,
        stop_rules=campaign.stop_rules,
        planned_by=campaign.planned_by,
        planned_at=campaign.planned_at,
        waves=tuple(waves),
    )


def _line(part: str, counts: dict[DeviceState, int]) -> CoverageLine:
    counted = coverage(counts)
    return CoverageLine(
        part=part,
        total=counted.total,
        covered=counted.covered,
        verified=counted.share,
        states=dict(counted.states),
        buckets={bucket.value: n for bucket, n in counted.buckets.items()},
    )


def _conflict(title: str, detail: str, pointer: str | None) -> Problem:
    return Problem(409, title, detail, pointer=pointer, mend="show the campaign to see its state")


def _unfit(field: str, detail: str) -> Problem:
    return Problem(
        422, "Campaign does not fit", detail, pointer=f"/{field}",
        mend="correct the field, or register what it names first",
    )  # fmt: skip
