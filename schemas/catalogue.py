"""Stream `catalogue`: products, legal entities and sites, each event the full state of one."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from schemas.advisories import Identifier
from schemas.event import Event, Instant, Name, Value

Country = str
"""An ISO 3166-1 alpha-2 code in capitals."""


class QualificationKind(StrEnum):
    """What a product is in the sense of MDR Article 1 and 2."""

    DEVICE = "device"
    ACCESSORY = "accessory"
    NOT_A_DEVICE = "not_a_device"


class Qualification(Value):
    """A person's decision on whether a product is a medical device, with its rationale."""

    kind: QualificationKind = Field(description="Device, accessory, or not a device.")
    rationale: Name = Field(description="Why, in words.")
    decided_by: Name = Field(description="Who decided.")
    decided_on: date = Field(description="When.")


class EuRegime(StrEnum):
    """The EU device regulation that a product falls under."""

    MDR = "mdr"
    IVDR = "ivdr"
    NONE = "none"


class CertificateType(StrEnum):
    """Which EU certificate decides how changes reach the Notified Body (MDR Annexes IX and X)."""

    QUALITY_MANAGEMENT = "quality_management"
    TECHNICAL_DOCUMENTATION = "technical_documentation"
    TYPE_EXAMINATION = "type_examination"
    NONE = "none"


class UsClearance(StrEnum):
    """The US marketing route of a device."""

    K510 = "510k"
    DE_NOVO = "de_novo"
    PMA = "pma"
    HDE = "hde"
    EXEMPT = "exempt"
    NONE = "none"


class EuFacts(Value):
    """What EU law needs to know of a product. An unknown fact is None, never a guess."""

    regime: EuRegime = Field(description="MDR, IVDR or none.")
    device_class: str | None = Field(default=None, description="I, IIa, IIb, III; A to D for IVDR.")
    legacy: bool = Field(
        default=False, description="Placed under MDR Article 120 as a legacy device."
    )
    certificate: CertificateType | None = Field(
        default=None, description="The certificate that decides the Notified Body route."
    )
    notified_body: str | None = Field(default=None, description="Name or number of the body.")
    product_type: str = Field(
        default="Default", description="CRA product type: Default, Important or Critical."
    )
    product_class: str | None = Field(
        default=None, description="CRA class of an important product."
    )
    product_category: str | None = Field(default=None, description="CRA product category.")


class UsFacts(Value):
    """What US law needs to know of a product."""

    clearance: UsClearance | None = Field(default=None, description="The marketing route.")
    clearance_number: str | None = Field(default=None, description="Such as a 510(k) number.")
    cyber_device: bool | None = Field(default=None, description="FD&C Act 524B(c) cyber device.")
    listing_number: str | None = Field(default=None, description="Device listing number.")
    common_name: str | None = Field(default=None, description="Common or classification name.")


class ClinicalUse(Value):
    """How a product touches patients: what a clinical risk band is adjusted by."""

    function: Name = Field(description="What it does, in words.")
    worst_harm: str = Field(
        description="Worst credible harm: none, minor, serious, or death (ISO 14971 severity)."
    )
    life_sustaining: bool = Field(
        default=False, description="A patient depends on it minute by minute."
    )


class Identity(Value):
    """A name under which others speak of a product: what vendor and CPE matching read."""

    vendor: Name = Field(description="Vendor as advisories spell it.")
    product: Name = Field(description="Product as advisories spell it.")
    cpe: str | None = Field(
        default=None, description="CPE 2.3 name without version, where one exists."
    )
    identifiers: tuple[Identifier, ...] = Field(
        default=(), description="Its model numbers, order codes and UDI device identifiers."
    )


class ProductVersion(Value):
    """One software version of a product that was released."""

    version: Name = Field(description="Version as the manufacturer writes it.")
    hardware: tuple[str, ...] = Field(default=(), description="Hardware revisions it runs on.")
    released_on: date | None = Field(default=None, description="Release date.")
    support_ends_on: date | None = Field(default=None, description="End of security support.")
    fielded: bool = Field(default=True, description="Whether units with it are in the field.")


