"""The input models of our own files: every field a person may write, each with its meaning.

They mirror the contracts without what intake adds (when it accepted a row), and refuse what they do
not know, at any depth: a misspelt fact must not be a silently missing one.
"""

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.catalogue import (
    ClinicalUse,
    Establishment,
    EuFacts,
    Identity,
    Nis2Status,
    ProductVersion,
    Qualification,
    UsFacts,
)
from schemas.devices import Method
from schemas.event import Instant, Name
from schemas.signals import Harm, ReportKind
from services.intake.formats.cve import CVE_ID

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,199}$")]
"""An identifier: letters, digits and `. _ : @ / + -`, at most 200."""
Market = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
"""A country, ISO 3166-1 alpha-2, in capitals."""
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{2,127}$")]
"""A vulnerability's identifier, such as a CVE or GHSA id."""

__all__ = ["CVE_ID", "LISTS", "Row"]


class Row(BaseModel):
    """A row of one of our files; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ContactRow(Row):
    """Whom to reach: personal data, stored encrypted and erasable, never published."""

    name: Name = Field(description="Name or, better, a role's name.")
    role: str = Field("", max_length=200, description="Role, such as biomedical engineering.")
    email: str = Field("", max_length=320, description="Mail address.")
    phone: str = Field("", max_length=60, description="Telephone.")


class ProductRow(Row):
    """A product and its versions, as full state: it replaces what was registered before."""

    product: Id = Field(description="The product's id in this catalogue.")
    name: Name = Field(description="Brand name; an SBOM may name the product by it.")
    entity: Id = Field(description="Id of the legal entity that makes it.")
    qualification: Qualification | None = Field(
        None, description="Whether it is a device, by whom decided."
    )
    intended_use: str = Field("", description="Intended use in words.")
    eu: EuFacts | None = Field(None, description="EU facts; leave out while unknown.")
    us: UsFacts | None = Field(None, description="US facts; leave out while unknown.")
    markets: tuple[Market, ...] = Field((), description="Countries it is made available in.")
    clinical_use: ClinicalUse | None = Field(None, description="How it touches patients.")
    identities: tuple[Identity, ...] = Field((), description="Its names in advisories.")
    versions: tuple[ProductVersion, ...] = Field((), description="Released versions.")
    support_ends_on: date | None = Field(None, description="End of the support period.")
    retired: bool = Field(default=False, description="It leaves the catalogue.")


class EntityRow(Row):
    """A legal entity, as full state."""

    entity: Id = Field(description="The entity's id.")
    name: Name = Field(description="Registered name.")
    address: str | None = Field(None, description="Postal address.")
    phone: str | None = Field(None, description="Telephone of the organisation.")
    country: Market | None = Field(None, description="Seat.")
    main_establishment: Establishment | None = Field(None, description="CRA Article 14(7).")
    nis2: dict[Market, Nis2Status] = Field(
        default_factory=dict, description="Status per Member State."
    )
    fda_registration: str | None = Field(
        None, pattern=r"^\d{7,10}$", description="FEI or registration."
    )
    isao_member: bool | None = Field(None, description="Active ISAO membership.")
    representatives: tuple[Id, ...] = Field((), description="Principals entitled to file.")
    responsible: str | None = Field(None, description="Role responsible for actions.")


class SiteRow(Row):
    """A customer or consignee site, as full state."""

    site: Id = Field(description="The site's id.")
    name: Name = Field(description="Name of the organisation.")
    country: Market = Field(description="Where it is.")
    address: str | None = Field(None, description="Postal address of the organisation.")
    kind: str = Field("customer", pattern="^(customer|consignee)$", description="Which of the two.")
    contact: ContactRow | None = Field(None, description="Whom to reach there.")


class DeviceRow(Row):
    """A fielded device, as full state; its id is never patient data."""

    device: Id = Field(description="UDI-PI or a serial number's hash.")
    product: Id = Field(description="Id of its product, which must be in the catalogue.")
    version: Name = Field(description="Software version it runs.")
    hardware: str = Field("", description="Hardware revision; empty where there is just one.")
    site: Id | None = Field(None, description="Where it stands.")
    market: Market = Field(description="Country it was placed in.")
    method: Method = Field(description="How updates reach it: automatic, manual, physical.")
    udi_di: str | None = Field(None, description="UDI device identifier.")
    lot: str | None = Field(None, description="Lot or batch.")
    retired: bool = Field(default=False, description="It left the field.")


class ReportRow(Row):
    """A report of a vulnerability, with or without an identifier."""

    report: Id = Field(description="The report's id.")
    kind: ReportKind = Field(description="Who reports.")
    title: Name = Field(description="Title.")
    summary: str = Field("", description="In words; no personal data.")
    identifiers: tuple[Identifier, ...] = Field((), description="CVE or other ids, if any.")
    product: Id | None = Field(None, description="Product it concerns, if known.")
    version: str | None = Field(None, description="Version, if known.")
    site: Id | None = Field(None, description="Site it comes from, if known.")
    exploited: bool = Field(default=False, description="The reporter saw exploitation.")
    reporter: ContactRow | None = Field(None, description="Who reports, to be reached again.")
    occurred_at: Instant | None = Field(None, description="When it was seen.")
    received_at: Instant | None = Field(
        None, description="First receipt by any employee or representative; else when we got it."
    )


class IncidentRow(Row):
    """Something that happened at a customer."""

    report: Id = Field(description="The report's id.")
    title: Name = Field(description="Title.")
    summary: str = Field("", description="In words; no personal or patient data.")
    product: Id = Field(description="Product it concerns.")
    version: str | None = Field(None, description="Version, if known.")
    device: Id | None = Field(None, description="Device, if known.")
    site: Id | None = Field(None, description="Site, if known.")
    country: Market | None = Field(None, description="Country of the incident.")
    harm: Harm = Field(description="Harm done or possible.")
    identifiers: tuple[Identifier, ...] = Field((), description="CVE or other ids, if any.")
    exploited: bool = Field(default=False, description="The reporter suspects exploitation.")
    reporter: ContactRow | None = Field(None, description="Who reports, to be reached again.")
    occurred_at: Instant | None = Field(None, description="When it happened.")
    received_at: Instant | None = Field(
        None, description="First receipt by any employee or representative; else when we got it."
    )


LISTS: dict[str, type[Row]] = {
    "entities": EntityRow,
    "products": ProductRow,
    "sites": SiteRow,
    "devices": DeviceRow,
    "reports": ReportRow,
    "incidents": IncidentRow,
}
"""The lists a file may hold, in the order of taking them in, and the model of their rows."""


def unknown_fields(model: Any, raw: Any, at: str) -> list[str]:
    """Pointers to the fields of `raw` that the contract's nested values do not know."""
    if not isinstance(raw, dict) or not isinstance(model, BaseModel):
        return []
    found = [f"{at}/{key}" for key in raw if key not in type(model).model_fields]
    for key, value in raw.items():
        inner = getattr(model, key, None) if key in type(model).model_fields else None
        if isinstance(inner, tuple) and isinstance(value, list):
            for position, (one, each) in enumerate(zip(inner, value, strict=False)):
                found += unknown_fields(one, each, f"{at}/{key}/{position}")
        else:
            found += unknown_fields(inner, value, f"{at}/{key}")
    return found
