"""The HTTP edge: findings with evidence, vulnerabilities by any identifier, where things are."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from schemas.findings import FindingKind, Verdict
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page, router
from services.kit.pages import Key
from services.sbom_matcher.domain import asked, description, kinds, support
from services.sbom_matcher.domain.versions.vers import VersError
from services.sbom_matcher.reconcile import reconcile
from services.sbom_matcher.store import groups, queries
from services.sbom_matcher.store.queries import Filters, Location, Shown
from services.sbom_matcher.views import (
    FindingView,
    LocationView,
    ReconcileView,
    VulnerabilityView,
)

routes = router("sbom-matcher")

Asked = Annotated[str | None, Query(max_length=512)]


def _filters(
    verdict: Verdict | None = None,
    product: Asked = None,
    vulnerability: Annotated[
        str | None, Query(max_length=512, description="By any of its identifiers.")
    ] = None,
    kind: FindingKind | None = None,
    *,
    ended: Annotated[bool, Query(description="Also those that hold no more.")] = False,
) -> Filters:
    return Filters(verdict, product, vulnerability, kind, only_live=not ended)


@routes.get("/v1/findings")
async def list_findings(
    unit: CurrentUnit,
    filters: Annotated[Filters, Depends(_filters)],
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[FindingView]:
    """List findings, live ones unless asked otherwise."""
    unit.require()

    async def query(after: Key | None, most: int) -> list[FindingView]:
        return [
            _view(each, unit.now) for each in await queries.findings(unit.db, filters, after, most)
        ]

    return await page(query, cursor, limit, lambda each: (UUID(each.finding),))


@routes.get("/v1/findings/{finding}")
async def show_finding(finding: UUID, unit: CurrentUnit) -> FindingView:
    """Show one finding with every assertion that met it, live or ended."""
    unit.require()
    found = await queries.finding(unit.db, finding)
    if found is None:
        raise Problem(
            404, "No such finding", f"there is no finding {finding}",
            parameter="finding", mend="list them at /v1/findings",
        )  # fmt: skip
    return _view(found, unit.now)


@routes.get("/v1/vulnerabilities/{identifier:path}")
async def show_vulnerability(identifier: str, unit: CurrentUnit) -> VulnerabilityView:
    """Show a vulnerability by any of its identifiers."""
    unit.require()
    text = kinds.described(identifier)
    if text is not None:
        return VulnerabilityView(
            description=text, advisories=(), findings=await queries.counts(unit.db, identifier)
        )
    name = await queries.group_of(unit.db, identifier)
    if name is None:
        raise Problem(
            404, "No such vulnerability", f"no advisory held speaks of {identifier}",
            parameter="identifier", mend="submit an advisory that does, or check the spelling",
        )  # fmt: skip
    [(group, records)] = await groups.described(unit.db, [name])
    return VulnerabilityView(
        description=description.describe(group.id, group.identifiers, group.absorbed, records),
        advisories=await queries.advisories(unit.db, name),
        findings=await queries.counts(unit.db, name),
        unnamed_claims=await queries.unnamed(unit.db, name),
    )


@routes.get("/v1/where")
async def where(
    unit: CurrentUnit,
    component: Annotated[
        str,
        Query(min_length=1, max_length=512, description="Name or purl; `@version`, `@>=1,<2`."),
    ],
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[LocationView]:
    """Say which product versions hold a component, by its exact name or its package URL."""
    unit.require()
    try:
        wanted = asked.read(component)
    except VersError as error:
        raise Problem(
            422, "No version or range", str(error), parameter="component",
            mend="write it as NAME@1.2.3, NAME@>=1.0,<2.0 or NAME@vers:npm/>=1.0|<2.0",
        ) from error  # fmt: skip

    async def query(after: Key | None, most: int) -> list[Location]:
        return list(await queries.where(unit.db, wanted, after, most))

    found = await page(
        query, cursor, limit, lambda each: (each.product, each.version, each.hardware, each.place)
    )
    return Page(items=[_location(each) for each in found.items], next=found.next)


@routes.get("/v1/reconcile")
async def recompute(request: Request, unit: CurrentUnit) -> ReconcileView:
    """Recompute every finding and compare; runs in a snapshot of its own and changes nothing."""
    unit.require("admin")
    found = await reconcile(request.app.state.context.pool, unit.now)
    return ReconcileView(
        vulnerabilities=found.vulnerabilities,
        versions=found.versions,
        findings=found.findings,
        waiting=found.waiting,
        counted=found.differences,
        differences=tuple(
            f"{each.what} {each.vulnerability} {each.product} {each.version} {each.component}"
            for each in found.listed
        ),
    )


def _view(shown: Shown, now: datetime) -> FindingView:
    held = shown.finding.support
    return FindingView(
        **dict(shown.finding),
        days_left=support.days_left(held.ends_on, now.date()) if held else None,
        live=shown.live,
        cleared_at=shown.cleared_at,
    )


def _location(found: Location) -> LocationView:
    return LocationView(
        product=found.product,
        version=found.version,
        hardware=found.hardware,
        component=found.name,
        component_version=found.component_version,
        component_purl=found.purl,
        in_range="unknown" if found.unread else "yes",
    )
