"""Keeps what other services publish: products, devices, measures, and cases that were merged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.cases import Measure
from schemas.catalogue import ProductRegistered, ProductRetired
from schemas.devices import DeviceRegistered, DeviceRetired, Method
from services.kit.database import Connection
from services.kit.records import Received

SAVE_PRODUCTS = """
INSERT INTO product (product, name, retired, revision)
SELECT * FROM unnest($1::text[], $2::text[], $3::bool[], $4::bigint[])
ON CONFLICT (product) DO UPDATE
   SET name = excluded.name, retired = excluded.retired, revision = excluded.revision
 WHERE product.revision < excluded.revision
"""

SAVE_DEVICES = """
INSERT INTO device (device, product, version, hardware, site, market, method, retired, revision)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                     $7::text[], $8::bool[], $9::bigint[])
ON CONFLICT (device) DO UPDATE
   SET product = excluded.product, version = excluded.version, hardware = excluded.hardware,
       site = excluded.site, market = excluded.market, method = excluded.method,
       retired = excluded.retired, revision = excluded.revision
 WHERE device.revision < excluded.revision
RETURNING device, product, version, hardware, site, market, method, retired
"""

SAVE_MEASURES = """
INSERT INTO measure (measure, case_id, title, products, target_version, approved_at, available_at,
                     revision)
SELECT measure, case_id, title, string_to_array(products, chr(31)), target_version, approved_at,
       available_at, revision
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
              $7::timestamptz[], $8::bigint[])
    AS new (measure, case_id, title, products, target_version, approved_at, available_at, revision)
ON CONFLICT (measure) DO UPDATE
   SET case_id = excluded.case_id, title = excluded.title, products = excluded.products,
       target_version = excluded.target_version, approved_at = excluded.approved_at,
       available_at = excluded.available_at, revision = excluded.revision
 WHERE measure.revision < excluded.revision
"""

FORWARD_CASES = """
WITH merged AS (
    SELECT * FROM unnest($1::text[], $2::text[]) AS new (absorbed, survivor)
), kept AS (
    INSERT INTO case_forward SELECT * FROM merged
    ON CONFLICT (absorbed) DO UPDATE SET survivor = excluded.survivor
)
UPDATE campaign SET case_id = merged.survivor FROM merged WHERE case_id = merged.absorbed
"""

FORWARD = "SELECT survivor FROM case_forward WHERE absorbed = $1"
MEASURE = """
SELECT measure, case_id, title, products, target_version, approved_at FROM measure
 WHERE measure = $1
"""
DEVICES_OF = """
SELECT device, product, version, hardware, site, market, method, retired FROM device
 WHERE product = $1 AND version = ANY($2) AND NOT retired
"""
INSTALLATIONS = """
SELECT d.product, d.version, d.site, count(*) AS devices FROM device d
JOIN unnest($1::text[], $2::text[]) AS w(product, version) USING (product, version)
WHERE NOT d.retired GROUP BY 1, 2, 3 ORDER BY 1, 2, 4 DESC, 3
"""
RUNS = """
SELECT d.device, d.product, d.hardware, d.version AS registered, d.retired,
    s.reported_version AS attested, s.campaign, s.changed_at AS attested_at
FROM device d
LEFT JOIN LATERAL (SELECT * FROM standing s JOIN campaign c USING (campaign)
    WHERE s.device = d.device AND c.product = d.product AND s.reported_version IS NOT NULL
    ORDER BY s.changed_at DESC LIMIT 1) s ON true
WHERE d.device = $1
"""
KNOWN = "SELECT device FROM device WHERE device = ANY($1)"
PRODUCT = "SELECT name FROM product WHERE product = $1 AND NOT retired"

_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Installation:
    """How many devices of a product version are at a site; None where that is not known."""

    product: str
    version: str
    site: str | None
    devices: int


@dataclass(frozen=True, slots=True)
class Runs:
    """A device's version as it is registered, and as it attested in its last report, if it did."""

    device: str
    product: str
    hardware: str
    registered: str
    retired: bool
    attested: str | None
    campaign: str | None
    attested_at: datetime | None

    @property
    def version(self) -> str:
        """The version it runs: an attestation goes before what the catalogue says."""
        return self.attested or self.registered


