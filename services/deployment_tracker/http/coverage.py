"""Routes for coverage: counts with their definition, devices, and the recount."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import Query

from schemas.devices import DeviceState
from services.deployment_tracker.domain.coverage import DEFINITION, coverage
from services.deployment_tracker.http.desk import campaign_of
from services.deployment_tracker.store import facts
from services.deployment_tracker.store import standings as standing_store
from services.deployment_tracker.views import (
    CoverageLine,
    CoverageView,
    DeviceView,
    InstallationsView,
    InstallationView,
    ReconcileView,
    RunsView,
)
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page, router

routes = router("deployment-tracker")

By = Annotated[
    Literal["method", "wave", "market", "version", "hardware"],
    Query(description="What coverage is split by."),
]


@routes.get("/v1/campaigns/{name}/coverage")
async def show_coverage(name: str, unit: CurrentUnit, by: By = "method") -> CoverageView:
    """Show how far the measure verifiably is, split as asked, with the definition."""
    campaign = await campaign_of(unit, name)
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
    campaign = await campaign_of(unit, name)

    async def query(after: tuple[object, ...] | None, most: int) -> list[DeviceView]:
        start = str(after[0]) if after else ""
        rows = await standing_store.devices(unit.db, campaign.campaign, state, start, most)
        return [DeviceView.model_validate(dict(row)) for row in rows]

    return await page(query, cursor, limit, lambda each: (each.device,))


@routes.get("/v1/installations")
async def list_installations(
    unit: CurrentUnit,
    product: Annotated[list[str], Query(max_length=100, description="Products, repeated.")],
    version: Annotated[list[str], Query(max_length=100, description="A version for each.")],
) -> InstallationsView:
    """Count the registered devices of product versions by site."""
    unit.require()
    if len(product) != len(version):
        raise Problem(
            422, "Not as many versions as products",
            f"there are {len(product)} products and {len(version)} versions",
            parameter="version", mend="name a version for each product, in the same order",
        )  # fmt: skip
    rows = await facts.installations(unit.db, product, version)
    return InstallationsView(items=tuple(InstallationView(**asdict(row)) for row in rows))


@routes.get("/v1/devices/{device:path}")
async def show_device(device: str, unit: CurrentUnit) -> RunsView:
    """Say what a device runs: as it last attested, else as it is registered."""
    unit.require()
    found = await facts.runs(unit.db, device)
    if found is None:
        raise Problem(
            404, "No such device", f"there is no device {device}", parameter="device",
            mend="list them with `patchvigil device ls`; one just registered takes a moment",
        )  # fmt: skip
    return RunsView(**asdict(found), version=found.version)


@routes.get("/v1/reconcile")
async def reconcile(unit: CurrentUnit) -> ReconcileView:
    """Recount all standings and find every device that a campaign should hold."""
    unit.require("admin")
    differences = tuple(await standing_store.differences(unit.db))
    return ReconcileView(service="deployment-tracker", differences=differences)


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
