"""Stream `findings`: which component of which product version a vulnerability bears on.

Only transitions are published. A vulnerability is a group of identifiers known to mean the same
thing; its id is the first identifier we held, and survives when groups merge.
"""

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from schemas.advisories import Assertion, Score
from schemas.event import Event, Instant, Name, Value


class Verdict(StrEnum):
    """What we hold of one vulnerability and one component of a product version."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not_affected"
    FIXED = "fixed"
    UNKNOWN = "unknown"


class Matcher(StrEnum):
    """By which identifier a component met an assertion."""

    PURL = "purl"
    CPE = "cpe"
    NAME = "name"
    IDENTIFIER = "identifier"
    HASH = "hash"
    STATEMENT = "statement"


class Confidence(StrEnum):
    """How sure it is that what is named is the component: by the identifier that was used."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class FindingKind(StrEnum):
    """What a finding is about; one on no vulnerability hangs on the id `<kind>/<product>`.

    `inventory`: what a product version contains is not known. `support`: nobody supports one of its
    components any more, or soon.
    """

    VULNERABILITY = "vulnerability"
    INVENTORY = "inventory"
    SUPPORT = "support"


class SupportStage(StrEnum):
    """How near the end of a component's support is."""

    ENDING = "ending"
    OVER = "over"


class Support(Value):
    """What the SBOM of a product version states of a component's support, and where that stands.

    Days left are counted by whoever shows it: they change each day, and no event tells that.
    """

    stage: SupportStage = Field(description="Within a notice period of its end, or behind it.")
    level: str | None = Field(default=None, description="Level of support as stated.")
    ends_on: date | None = Field(default=None, description="Last day of support, if stated.")
    notice_days: int | None = Field(
        default=None, description="The notice period that runs, in days; None once it is over."
    )


class Evidence(Value):
    """One assertion that met the component, with what it was compared by."""

    advisory: Name = Field(description="The advisory.")
    assertion: Assertion = Field(description="The claim.")
    matcher: Matcher = Field(description="How it met the component.")
    verdict: Verdict = Field(description="What this assertion alone says.")
    reason: str | None = Field(default=None, description="Why unknown, or which range decided.")
    identifier: str | None = Field(
        default=None, description="Identifier key under which they met, such as `purl:npm/lodash`."
    )
    version_key: str | None = Field(
        default=None,
        description="The component's version as it was compared, hex; None if it has no order.",
    )
    confidence: Confidence | None = Field(
        default=None, description="high: purl, model, UDI, statement; medium: CPE; low: names."
    )


class Finding(Value):
    """A vulnerability and one component of one product version, as full state.

    `component` is None where the assertion is about the product itself, and where a product without
    a usable SBOM is unknown (`no_inventory`).
    """

    finding: Name = Field(description="Id, the same for the same four coordinates.")
    kind: FindingKind = Field(
        default=FindingKind.VULNERABILITY, description="What it is about, if no vulnerability."
    )
    vulnerability: Name = Field(description="The vulnerability, or what stands for one.")
    product: Name = Field(description="The product.")
    version: Name = Field(description="The product's version.")
    hardware: str = Field(default="", description="Hardware configuration; empty means any.")
    component: str | None = Field(default=None, description="Component name.")
    component_version: str | None = Field(default=None, description="Component version as written.")
    component_purl: str | None = Field(default=None, description="Package URL, if any.")
    verdict: Verdict = Field(description="The verdict that holds.")
    reason: str | None = Field(
        default=None,
        description="Why unknown (`unparsed_version`, `no_inventory`, ...), or the rule.",
    )
    fixed_in: tuple[str, ...] = Field(default=(), description="Component versions that fix it.")
    conflict: bool = Field(default=False, description="Assertions contradict each other.")
    evidence: tuple[Evidence, ...] = Field(default=(), description="Every assertion that met it.")
    support: Support | None = Field(
        default=None,
        description="The component's support: of a finding on it, or where it is over.",
    )
    held_at: Instant = Field(
        description="First instant at which we held this finding as not cleared."
    )


