"""Streams `devices` and `device-reports`: what is in the field, and what it says of itself."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from schemas.event import Event, Instant, Name


class Method(StrEnum):
    """How an update reaches a device."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    PHYSICAL = "physical"


class DeviceRegistered(Event):
    """A fielded device, as full state. Its id is never patient data."""

    TYPE: ClassVar[str] = "device.registered.v1"
    TOPIC: ClassVar[str] = "devices"

    device: Name = Field(description="The device's id: UDI-PI or a serial number's hash.")
    product: Name = Field(description="The product.")
    version: Name = Field(description="Software version it runs as last known.")
    hardware: str = Field(
        default="", description="Hardware revision; empty where there is just one."
    )
    site: str | None = Field(default=None, description="Where it stands.")
    market: str = Field(description="Country, ISO 3166-1 alpha-2.")
    method: Method = Field(description="How updates reach it.")
    udi_di: str | None = Field(default=None, description="UDI device identifier.")
    lot: str | None = Field(default=None, description="Lot or batch.")
    registered_at: Instant = Field(description="When intake accepted this state.")

    @property
    def key(self) -> str:
        """The device."""
        return self.device


class DeviceRetired(Event):
    """A device left the field; carries its full last state."""

    TYPE: ClassVar[str] = "device.retired.v1"
    TOPIC: ClassVar[str] = "devices"

    last: DeviceRegistered = Field(description="The device as it last was.")
    retired_at: Instant = Field(description="When.")

    @property
    def key(self) -> str:
        """The device."""
        return self.last.device


class DeviceState(StrEnum):
    """Where one device stands in one campaign. Only VERIFIED and ALREADY_AT_VERSION are covered."""

    NOT_OFFERED = "not_offered"
    OFFERED = "offered"
    DOWNLOADING = "downloading"
    DOWNLOADED = "downloaded"
    INSTALLING = "installing"
    INSTALLED_UNCONFIRMED = "installed_unconfirmed"
    VERIFIED = "verified"
    ALREADY_AT_VERSION = "already_at_version"
    NOTIFIED = "notified"
    ACKNOWLEDGED = "acknowledged"
    UNREACHABLE = "unreachable"
    AWAITING_CONSENT = "awaiting_consent"
    DEFERRED = "deferred"
    VISIT_SCHEDULED = "visit_scheduled"
    IN_CLINICAL_USE = "in_clinical_use"
    REJECTED = "rejected"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    TIMED_OUT = "timed_out"
    SAFETY_EVENT = "safety_event"
    DECLINED = "declined"
    INELIGIBLE = "ineligible"
    LOST_TO_FOLLOW_UP = "lost_to_follow_up"
    RETIRED = "retired"


class DeviceReported(Event):
    """What a device, a relay or a technician reports of one installation attempt.

    Ordered by `(attempt, sequence)`, never by arrival. This topic belongs to the outside: the
    record's key is the device, CloudEvents headers are welcome and not required.
    """

    TYPE: ClassVar[str] = "device.reported.v1"
    TOPIC: ClassVar[str] = "device-reports"

    device: Name = Field(description="The device's id.")
    campaign: str | None = Field(
        default=None,
        description="The campaign the report belongs to; None for a bare version report.",
    )
    attempt: int = Field(ge=1, default=1, description="Counts installation attempts.")
    sequence: int = Field(ge=0, description="Counts up on the device; orders its reports.")
    state: DeviceState = Field(description="The state reported.")
    version: str | None = Field(
        default=None, description="Version attested by the device or visit."
    )
    code: str | None = Field(
        default=None, description="Reason of a failure, rejection or deferral."
    )
    evidence: str | None = Field(
        default=None, description="device_attestation, remote_scan or technician_signature."
    )
    evidence_ref: str | None = Field(
        default=None, description="Digest or id of the signed evidence."
    )
    reported_at: Instant = Field(description="The reporter's time; never used for ordering.")

    @property
    def key(self) -> str:
        """The device."""
        return self.device
