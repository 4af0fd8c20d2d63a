"""Intake's HTTP edge for the catalogue: what is registered, contacts, and their erasure."""

from typing import Annotated, Any

from fastapi import Query

from schemas.catalogue import EntityRegistered, SiteRegistered
from services.intake import sealing, views
from services.intake.absence import absent
from services.intake.domain.submission import LONGEST_NAME
from services.intake.store import catalogue as stored
from services.intake.store import contacts
from services.kit.http import CurrentUnit, Cursor, Limit, Page, page
from services.kit.http import router as make_router
from services.kit.unit import Unit

router = make_router("intake")

Text = Annotated[str | None, Query(max_length=LONGEST_NAME)]


def _key(after: object) -> str:
    return str(after[0]) if isinstance(after, tuple) and after else ""


@router.get("/v1/products")
async def list_products(
    unit: CurrentUnit, cursor: Cursor = None, limit: Limit = 50
) -> Page[views.ProductView]:
    """Products by id, retired ones included."""

    async def query(after: object, wanted: int) -> list[views.ProductView]:
        rows = await stored.rows(unit.db, "product", _key(after), wanted)
        return [views.product(row) for row in rows]

    return await page(query, cursor, limit, lambda view: (view.product.product,))


@router.get("/v1/products/{product:path}")
async def show_product(product: str, unit: CurrentUnit) -> views.ProductView:
    """One product."""
    return views.product(await _registered(unit, "product", product, "products"))


@router.get("/v1/entities")
async def list_entities(
    unit: CurrentUnit, cursor: Cursor = None, limit: Limit = 50
) -> Page[EntityRegistered]:
    """Legal entities by id."""

    async def query(after: object, wanted: int) -> list[EntityRegistered]:
        rows = await stored.rows(unit.db, "entity", _key(after), wanted)
        return [views.entity(row) for row in rows]

    return await page(query, cursor, limit, lambda view: (view.entity,))


@router.get("/v1/entities/{entity:path}")
async def show_entity(entity: str, unit: CurrentUnit) -> EntityRegistered:
    """One legal entity."""
    return views.entity(await _registered(unit, "entity", entity, "entities"))


@router.get("/v1/sites")
async def list_sites(
    unit: CurrentUnit, cursor: Cursor = None, limit: Limit = 50
) -> Page[SiteRegistered]:
    """Sites by id; their contacts are references."""

    async def query(after: object, wanted: int) -> list[SiteRegistered]:
        rows = await stored.rows(unit.db, "site", _key(after), wanted)
        return [views.site(row) for row in rows]

    return await page(query, cursor, limit, lambda view: (view.site,))


@router.get("/v1/sites/{site:path}")
async def show_site(site: str, unit: CurrentUnit) -> SiteRegistered:
    """One site; its contacts are references."""
    return views.site(await _registered(unit, "site", site, "sites"))


@router.get("/v1/devices")
async def list_devices(
    unit: CurrentUnit,
    product: Text = None,
    site: Text = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[views.DeviceView]:
    """Devices by id, of a product or at a site."""

    async def query(after: object, wanted: int) -> list[views.DeviceView]:
        rows = await stored.rows(unit.db, "device", _key(after), wanted, product, site)
        return [views.device(row) for row in rows]

    return await page(query, cursor, limit, lambda view: (view.device.device,))


@router.get("/v1/devices/{device:path}")
async def show_device(device: str, unit: CurrentUnit) -> views.DeviceView:
    """One device."""
    return views.device(await _registered(unit, "device", device, "devices"))


async def _registered(unit: Unit, kind: str, name: str, listed: str) -> Any:
    row = await stored.row(unit.db, f"{kind}/{name}")
    if row is None:
        raise absent(kind, name, listed)
    return row


@router.get("/v1/contacts/{reference}")
async def show_contact(reference: str, unit: CurrentUnit) -> views.ContactView:
    """Personal data under a reference, for whoever has to reach the person."""
    unit.require("psirt", "regulatory", "admin")
    found = await contacts.read(unit.db, sealing.current(), reference)
    if found is None:
        raise absent("contact", reference)
    return views.ContactView(
        reference=reference, name=found.name, role=found.role, email=found.email, phone=found.phone
    )


@router.delete("/v1/contacts/{reference}")
async def erase_contact(reference: str, unit: CurrentUnit) -> views.Erased:
    """Erase personal data for good, with the originals that hold it; the reference stays, empty."""
    unit.require("psirt", "regulatory", "admin")
    count = await contacts.erase(unit.db, reference, unit.now)
    if count is None:
        raise absent("contact", reference)
    unit.audit("contact.erased", f"contact/{reference}", reason="erasure request")
    return views.Erased(reference=reference, originals=count)


@router.get("/v1/reconcile")
async def reconcile(unit: CurrentUnit) -> views.ReconcileView:
    """Compare what waits with what is registered; a difference is a join that was missed."""
    unit.require("admin")
    return views.ReconcileView(differences=await stored.missed(unit.db))
