"""What several routes need: a campaign or wave by name, how it is shown, a refusal."""

from collections.abc import Mapping, Sequence

from asyncpg import Record

from schemas.devices import DeviceState
from services.deployment_tracker.domain.coverage import coverage
from services.deployment_tracker.domain.waves import Wave, detectable_percent
from services.deployment_tracker.store import campaigns as campaign_store
from services.deployment_tracker.store import standings as standing_store
from services.deployment_tracker.store.campaigns import Campaign
from services.deployment_tracker.views import (
    CampaignView,
    GateView,
    WaveView,
)
from services.kit.http import Problem
from services.kit.unit import Unit


async def campaign_of(unit: Unit, name: str) -> Campaign:
    """Load a campaign, or refuse with what there is to do."""
    held = await campaign_store.campaigns(unit.db, [name])
    if name not in held:
        raise Problem(
            404, "No such campaign", f"there is no campaign {name}",
            parameter="name", mend="list them with GET /v1/campaigns",
        )  # fmt: skip
    return held[name]


async def waves_of(unit: Unit, campaign: Campaign) -> list[Wave]:
    """Load and lock a campaign's waves."""
    return (await campaign_store.waves(unit.db, [campaign.campaign]))[campaign.campaign]


async def wave_in(unit: Unit, campaign: Campaign, number: int) -> Wave:
    """Load and lock one wave of a campaign, or refuse."""
    for wave in await waves_of(unit, campaign):
        if wave.number == number:
            return wave
    raise Problem(
        404, "No such wave", f"campaign {campaign.campaign} has no wave {number}",
        parameter="number", mend="show the campaign to see its waves",
    )  # fmt: skip


async def view(unit: Unit, campaign: Campaign) -> CampaignView:
    """Show one campaign with its waves."""
    [shown] = await views(unit, [campaign])
    return shown


async def views(unit: Unit, campaigns: Sequence[Campaign]) -> list[CampaignView]:
    """Show campaigns with their waves: two statements, whatever their number."""
    names = [each.campaign for each in campaigns]
    counts = await standing_store.by_wave(unit.db, names)
    waves: dict[str, list[WaveView]] = {}
    for row in await campaign_store.waves_seen(unit.db, names):
        place = row["campaign"], row["wave"]
        waves.setdefault(row["campaign"], []).append(_wave(row, counts.get(place, {})))
    return [_campaign(each, waves.get(each.campaign, [])) for each in campaigns]


def _wave(row: Record, counts: Mapping[DeviceState, int]) -> WaveView:
    counted = coverage(counts)
    shown = {key: value for key, value in row.items() if key in WaveView.model_fields}
    return WaveView(
        **shown,
        devices=counted.total,
        covered=counted.covered,
        detectable_percent=detectable_percent(counted.total),
        gates=tuple(GateView.model_validate(each) for each in row["gate_answers"] or ()),
        warnings=tuple(row["gate_warnings"]),
    )


def _campaign(campaign: Campaign, waves: Sequence[WaveView]) -> CampaignView:
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
        ended_at=campaign.ended_at,
        waves=tuple(waves),
    )


def conflict(title: str, detail: str, pointer: str | None) -> Problem:
    """Word a refusal for what does not fit the campaign's state."""
    return Problem(409, title, detail, pointer=pointer, mend="show the campaign to see its state")