class VulnerabilityDescribed(Event):
    """What is known of a vulnerability whatever it bears on, as full state."""

    TYPE: ClassVar[str] = "vulnerability.described.v1"
    TOPIC: ClassVar[str] = "findings"

    vulnerability: Name = Field(description="The vulnerability.")
    identifiers: tuple[str, ...] = Field(description="All identifiers of the group.")
    absorbed: tuple[str, ...] = Field(default=(), description="Ids of groups merged into it.")
    title: str | None = Field(default=None, description="Title.")
    description: str | None = Field(default=None, description="In words.")
    scores: tuple[Score, ...] = Field(default=(), description="Scores by asserter.")
    weaknesses: tuple[str, ...] = Field(default=(), description="CWE ids.")
    published_at: Instant | None = Field(default=None, description="Earliest publication known.")
    withdrawn: bool = Field(default=False, description="Every source withdrew it.")

    @property
    def key(self) -> str:
        """The vulnerability."""
        return self.vulnerability


class FindingOpened(Event):
    """A finding exists that did not."""

    TYPE: ClassVar[str] = "finding.opened.v1"
    TOPIC: ClassVar[str] = "findings"

    finding: Finding = Field(description="The finding.")

    @property
    def key(self) -> str:
        """The vulnerability."""
        return self.finding.vulnerability


class FindingChanged(Event):
    """A finding's verdict, reason, fix or evidence changed."""

    TYPE: ClassVar[str] = "finding.changed.v1"
    TOPIC: ClassVar[str] = "findings"

    finding: Finding = Field(description="The finding as it is now.")
    previous: Verdict = Field(description="The verdict before.")
    why: Name = Field(description="What changed, in words.")

    @property
    def key(self) -> str:
        """The vulnerability."""
        return self.finding.vulnerability


class FindingCleared(Event):
    """A finding no longer holds: no live assertion meets the component, or it left the product."""

    TYPE: ClassVar[str] = "finding.cleared.v1"
    TOPIC: ClassVar[str] = "findings"

    finding: Finding = Field(description="The finding as it last was.")
    why: Name = Field(description="Why it no longer holds.")
    cleared_at: Instant = Field(description="When.")

    @property
    def key(self) -> str:
        """The vulnerability."""
        return self.finding.vulnerability


class VulnerabilityMerged(Event):
    """Two groups of identifiers turned out to mean the same; published under both keys."""

    TYPE: ClassVar[str] = "vulnerability.merged.v1"
    TOPIC: ClassVar[str] = "findings"

    under: Name = Field(description="The group this copy is published under.")
    survivor: Name = Field(description="The group that lives on.")
    absorbed: Name = Field(description="The group that ended.")
    because: Name = Field(description="The alias that joined them, and who asserted it.")

    @property
    def key(self) -> str:
        """The group this copy is published under."""
        return self.under


class VulnerabilitySplit(Event):
    """Identifiers held to mean the same do not any more."""

    TYPE: ClassVar[str] = "vulnerability.split.v1"
    TOPIC: ClassVar[str] = "findings"

    vulnerability: Name = Field(description="The group that lives on.")
    separated: Name = Field(description="The group that is new.")
    identifiers: tuple[str, ...] = Field(description="Identifiers that left.")
    because: Name = Field(description="Which alias no longer holds.")

    @property
    def key(self) -> str:
        """The group that lives on."""
        return self.vulnerability


class SbomCompared(Event):
    """How a product version's new SBOM differs from the one before."""

    TYPE: ClassVar[str] = "sbom.compared.v1"
    TOPIC: ClassVar[str] = "findings"

    product: Name = Field(description="The product.")
    version: Name = Field(description="Its version.")
    before: str | None = Field(default=None, description="SBOM before; None for the first.")
    after: Name = Field(description="SBOM now.")
    added: tuple[str, ...] = Field(default=(), description="Components that are new.")
    removed: tuple[str, ...] = Field(default=(), description="Components that left.")
    unmatchable: int = Field(
        default=0, description="Components without a usable identifier or version."
    )

    @property
    def key(self) -> str:
        """The product."""
        return self.product
