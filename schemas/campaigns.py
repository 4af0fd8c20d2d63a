"""Streams `campaigns` and `coverage`: a measure's rollout, and how far it verifiably is."""

from typing import ClassVar

from pydantic import Field

from schemas.devices import DeviceState, Method
from schemas.event import Event, Instant, Name, Tombstone, Value


class ReleasePublished(Event):
    """A signed release that a campaign can roll out."""

    TYPE: ClassVar[str] = "release.published.v1"
    TOPIC: ClassVar[str] = "campaigns"

    release: Name = Field(description="Id.")
    product: Name = Field(description="The product.")
    version: Name = Field(description="Version it brings.")
    digest: Name = Field(description="SHA-256 of the image, hex.")
    signature: str | None = Field(
        default=None, description="Ed25519 signature over the digest, base64."
    )
    signed_by: str | None = Field(default=None, description="Key id of the signer.")
    published_at: Instant = Field(description="When.")

    @property
    def key(self) -> str:
        """The release."""
        return f"release/{self.release}"


class CampaignEvent(Event):
    """A fact about one campaign."""

    TOPIC: ClassVar[str] = "campaigns"

    campaign: Name = Field(description="The campaign.")
    case: Name = Field(description="The case it serves.")

    @property
    def key(self) -> str:
        """The campaign."""
        return self.campaign


class WavePlan(Value):
    """One wave of a campaign."""

    wave: int = Field(ge=1, description="Number, in order.")
    method: Method | None = Field(
        default=None, description="Method it is limited to; None means all."
    )
    percent: float = Field(gt=0, le=100, description="Share of the eligible devices, cumulative.")
    devices: int = Field(ge=0, description="Devices in it, as planned.")


class StopRules(Value):
    """When a wave halts by itself."""

    failure_percent: float = Field(
        gt=0, le=100, description="Limit for failed among finished attempts."
    )
    minimum_finished: int = Field(ge=1, description="Finished attempts before the limit is judged.")


class CampaignPlanned(CampaignEvent):
    """A campaign exists, with its waves."""

    TYPE: ClassVar[str] = "campaign.planned.v1"

    measure: Name = Field(description="The measure it rolls out.")
    release: str | None = Field(default=None, description="The release, for a patch.")
    product: Name = Field(description="The product.")
    from_versions: tuple[str, ...] = Field(description="Versions it starts from.")
    target_version: Name = Field(description="Version a covered device runs.")
    waves: tuple[WavePlan, ...] = Field(description="Its waves.")
    stop_rules: StopRules = Field(description="When it halts by itself.")
    devices: int = Field(ge=0, description="Devices in scope.")
    planned_by: Name = Field(description="The person.")
    planned_at: Instant = Field(description="When.")


class WaveRequested(CampaignEvent):
    """A wave asks whether its gates let it start."""

    TYPE: ClassVar[str] = "wave.requested.v1"

    wave: int = Field(ge=1, description="The wave.")
    request: Name = Field(description="Id that the answer must carry.")
    measure: Name = Field(description="The measure.")
    product: Name = Field(description="The product.")
    release: str | None = Field(default=None, description="The release.")
    requested_by: Name = Field(description="The person.")
    requested_at: Instant = Field(description="When.")


class WaveStarted(CampaignEvent):
    """A wave started on its own unexpired gate answer."""

    TYPE: ClassVar[str] = "wave.started.v1"

    wave: int = Field(ge=1, description="The wave.")
    request: Name = Field(description="The request whose answer let it start.")
    product: Name = Field(description="The product.")
    measure: Name = Field(description="The measure.")
    devices: int = Field(ge=0, description="Devices offered.")
    started_at: Instant = Field(description="When.")


class WaveHalted(CampaignEvent):
    """A wave stands still: by a stop rule, a revoked gate, a person or a safety event."""

    TYPE: ClassVar[str] = "wave.halted.v1"

    wave: int = Field(ge=1, description="The wave.")
    rule: Name = Field(description="failure_rate, safety_event, gate_revoked or person.")
    because: Name = Field(description="In words, with the numbers.")
    halted_by: str | None = Field(default=None, description="The person, where one did.")
    halted_at: Instant = Field(description="When.")


class WaveResumed(CampaignEvent):
    """A person let a halted wave go on."""

    TYPE: ClassVar[str] = "wave.resumed.v1"

    wave: int = Field(ge=1, description="The wave.")
    reason: Name = Field(description="Why it may go on.")
    resumed_by: Name = Field(description="The person.")
    resumed_at: Instant = Field(description="When.")


class WaveCompleted(CampaignEvent):
    """Every device of a wave reached a final state."""

    TYPE: ClassVar[str] = "wave.completed.v1"

    wave: int = Field(ge=1, description="The wave.")
    completed_at: Instant = Field(description="When.")


class CampaignCompleted(CampaignEvent):
    """Every wave is complete."""

    TYPE: ClassVar[str] = "campaign.completed.v1"

    completed_at: Instant = Field(description="When.")


class CampaignAborted(CampaignEvent):
    """A person ended a campaign."""

    TYPE: ClassVar[str] = "campaign.aborted.v1"

    reason: Name = Field(description="Why.")
    aborted_by: Name = Field(description="The person.")
    aborted_at: Instant = Field(description="When.")


class SafetyStopped(CampaignEvent):
    """One safety event halted everything; people must assess it under vigilance law."""

    TYPE: ClassVar[str] = "safety.stopped.v1"

    wave: int = Field(ge=1, description="The wave it was seen in.")
    device: Name = Field(description="The device that reported it.")
    product: Name = Field(description="The product.")
    code: str | None = Field(default=None, description="What the device said.")
    received_at: Instant = Field(description="First receipt.")


class CoverageChanged(Event):
    """Absolute counts of one cell. Covered is what is verified, never what is installed."""

    TYPE: ClassVar[str] = "coverage.changed.v1"
    TOPIC: ClassVar[str] = "coverage"

    campaign: Name = Field(description="The campaign.")
    case: Name = Field(description="The case.")
    product: Name = Field(description="The product.")
    version: Name = Field(description="Version the devices started from.")
    hardware: str = Field(default="", description="Hardware revision.")
    market: Name = Field(description="Country.")
    method: Method = Field(description="How updates reach them.")
    wave: int = Field(ge=0, description="The wave; 0 for devices in none yet.")
    states: dict[DeviceState, int] = Field(description="Devices in each state; zeros left out.")
    total: int = Field(ge=0, description="Devices in the cell, retired ones left out.")
    covered: int = Field(ge=0, description="Devices verified or already at the version.")
    counted_at: Instant = Field(description="When.")

    @property
    def key(self) -> str:
        """All coordinates of the cell."""
        return cell_key(
            self.campaign, self.product, self.version, self.hardware, self.market, self.method,
            self.wave,
        )  # fmt: skip


def cell_key(
    campaign: str, product: str, version: str, hardware: str, market: str, method: Method, wave: int
) -> str:
    """Spell the coordinates of a cell as the key of its records."""
    return "/".join((campaign, product, version, hardware, market, method, str(wave)))


class CoverageForgotten(Tombstone):
    """The campaign of this cell ended 30 days ago: the topic forgets its counts."""

    TYPE: ClassVar[str] = "coverage.forgotten.v1"
    TOPIC: ClassVar[str] = "coverage"
