"""Routes for waves: start, halt, resume. A wave moves on the answer of its gates."""

from schemas.campaigns import (
    WaveRequested,
)
from services.deployment_tracker import rollout
from services.deployment_tracker.domain.waves import (
    CampaignState,
    HaltRule,
    WaveState,
    why_not_start,
)
from services.deployment_tracker.http.desk import campaign_of, conflict, view, wave_in, waves_of
from services.deployment_tracker.store import campaigns as campaign_store
from services.deployment_tracker.store.campaigns import Campaign, Halt
from services.deployment_tracker.views import (
    CampaignView,
    Reason,
    WaveAsked,
)
from services.kit.http import CurrentUnit, router
from services.kit.ids import uuid7
from services.kit.unit import Unit

routes = router("deployment-tracker")


@routes.post("/v1/campaigns/{name}/waves/{number}/start", status_code=202)
async def start(name: str, number: int, unit: CurrentUnit) -> WaveAsked:
    """Ask a wave's gates; it starts as soon as they answer that it may."""
    actor = unit.require("operations")
    await unit.lock("campaign", [name])
    campaign = await campaign_of(unit, name)
    waves = await waves_of(unit, campaign)
    reason = why_not_start(waves, number)
    if campaign.state in (CampaignState.COMPLETED, CampaignState.ABORTED):
        reason = f"campaign {name} is {campaign.state}"
    if reason is not None:
        raise conflict("Wave cannot start", reason, None)
    request = _ask(unit, campaign, number, actor.id)
    await campaign_store.ask(unit.db, name, number, request, actor.id)
    unit.audit("wave.start", f"{name}/{number}", after={"request": request})
    return WaveAsked(campaign=name, wave=number, request=request, state=WaveState.REQUESTED)


@routes.post("/v1/campaigns/{name}/waves/{number}/halt")
async def halt(name: str, number: int, body: Reason, unit: CurrentUnit) -> CampaignView:
    """Let a running wave stand still."""
    actor = unit.require("operations", "quality")
    await unit.lock("campaign", [name])
    campaign = await campaign_of(unit, name)
    wave = await wave_in(unit, campaign, number)
    if wave.state is not WaveState.STARTED:
        raise conflict("Wave is not running", f"wave {number} is {wave.state}", None)
    stop = Halt(name, number, HaltRule.PERSON, body.reason)
    await rollout.halt(unit, [stop], None, actor.id)
    unit.audit("wave.halt", f"{name}/{number}", reason=body.reason)
    return await view(unit, campaign)


@routes.post("/v1/campaigns/{name}/waves/{number}/resume", status_code=202)
async def resume(name: str, number: int, body: Reason, unit: CurrentUnit) -> WaveAsked:
    """Ask a halted wave's gates again; it goes on as soon as they answer that it may.

    After a safety event a person of quality must do it. The failures so far are accepted with the
    reason: the limit counts from here on.
    """
    actor = unit.require("operations", "quality")
    await unit.lock("campaign", [name])
    campaign = await campaign_of(unit, name)
    wave = await wave_in(unit, campaign, number)
    if wave.state is not WaveState.HALTED:
        raise conflict("Wave is not halted", f"wave {number} is {wave.state}", None)
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
