"""What the HTTP edge takes and answers on revisions of SBOMs and on their reviews."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.sboms import Component, ReviewReason
from services.sbom_matcher.views import View

NAME = 512
"""The longest name that a request may hold."""


class ShareView(View):
    """How many have an element, of those that should."""

    have: int
    of: int


class GradeView(View):
    """One revision with its quality in short, what is due of it, and its last review."""

    product: str
    version: str
    hardware: str
    revision: int
    registered_at: datetime
    components: int
    unmatchable: int | None = Field(description="Different components that nothing can meet.")
    edges: int
    depth: int = Field(description="Levels of dependencies below the product.")
    unresolved: int = Field(description="Ends of edges that the document does not have.")
    flat: bool = Field(description="Whether transitive dependencies are not in it.")
    elements: dict[str, ShareView]
    due: list[ReviewReason] = Field(description="Why a review is due.")
    complete: bool | None = Field(description="What its last review found.")
    reviewed_at: datetime | None
    reviewed_by: str | None


class LackingView(View):
    """A component that lacks an element."""

    ref: str
    name: str
    version: str | None
    reason: str | None


class ElementView(View):
    """One element, by the rule that asks for it."""

    element: str
    source: str
    have: int
    of: int
    lacking: list[LackingView]


class QualityView(View):
    """A revision judged in full, as `patchvigil sbom check` judges a file."""

    product: str
    version: str
    hardware: str
    revision: int
    good: bool
    elements: list[ElementView]
    depth: int
    flat: bool
    unresolved: list[str]
    unreached: list[str]
    repeated: list[str]


class PairView(View):
    """A component in both revisions, as it was and as it is."""

    before: Component
    after: Component


class ComparisonView(View):
    """What differs between two revisions."""

    before: int
    after: int
    added: list[Component]
    removed: list[Component]
    changed_version: list[PairView]
    changed_identifiers: list[PairView]
    unchanged: int


class ReviewBody(BaseModel):
    """What a person found of an SBOM's completeness."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    product: Annotated[str, Field(min_length=1, max_length=NAME)]
    version: Annotated[str, Field(min_length=1, max_length=NAME)]
    hardware: Annotated[str, Field(max_length=NAME)] = ""
    revision: Annotated[int | None, Field(ge=1, le=2**31 - 1, description="What was read.")] = None
    complete: bool
    note: Annotated[str, Field(min_length=1, max_length=4000, description="Found what, in words.")]


class ReviewView(View):
    """A review that was recorded."""

    review: UUID
    product: str
    version: str
    hardware: str
    revision: int
    complete: bool
    note: str
    reviewed_by: str
    reviewed_at: datetime
