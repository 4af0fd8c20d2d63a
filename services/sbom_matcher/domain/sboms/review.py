"""Says when the completeness of an SBOM is due for review: each release, and each quarter."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime

from schemas.sboms import ReviewReason, SbomRegistered, SbomReviewDue
from services.sbom_matcher.domain.sboms import quality
from services.sbom_matcher.domain.sboms.inventory import Inventory
from services.sbom_matcher.domain.sboms.quality import Quality

_QUARTER = 3
_YEAR = 12


@dataclass(frozen=True, slots=True)
class Graded:
    """A revision as far as a review needs it; `last_reviewed_at` is of its place, any revision."""

    product: str
    version: str
    hardware: str
    sbom: str
    revision: int
    components: int
    depth: int
    unresolved: int
    flat: bool
    last_reviewed_at: datetime | None = None


def inventory(sbom: SbomRegistered) -> Inventory:
    """What is judged of a registered SBOM; who its author is does not travel, only whether."""
    return Inventory(
        components=sbom.components,
        edges=sbom.dependencies,
        authors=("stated",) if sbom.author_stated else (),
        made_at=sbom.made_at,
        product=sbom.root,
        repeated=sbom.repeated,
    )


def judged(sbom: SbomRegistered) -> Quality:
    """Judge a registered SBOM by all that its document states, in brief."""
    return quality.judge(inventory(sbom), brief=True)


def next_quarter(since: datetime) -> datetime:
    """Three calendar months later, at the same time; the month's last day where it is shorter."""
    month = since.month - 1 + _QUARTER
    year, month = since.year + month // _YEAR, month % _YEAR + 1
    return since.replace(year=year, month=month, day=min(since.day, monthrange(year, month)[1]))


def due(graded: Graded, reason: ReviewReason, duty: str, since: datetime) -> SbomReviewDue:
    """The fact that a review is due."""
    return SbomReviewDue(
        duty=duty,
        reason=reason,
        product=graded.product,
        version=graded.version,
        hardware=graded.hardware,
        sbom=graded.sbom,
        revision=graded.revision,
        components=graded.components,
        depth=graded.depth,
        unresolved=graded.unresolved,
        flat=graded.flat,
        due_since=since,
        last_reviewed_at=graded.last_reviewed_at,
    )