class ProductRegistered(Event):
    """A product with everything that matching and applicability need, as full state."""

    TYPE: ClassVar[str] = "product.registered.v1"
    TOPIC: ClassVar[str] = "catalogue"

    product: Name = Field(description="The product's id in this catalogue.")
    name: Name = Field(description="Brand name.")
    entity: Name = Field(description="Id of the legal entity that makes it.")
    qualification: Qualification | None = Field(
        default=None, description="Whether it is a device; None while nobody has decided."
    )
    intended_use: str = Field(default="", description="Intended use in words.")
    eu: EuFacts | None = Field(default=None, description="EU facts; None while unknown.")
    us: UsFacts | None = Field(default=None, description="US facts; None while unknown.")
    markets: tuple[Country, ...] = Field(
        default=(), description="Countries it is made available in."
    )
    clinical_use: ClinicalUse | None = Field(default=None, description="None while unknown.")
    identities: tuple[Identity, ...] = Field(default=(), description="Its names in advisories.")
    versions: tuple[ProductVersion, ...] = Field(default=(), description="Released versions.")
    support_ends_on: date | None = Field(default=None, description="End of the support period.")
    registered_at: Instant = Field(description="When intake accepted this state.")

    @property
    def key(self) -> str:
        """The product."""
        return f"product/{self.product}"

    @property
    def first_released_on(self) -> date | None:
        """The day of its first release; None where a version does not say its own."""
        days = [each.released_on for each in self.versions]
        stated = [day for day in days if day is not None]
        return min(stated, default=None) if len(stated) == len(days) else None

    def existed_at(self, at: datetime) -> bool:
        """Whether it may have existed at an instant; where nobody says since when, it may have.

        A release day has no zone: only what is earlier everywhere on earth is before it.
        """
        first = self.first_released_on
        return first is None or at.astimezone(UTC).date() >= first - timedelta(days=1)


class ProductRetired(Event):
    """A product left the catalogue; carries its full last state (compacted topics need it)."""

    TYPE: ClassVar[str] = "product.retired.v1"
    TOPIC: ClassVar[str] = "catalogue"

    last: ProductRegistered = Field(description="The product as it last was.")
    retired_at: Instant = Field(description="When.")

    @property
    def key(self) -> str:
        """The product."""
        return self.last.key


class Nis2Status(StrEnum):
    """An entity's status under Directive (EU) 2022/2555 in one Member State."""

    ESSENTIAL = "essential"
    IMPORTANT = "important"
    OUT_OF_SCOPE = "out_of_scope"


class Establishment(Value):
    """Where an entity belongs in the Union, by the steps of CRA Article 14(7).

    `country` is the answer, where a person has given it; else the first step with a Member State
    gives it.
    """

    country: Country | None = Field(default=None, description="Member State of main establishment.")
    basis: str = Field(
        default="", description="Which step of the Article 14(7) cascade, and why it holds."
    )
    decisions: Country | None = Field(
        default=None, description="Where decisions on cybersecurity are predominantly taken."
    )
    employees: Country | None = Field(
        default=None, description="Where the establishment with most employees in the Union is."
    )
    representative: Country | None = Field(
        default=None, description="Where the authorised representative for most products is."
    )
    importer: Country | None = Field(
        default=None, description="Where the importer that places most products is."
    )
    distributor: Country | None = Field(
        default=None, description="Where the distributor that makes most products available is."
    )
    users: Country | None = Field(default=None, description="Where most users are.")


class EntityRegistered(Event):
    """A legal entity, as full state."""

    TYPE: ClassVar[str] = "entity.registered.v1"
    TOPIC: ClassVar[str] = "catalogue"

    entity: Name = Field(description="The entity's id.")
    name: Name = Field(description="Registered name.")
    address: str | None = Field(default=None, description="Postal address.")
    phone: str | None = Field(default=None, description="Telephone.")
    country: Country | None = Field(default=None, description="Seat.")
    main_establishment: Establishment | None = Field(
        default=None, description="None while unknown."
    )
    nis2: dict[Country, Nis2Status] = Field(
        default_factory=dict, description="Status per Member State."
    )
    fda_registration: str | None = Field(default=None, description="7-digit establishment number.")
    isao_member: bool | None = Field(
        default=None, description="Active ISAO membership; None: unknown."
    )
    representatives: tuple[str, ...] = Field(
        default=(), description="Ids of principals entitled to file on the reporting platform."
    )
    responsible: str | None = Field(
        default=None,
        description="Role and contact reference of the person responsible for actions.",
    )
    registered_at: Instant = Field(description="When intake accepted this state.")

    @property
    def key(self) -> str:
        """The entity."""
        return f"entity/{self.entity}"


class SiteRegistered(Event):
    """A customer or consignee site, as full state; contacts are a reference to erasable rows."""

    TYPE: ClassVar[str] = "site.registered.v1"
    TOPIC: ClassVar[str] = "catalogue"

    site: Name = Field(description="The site's id.")
    name: Name = Field(description="Name of the organisation.")
    country: Country = Field(description="Where it is.")
    address: str | None = Field(default=None, description="Postal address of the organisation.")
    kind: str = Field(default="customer", description="customer or consignee.")
    contact: str | None = Field(
        default=None, description="Reference to the contact, never the contact."
    )
    registered_at: Instant = Field(description="When intake accepted this state.")

    @property
    def key(self) -> str:
        """The site."""
        return f"site/{self.site}"
