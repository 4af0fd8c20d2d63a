"""What the HTTP edge answers, apart from the contracts' own shapes."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.findings import Finding, VulnerabilityDescribed


class View(BaseModel):
    """The base of these answers."""

    model_config = ConfigDict(frozen=True)


class FindingView(Finding):
    """A finding with its evidence, and whether it still holds."""

    days_left: Annotated[
        int | None,
        Field(description="Days to the component's last day of support, negative behind it."),
    ] = None
    live: Annotated[bool, Field(description="Whether it holds now.")]
    cleared_at: Annotated[datetime | None, Field(description="When it ended, if it did.")] = None


class VulnerabilityView(View):
    """A vulnerability under whichever identifier it was asked for."""

    description: Annotated[VulnerabilityDescribed, Field(description="What is known of it.")]
    advisories: Annotated[tuple[str, ...], Field(description="Advisories that speak of it.")]
    findings: Annotated[dict[str, int], Field(description="Live findings by verdict.")]
    unnamed_claims: Annotated[
        int,
        Field(description="Claims that name no product that anything could be matched with."),
    ] = 0


class LocationView(View):
    """A product version that holds the component."""

    product: str
    version: str
    hardware: str
    component: str
    component_version: str | None
    component_purl: str | None
    in_range: Annotated[
        Literal["yes", "unknown"],
        Field(description="Unknown where versions were asked for and its own has no order."),
    ] = "yes"


class ReconcileView(View):
    """What a recomputation of every finding found."""

    vulnerabilities: Annotated[int, Field(description="Vulnerabilities recomputed.")]
    versions: Annotated[int, Field(description="Product versions recomputed.")]
    findings: Annotated[int, Field(description="Live findings compared.")]
    waiting: Annotated[int, Field(description="Subjects whose match has not run; left out.")]
    counted: Annotated[int, Field(description="Differences in all.")]
    differences: Annotated[tuple[str, ...], Field(description="The first 100; must be none.")]
