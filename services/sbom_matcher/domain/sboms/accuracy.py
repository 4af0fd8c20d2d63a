"""Measures an SBOM against what a build really contains."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.sboms import Component
from services.sbom_matcher.domain.sboms.pairing import Pair, once, pair


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How much of a build an SBOM covers.

    `other_version` holds pairs (in the SBOM, in the build) of one package in two versions: an
    advisory on the build's version would not meet the SBOM's. They count as not covered.
    """

    actual: int
    covered: int
    missing: tuple[Component, ...]
    extra: tuple[Component, ...]
    other_version: tuple[Pair, ...]

    @property
    def rate(self) -> float:
        """The share of the build's components that the SBOM has in the same version, in percent."""
        return 100 * self.covered / self.actual if self.actual else 0.0


def measure(stated: Sequence[Component], actual: Sequence[Component]) -> Accuracy:
    """Measure the components of an SBOM against those of a build.

    The same package in the same version twice is one: lock files and SBOMs list it once for each
    place. Extra components do not lower the rate, which is coverage; they are named.
    """
    second = once(actual)
    found = pair(once(stated), second)
    return Accuracy(
        actual=len(second),
        covered=len(found.same),
        missing=found.only_second,
        extra=found.only_first,
        other_version=found.other,
    )
