"""Routes for campaigns: plan, list, show, abort."""

from collections.abc import Sequence

from schemas.campaigns import (
    CampaignAborted,
    CampaignPlanned,
    WavePlan,
)
from services.deployment_tracker import publication, rollout
from services.deployment_tracker.domain.waves import (
    CampaignState,
    wave_of,
)
from services.deployment_tracker.handlers import enter
from services.deployment_tracker.http.desk import campaign_of, conflict, view, views
from services.deployment_tracker.rollout import Move
from services.deployment_tracker.store import campaigns as campaign_store
from services.deployment_tracker.store import facts, releases
from services.deployment_tracker.store.campaigns import Campaign
from services.deployment_tracker.store.facts import Device
from services.deployment_tracker.views import (
    CampaignIn,
    CampaignView,
    Reason,
)
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page, router
from services.kit.unit import Unit

routes = router("deployment-tracker")


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
    return await view(unit, campaign)


async def _check(body: CampaignIn, unit: Unit) -> None:
    """Refuse a campaign that names what does not exist or does not fit."""
    if await campaign_store.campaigns(unit.db, [body.campaign]):
        raise conflict("Campaign exists", f"{body.campaign} was planned already", "/campaign")
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
    release = await releases.one(unit.db, body.release)
    if release is None:
        raise _unfit("release", f"release {body.release} is not published")
    if (release.product, release.version) != (body.product, body.target_version):
        text = f"release {body.release} brings {release.product} {release.version}"
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
        return await views(unit, [held[name] for name in names])

    return await page(query, cursor, limit, lambda each: (each.campaign,))


@routes.get("/v1/campaigns/{name}")
async def show(name: str, unit: CurrentUnit) -> CampaignView:
    """Show a campaign with its waves and what their gates said."""
    return await view(unit, await campaign_of(unit, name))


@routes.post("/v1/campaigns/{name}/abort")
async def abort(name: str, body: Reason, unit: CurrentUnit) -> CampaignView:
    """End a campaign for good."""
    actor = unit.require("operations")
    await unit.lock("campaign", [name])
    campaign = await campaign_of(unit, name)
    if campaign.state in (CampaignState.COMPLETED, CampaignState.ABORTED):
        raise conflict("Campaign has ended", f"campaign {name} is {campaign.state}", None)
    await campaign_store.abort(unit.db, name, unit.now)
    publication.forget_later(unit, [name], None)
    event = CampaignAborted(
        campaign=name,
        case=campaign.case,
        reason=body.reason,
        aborted_by=actor.id,
        aborted_at=unit.now,
    )
    unit.emit(event, case=campaign.case)
    unit.audit("campaign.abort", name, reason=body.reason)
    return await view(unit, await campaign_of(unit, name))


def _unfit(field: str, detail: str) -> Problem:
    return Problem(
        422, "Campaign does not fit", detail, pointer=f"/{field}",
        mend="correct the field, or register what it names first",
    )  # fmt: skip
