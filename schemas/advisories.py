"""Stream `advisories`: what sources say of vulnerabilities, in one canonical form.

An advisory is a source's document. Each vulnerability inside it holds *assertions*: one asserter's
claim on one target. Assertions are kept apart by asserter and never averaged (a CVE record's `cna`
and `adp` containers may contradict each other).
"""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from schemas.event import Event, Instant, Name, Value


class Status(StrEnum):
    """What an assertion says of the versions in it."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not_affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"


class TargetKind(StrEnum):
    """By which identifier a target is matched."""

    PURL = "purl"
    CPE = "cpe"
    NAME = "name"


class IdentifierKind(StrEnum):
    """What a mark on a product is (CSAF 2.0, 3.1.3.3: the product identification helper)."""

    MODEL_NUMBER = "model_number"
    SKU = "sku"
    UDI_DI = "udi_di"
    SERIAL_NUMBER = "serial_number"
    HASH = "hash"
    URI = "uri"


class Identifier(Value):
    """A mark that identifies a product or some of its units, as its maker writes it."""

    kind: IdentifierKind = Field(description="What the value is.")
    value: Name = Field(description="As written; a hash is `algorithm:hex`.")


class Target(Value):
    """What an assertion is about. `kind` says which of the other fields identify it."""

    kind: TargetKind = Field(description="purl, cpe or vendor and product name.")
    purl: str | None = Field(default=None, description="Package URL without version.")
    cpe: str | None = Field(default=None, description="CPE 2.3 name; its version may be set.")
    vendor: str | None = Field(default=None, description="Vendor as the source spells it.")
    product: str | None = Field(default=None, description="Product as the source spells it.")
    ecosystem: str | None = Field(
        default=None, description="Version scheme of the ranges: npm, pypi, golang, semver, ..."
    )
    identifiers: tuple[Identifier, ...] = Field(
        default=(), description="Model numbers, order codes, UDI, serial numbers, hashes."
    )


class Range(Value):
    """Versions an assertion covers: from `introduced` up to `fixed` or `last_affected`.

    A bound of None is open. `exact` names single versions and excludes the other fields. Where the
    source's text could not be read, `unparsed` holds it with the reason and nothing else is set: it
    is matched as unknown, never dropped.
    """

    introduced: str | None = Field(default=None, description="First version covered, inclusive.")
    introduced_exclusive: bool = Field(default=False, description="The lower bound is not covered.")
    fixed: str | None = Field(default=None, description="First version not covered.")
    last_affected: str | None = Field(default=None, description="Last version covered, inclusive.")
    exact: tuple[str, ...] = Field(default=(), description="Single versions covered.")
    unparsed: str | None = Field(
        default=None, description="The source's text that could not be read."
    )
    reason: str | None = Field(default=None, description="Why it could not be read.")


class Platform(Value):
    """What a target runs on or with: a product in some of its versions."""

    target: Target = Field(description="The platform.")
    ranges: tuple[Range, ...] = Field(default=(), description="Empty means every version.")


class Assertion(Value):
    """One asserter's claim on one target."""

    asserter: Name = Field(
        description="Who claims: a CNA, `adp:CISA-ADP`, a CSAF publisher, osv, ..."
    )
    target: Target = Field(description="What the claim is about.")
    status: Status = Field(description="What it claims for versions inside the ranges.")
    default_status: Status | None = Field(
        default=None, description="What it claims for versions outside them, where it says so."
    )
    ranges: tuple[Range, ...] = Field(default=(), description="Empty means every version.")
    platforms: tuple[tuple[Platform, ...], ...] = Field(
        default=(),
        description="The claim holds only where one platform of each group is present as well.",
    )
    stated_platforms: tuple[str, ...] = Field(
        default=(),
        description="What it is affected on in the source's words, for people: nothing is decided "
        "by them.",
    )
    justification: str | None = Field(
        default=None, description="VEX justification of not_affected."
    )
    remediation: str | None = Field(
        default=None, description="Vendor's fix or mitigation, in words."
    )
    product: str | None = Field(
        default=None,
        description="The catalogue product it is limited to: of our analysts' statements, and of "
        "what a product's own SBOM says.",
    )
    product_version: str | None = Field(default=None, description="The version it is limited to.")
    author: str | None = Field(
        default=None, description="The person who states it, where one does."
    )
    expires_at: Instant | None = Field(default=None, description="When the statement lapses.")


class Score(Value):
    """A CVSS score as one asserter gives it."""

    asserter: Name = Field(description="Who scores.")
    version: Name = Field(description="CVSS version: 2.0, 3.0, 3.1 or 4.0.")
    vector: Name = Field(description="The vector string.")
    base: float = Field(ge=0, le=10, description="Base score as stated.")


class Vulnerability(Value):
    """What one advisory says of one vulnerability."""

    id: Name = Field(description="The identifier the source leads with.")
    aliases: tuple[str, ...] = Field(default=(), description="Other identifiers of the same thing.")
    title: str | None = Field(default=None, description="Short title.")
    description: str | None = Field(default=None, description="In words.")
    scores: tuple[Score, ...] = Field(default=(), description="CVSS scores by asserter.")
    weaknesses: tuple[str, ...] = Field(default=(), description="CWE ids.")
    assertions: tuple[Assertion, ...] = Field(default=(), description="Claims on targets.")
    published_at: Instant | None = Field(default=None, description="When it was made public.")
    withdrawn_at: Instant | None = Field(default=None, description="When the source took it back.")


class AdvisoryPublished(Event):
    """A new or changed advisory, as full state: it replaces what this advisory said before."""

    TYPE: ClassVar[str] = "advisory.published.v1"
    TOPIC: ClassVar[str] = "advisories"

    advisory: Name = Field(description="Source and document id, such as `cve/CVE-2026-0001`.")
    source: Name = Field(description="Kind of source: cve, csaf, osv, openvex, ...")
    title: str | None = Field(default=None, description="Title.")
    publisher: str | None = Field(default=None, description="Who publishes it.")
    url: str | None = Field(default=None, description="Where it can be read.")
    original: Name = Field(description="SHA-256 of the original document, hex.")
    digest: Name = Field(description="SHA-256 of this canonical form, hex.")
    vulnerabilities: tuple[Vulnerability, ...] = Field(description="What it says, one by one.")
    published_at: Instant | None = Field(default=None, description="First publication.")
    modified_at: Instant | None = Field(default=None, description="The source's last change.")
    received_at: Instant = Field(description="When we first held this content.")

    @property
    def key(self) -> str:
        """The advisory."""
        return self.advisory


class AdvisoryWithdrawn(Event):
    """An advisory was withdrawn by its source: its assertions no longer hold."""

    TYPE: ClassVar[str] = "advisory.withdrawn.v1"
    TOPIC: ClassVar[str] = "advisories"

    advisory: Name = Field(description="Source and document id.")
    vulnerabilities: tuple[str, ...] = Field(description="The identifiers it spoke of.")
    reason: str | None = Field(default=None, description="The source's reason.")
    withdrawn_at: Instant = Field(
        description="When the source withdrew it, else when we learned it."
    )

    @property
    def key(self) -> str:
        """The advisory."""
        return self.advisory
