"""What deployment-tracker takes and gives over HTTP, as frozen models."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.campaigns import StopRules
from schemas.devices import DeviceState, Method
from schemas.event import Name


class Body(BaseModel):
    """A request body: unknown fields are refused, so that a slip is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class View(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True)


class ReleaseIn(Body):
    """A signed release."""

    release: Name = Field(description="Its id.")
    product: Name = Field(description="The product.")
    version: Name = Field(description="Version it brings.")
    digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the image, hex.")
    signature: Name = Field(description="Ed25519 over the digest's hex text, base64.")
    signed_by: Name = Field(description="Principal whose public key made the signature.")


class WaveIn(Body):
    """One wave: a method (or all) and the cumulative share of its devices."""

    method: Method | None = Field(default=None, description="Limit to one method.")
    percent: float = Field(gt=0, le=100, description="Cumulative share of that method's devices.")


class CampaignIn(Body):
    """A campaign to plan."""

    campaign: Name = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$", description="Its id.")
    case: Name = Field(description="The case it serves.")
    measure: Name = Field(description="The measure it rolls out.")
    release: Name | None = Field(default=None, description="The release, for a patch.")
    product: Name = Field(description="The product.")
    from_versions: tuple[Name, ...] = Field(min_length=1, description="Versions it starts from.")
    target_version: Name = Field(description="Version a covered device runs.")
    waves: tuple[WaveIn, ...] = Field(min_length=1, max_length=50, description="In order.")
    stop_rules: StopRules = Field(
        default=StopRules(failure_percent=2, minimum_finished=20),
        description="When a wave halts by itself.",
    )

    @model_validator(mode="after")
    def _shares_grow(self) -> "CampaignIn":
        highest: dict[Method | None, float] = {}
        for number, wave in enumerate(self.waves, 1):
            before = highest.get(wave.method, 0)
            if wave.percent <= before:
                text = (
                    f"wave {number} has {wave.percent:g} % after {before:g} %: shares are "
                    "cumulative, so each must be above the one before it"
                )
                raise ValueError(text)
            highest[wave.method] = wave.percent
        if self.target_version in self.from_versions:
            raise ValueError("target_version is one of from_versions: leave it out there")
        return self


class Reason(Body):
    """Why a person does it."""

    reason: Name = Field(description="In words; it goes into the record.")


class GateView(View):
    """One gate's last answer."""

    gate: str
    verdict: str
    reason: str
    evidence: str | None = None
    valid_until: datetime | None = None


class WaveView(View):
    """A wave as it stands, with what it can show."""

    wave: int
    method: Method | None
    percent: float
    state: str
    devices: int = Field(description="Devices in it, retired ones left out.")
    covered: int
    detectable_percent: float | None = Field(
        description="With no event of a kind seen, its rate is below this at 95 % (3/n)."
    )
    request: str | None
    gates: tuple[GateView, ...]
    warnings: tuple[str, ...]
    gate_valid_until: datetime | None
    halt_rule: str | None
    halt_because: str | None
    resume_reason: str | None
    started_at: datetime | None
    completed_at: datetime | None


class CampaignView(View):
    """A campaign with its waves."""

    campaign: str
    case: str
    measure: str
    release: str | None
    product: str
    from_versions: tuple[str, ...]
    target_version: str
    state: str
    stop_rules: StopRules
    planned_by: str
    planned_at: datetime
    ended_at: datetime | None = Field(
        description="When it ended; the topic `coverage` forgets it 30 days later."
    )
    waves: tuple[WaveView, ...]


class CoverageLine(View):
    """Coverage of one part; `verified` is a share from 0 to 1, null where there is no device."""

    part: str
    total: int
    covered: int
    verified: float | None
    states: dict[DeviceState, int]
    buckets: dict[str, int]


class CoverageView(View):
    """Coverage of a campaign, with its definition beside it."""

    campaign: str
    by: str
    definition: str
    overall: CoverageLine
    parts: tuple[CoverageLine, ...]


class DeviceView(View):
    """Where one device stands in a campaign."""

    device: str
    wave: int
    version: str
    hardware: str
    market: str
    method: Method
    site: str | None
    state: DeviceState
    attempt: int
    sequence: int
    reported_version: str | None
    code: str | None
    evidence: str | None
    verified_at: datetime | None
    changed_at: datetime


class WaveAsked(View):
    """A wave asked its gates; the campaign shows the answer as soon as it is there."""

    campaign: str
    wave: int
    request: str
    state: str


class ReconcileView(View):
    """What a recount of everything finds; it must find nothing."""

    service: str
    differences: tuple[str, ...]


class InstallationView(View):
    """The registered devices of a product version at one site."""

    product: str = Field(description="The product.")
    version: str = Field(description="The version that the devices are registered with.")
    site: str | None = Field(description="Where they are; none where it is not known.")
    devices: int = Field(description="How many.")


class RunsView(View):
    """What a device runs."""

    device: str = Field(description="The device.")
    product: str = Field(description="The product.")
    hardware: str = Field(description="Hardware configuration; empty where there is just one.")
    version: str = Field(description="What it runs: as it last attested, else as registered.")
    registered: str = Field(description="The version that it is registered with.")
    attested: str | None = Field(description="The version in its last report, if it gave one.")
    attested_at: datetime | None = Field(description="When that report was taken in.")
    campaign: str | None = Field(description="The campaign that the report belongs to.")
    retired: bool = Field(description="Whether it left the field.")


class InstallationsView(View):
    """Devices by product version and site."""

    items: tuple[InstallationView, ...] = Field(description="A row a product version and site.")
