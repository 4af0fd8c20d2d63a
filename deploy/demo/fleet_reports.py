"""Speaks for the demonstration's devices: publishes their reports to Kafka as a relay would."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from confluent_kafka import Producer

from deploy.world import Stack
from schemas.devices import DeviceReported, DeviceState
from schemas.topics import DEVICES

_FLUSH_SECONDS = 30


@dataclass(slots=True)
class Reporter:
    """Every device of one campaign; each counts its own reports up."""

    producer: Producer
    topic: str
    campaign: str
    target: str
    sequences: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, stack: Stack, campaign: str, target: str) -> "Reporter":
        """Connect as the device relay."""
        producer = Producer({**stack.kafka.client(DEVICES), "linger.ms": 5, "log_level": 0})
        return cls(producer, stack.topic_prefix + DeviceReported.TOPIC, campaign, target)

    def report(
        self,
        devices: Iterable[str],
        state: str,
        code: str | None = None,
        evidence: str = "device_attestation",
    ) -> None:
        """Report one state of each device; a verified one attests its version.

        Raises:
            TimeoutError: Kafka did not take them.
        """
        proven = state == DeviceState.VERIFIED
        for device in devices:
            self.sequences[device] += 1
            value = DeviceReported(
                device=device,
                campaign=self.campaign,
                sequence=self.sequences[device],
                state=DeviceState(state),
                code=code,
                version=self.target if proven else None,
                evidence=evidence if proven else None,
                reported_at=datetime.now(UTC),
            )
            self.producer.produce(self.topic, value.model_dump_json().encode(), device.encode())
        if left := self.producer.flush(_FLUSH_SECONDS):
            raise TimeoutError(f"Kafka did not take {left} device reports")
