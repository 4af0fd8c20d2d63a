"""Reads what VEX documents name products by: a purl, a CPE name, or one of our own products."""

from dataclasses import dataclass

from schemas.advisories import Platform, Range, Target, TargetKind
from schemas.vex import OURS
from services.intake.formats import cpes, purls
from services.intake.formats.error import FormatError


@dataclass(frozen=True, slots=True)
class Limit:
    """Which of our products a statement is limited to."""

    product: str | None = None
    version: str | None = None

    def whole(self) -> Target:
        """The whole product: whichever of its components carries the vulnerability."""
        return Target(kind=TargetKind.NAME, product=self.product)


def limit(name: str) -> Limit:
    """The product of ours that a name speaks of; none where it is another's."""
    if not name.startswith(OURS):
        return Limit()
    ours, _, version = name.removeprefix(OURS).partition("@")
    return Limit(ours or None, version or None)


def target(name: str) -> tuple[Target, tuple[Range, ...]] | None:
    """What a purl or CPE name identifies, and the version in a purl; None for any other text."""
    if name.startswith("pkg:"):
        version = purls.version_of(name)
        ranges = (Range(exact=(version,)),) if version else ()
        return Target(kind=TargetKind.PURL, purl=purls.unversioned(name)), ranges
    if cpe := cpes.converted(name):
        return Target(kind=TargetKind.CPE, cpe=cpe), ()
    return None


def needed(name: str, at: str) -> tuple[Target, tuple[Range, ...]]:
    """What a name identifies.

    Raises:
        FormatError: it is neither a purl nor a CPE name.
    """
    if found := target(name):
        return found
    raise FormatError(
        "bad_identifier",
        f"{name[:60]!r} is neither a purl nor a CPE name",
        f"name products by purl, by CPE, or as {OURS}<id>",
        at,
    )


def inside(found: tuple[Target, tuple[Range, ...]]) -> tuple[tuple[Platform, ...], ...]:
    """The condition that a claim on a part holds in this product only, not wherever the part is."""
    whole, ranges = found
    return ((Platform(target=whole, ranges=ranges),),)
