"""Stream `sboms`: what a product version contains."""

from datetime import date
from typing import ClassVar

from pydantic import Field

from schemas.event import Event, Instant, Name, Value


class Component(Value):
    """One component of a product version, with every identifier its SBOM gives."""

    ref: Name = Field(description="Reference inside the SBOM, unique there.")
    name: Name = Field(description="Name.")
    version: str | None = Field(default=None, description="Version as written; None where absent.")
    group: str | None = Field(default=None, description="Namespace or vendor group.")
    kind: str = Field(default="library", description="CycloneDX component type.")
    supplier: str | None = Field(default=None, description="Supplier or publisher.")
    purl: str | None = Field(default=None, description="Package URL as written.")
    cpe: str | None = Field(default=None, description="CPE name as written.")
    other_identifiers: tuple[str, ...] = Field(
        default=(), description="Further purls and CPE names that the SBOM gives, as written."
    )
    hashes: dict[str, str] = Field(default_factory=dict, description="Algorithm to hex digest.")
    support_level: str | None = Field(default=None, description="FDA level of support, if stated.")
    support_ends_on: date | None = Field(default=None, description="End of support, if stated.")


class SbomRegistered(Event):
    """An SBOM was accepted for a product version; it replaces the one before for that version."""

    TYPE: ClassVar[str] = "sbom.registered.v1"
    TOPIC: ClassVar[str] = "sboms"

    sbom: Name = Field(description="Id of this SBOM revision.")
    product: Name = Field(description="The product.")
    version: Name = Field(description="The product's software version.")
    hardware: str = Field(default="", description="Hardware configuration; empty means any.")
    format: Name = Field(description="Such as `cyclonedx-json`.")
    format_version: Name = Field(description="Such as `1.6`.")
    original: Name = Field(description="SHA-256 of the original document, hex.")
    digest: Name = Field(description="SHA-256 of the canonical component list, hex.")
    components: tuple[Component, ...] = Field(description="The canonical component list.")
    dependencies: tuple[tuple[str, str], ...] = Field(
        default=(), description="Edges (from ref, to ref) of the dependency graph."
    )
    registered_at: Instant = Field(description="When intake accepted it.")

    @property
    def key(self) -> str:
        """The product."""
        return self.product
