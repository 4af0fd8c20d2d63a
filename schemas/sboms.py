"""Streams `sboms` and `sbom-reviews`: what product versions contain, and who reviewed it."""

from datetime import date
from enum import StrEnum
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
    revision: int = Field(
        ge=0,
        default=0,
        description="Counts the SBOMs of this product, version and hardware from 1; 0 where the "
        "record is older than the count.",
    )
    size: int | None = Field(default=None, ge=0, description="Bytes of the original document.")
    submitted_by: str | None = Field(
        default=None, description="Id of the principal who submitted it."
    )
    root: str | None = Field(
        default=None, description="What the dependency graph calls the product; None if nothing."
    )
    author_stated: bool | None = Field(
        default=None, description="Whether the document names an author of its data."
    )
    made_at: Instant | None = Field(
        default=None, description="When the document's data was made, if it says so."
    )
    repeated: tuple[str, ...] = Field(
        default=(), description="References that the document gives to several components."
    )

    @property
    def key(self) -> str:
        """The product."""
        return self.product


class ReviewReason(StrEnum):
    """Why the completeness of an SBOM is due for review."""

    RELEASE = "release"
    QUARTER = "quarter"


class SbomReviewDue(Event):
    """The completeness of a product version's SBOM is due for review by a person."""

    TYPE: ClassVar[str] = "sbom.review_due.v1"
    TOPIC: ClassVar[str] = "sbom-reviews"

    duty: Name = Field(description="Id of this duty; `SbomReviewed.meets` names it.")
    reason: ReviewReason = Field(
        description="release: a revision was registered; quarter: three months without a review."
    )
    product: Name = Field(description="The product.")
    version: Name = Field(description="The product's software version.")
    hardware: str = Field(default="", description="Hardware configuration; empty means any.")
    sbom: Name = Field(description="Id of the SBOM revision.")
    revision: int = Field(ge=0, description="Its number, as in `SbomRegistered`.")
    components: int = Field(ge=0, description="How many components it lists.")
    depth: int = Field(
        ge=0, description="Levels of dependencies below the product; 0 without any edge."
    )
    unresolved: int = Field(ge=0, description="Ends of edges that the document does not have.")
    flat: bool = Field(description="Whether transitive dependencies are not in it: depth 0 or 1.")
    due_since: Instant = Field(description="When the duty arose.")
    last_reviewed_at: Instant | None = Field(
        default=None, description="The last review of this product, version and hardware."
    )

    @property
    def key(self) -> str:
        """The product."""
        return self.product


class SbomReviewed(Event):
    """A person reviewed the completeness of a product version's SBOM."""

    TYPE: ClassVar[str] = "sbom.reviewed.v1"
    TOPIC: ClassVar[str] = "sbom-reviews"

    review: Name = Field(description="Id of the review.")
    meets: tuple[str, ...] = Field(description="The duties that it ends: ids of `SbomReviewDue`.")
    product: Name = Field(description="The product.")
    version: Name = Field(description="The product's software version.")
    hardware: str = Field(default="", description="Hardware configuration; empty means any.")
    sbom: Name = Field(description="Id of the SBOM revision.")
    revision: int = Field(ge=0, description="Its number, as in `SbomRegistered`.")
    complete: bool = Field(description="Whether the person found it complete.")
    note: str = Field(description="What the person found, in words.")
    depth: int = Field(ge=0, description="As in `SbomReviewDue`.")
    unresolved: int = Field(ge=0, description="As in `SbomReviewDue`.")
    flat: bool = Field(description="As in `SbomReviewDue`.")
    reviewed_by: Name = Field(description="Id of the person.")
    reviewed_at: Instant = Field(description="When.")

    @property
    def key(self) -> str:
        """The product."""
        return self.product