@dataclass(frozen=True, slots=True)
class Device:
    """A fielded device as the catalogue last described it."""

    device: str
    product: str
    version: str
    hardware: str
    site: str | None
    market: str
    method: Method
    retired: bool


@dataclass(frozen=True, slots=True)
class KnownMeasure:
    """A measure as triage last described it."""

    measure: str
    case: str
    title: str
    products: tuple[str, ...]
    target_version: str | None
    approved_at: datetime | None


async def save_products(
    db: Connection, received: Sequence[Received[ProductRegistered | ProductRetired]]
) -> None:
    """Keep the newest state of each product."""
    rows = {}
    for each in received:
        last = each.event.last if isinstance(each.event, ProductRetired) else each.event
        retired = isinstance(each.event, ProductRetired)
        rows[last.product] = (last.product, last.name, retired, each.revision)
    if rows:
        await db.execute(SAVE_PRODUCTS, *_columns(rows.values()))


async def save_devices(
    db: Connection, received: Sequence[Received[DeviceRegistered | DeviceRetired]]
) -> list[Device]:
    """Keep the newest state of each device; return those that changed."""
    rows = {}
    for each in received:
        last = each.event.last if isinstance(each.event, DeviceRetired) else each.event
        rows[last.device] = (
            last.device, last.product, last.version, last.hardware, last.site, last.market,
            last.method.value, isinstance(each.event, DeviceRetired), each.revision,
        )  # fmt: skip
    if not rows:
        return []
    return [_device(*row) for row in await db.fetch(SAVE_DEVICES, *_columns(rows.values()))]


async def save_measures(db: Connection, measures: Iterable[tuple[str, Measure, int]]) -> None:
    """Keep the newest state of each measure, given as (case, measure, revision)."""
    rows = {
        measure.measure: (
            measure.measure, case, measure.title, _SEPARATOR.join(measure.products),
            measure.target_version, measure.approved_at, measure.available_at, revision,
        )
        for case, measure, revision in measures
    }  # fmt: skip
    if rows:
        await db.execute(SAVE_MEASURES, *_columns(rows.values()))


async def forward_cases(db: Connection, merges: dict[str, str]) -> None:
    """Remember absorbed cases and move their campaigns to the survivors."""
    if merges:
        await db.execute(FORWARD_CASES, list(merges), list(merges.values()))


async def survivor(db: Connection, case: str) -> str:
    """Name the case that an absorbed one lives on in, else the case itself."""
    return await db.fetchval(FORWARD, case) or case


async def product_is_known(db: Connection, product: str) -> bool:
    """Tell whether the catalogue holds the product."""
    return await db.fetchval(PRODUCT, product) is not None


async def measure(db: Connection, name: str) -> KnownMeasure | None:
    """Load one measure."""
    row = await db.fetchrow(MEASURE, name)
    if row is None:
        return None
    return KnownMeasure(
        row["measure"], row["case_id"], row["title"], tuple(row["products"]),
        row["target_version"], row["approved_at"],
    )  # fmt: skip


async def installations(
    db: Connection, products: Sequence[str], versions: Sequence[str]
) -> list[Installation]:
    """Count devices of product versions by site, the most first."""
    return [Installation(**row) for row in await db.fetch(INSTALLATIONS, products, versions)]


async def runs(db: Connection, device: str) -> Runs | None:
    """Load what a device is registered with and what it last attested; None if unknown."""
    row = await db.fetchrow(RUNS, device)
    return Runs(**dict(row)) if row else None


async def devices_of(db: Connection, product: str, versions: Iterable[str]) -> list[Device]:
    """Load the devices of a product that run one of the versions."""
    return [_device(*row) for row in await db.fetch(DEVICES_OF, product, list(versions))]


async def known(db: Connection, devices: Iterable[str]) -> set[str]:
    """Tell which of the devices were ever registered."""
    return {row["device"] for row in await db.fetch(KNOWN, list(devices))}


def _device(  # noqa: PLR0913, PLR0917 - the columns of a row
    device: str, product: str, version: str, hardware: str,
    site: str | None, market: str, method: str, retired: bool,  # noqa: FBT001
) -> Device:  # fmt: skip
    return Device(device, product, version, hardware, site, market, Method(method), retired)


def _columns(rows: Iterable[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
