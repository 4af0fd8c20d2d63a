"""Stream `alerts`: who was told what, through which channel, and whether they answered."""

from typing import ClassVar

from pydantic import Field

from schemas.clocks import Severity
from schemas.event import Event, Instant, Name


class AlertEvent(Event):
    """A fact about one alert."""

    TOPIC: ClassVar[str] = "alerts"

    alert: Name = Field(description="Id of the alert: one a clock's escalation step.")
    case: Name = Field(description="The case.")
    clock: str | None = Field(default=None, description="The clock, where one is behind it.")

    @property
    def key(self) -> str:
        """The case."""
        return self.case


class AlertRaised(AlertEvent):
    """Somebody must be told."""

    TYPE: ClassVar[str] = "alert.raised.v1"

    dedup_key: Name = Field(description="One a clock, deadline and step; never one a clock.")
    step: Name = Field(description="The escalation step.")
    severity: Severity = Field(description="Page or ticket.")
    summary: Name = Field(description="What the receiver reads first.")
    targets: tuple[str, ...] = Field(description="Whom it will try, in order.")
    raised_at: Instant = Field(description="When.")


class AlertDelivered(AlertEvent):
    """A channel's provider accepted it for one person."""

    TYPE: ClassVar[str] = "alert.delivered.v1"

    to: Name = Field(description="Principal id.")
    channel: Name = Field(description="webhook or email.")
    receipt: str | None = Field(default=None, description="The provider's receipt.")
    delivered_at: Instant = Field(description="When the provider accepted it.")


class AlertUndelivered(AlertEvent):
    """A channel could not deliver it to one person; the next one is tried."""

    TYPE: ClassVar[str] = "alert.undelivered.v1"

    to: Name = Field(description="Principal id.")
    channel: Name = Field(description="webhook or email.")
    error: Name = Field(description="What the provider or network said.")
    exhausted: bool = Field(description="No channel and no person is left to try.")
    failed_at: Instant = Field(description="When.")


class AlertAcknowledged(AlertEvent):
    """A person answered. It silences this alert, never the clock."""

    TYPE: ClassVar[str] = "alert.acknowledged.v1"

    by: Name = Field(description="The person.")
    through: Name = Field(description="link, http or command line.")
    acknowledged_at: Instant = Field(description="When.")


class AlertResolved(AlertEvent):
    """Nobody needs to be told any more: the clock was met, ended or moved."""

    TYPE: ClassVar[str] = "alert.resolved.v1"

    because: Name = Field(description="Why.")
    resolved_at: Instant = Field(description="When.")
