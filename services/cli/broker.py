"""Finds Kafka: by the address that the environment gives, else as the fleet in the home uses it."""

import os
from dataclasses import dataclass

from deploy.world import KafkaAddress
from services.cli.door import fleet, home
from services.cli.refusal import Exit, RefusedError


@dataclass(frozen=True, slots=True)
class Broker:
    """Kafka, with the user to act as; `prefix` stands before every topic of the fleet."""

    kafka: KafkaAddress
    prefix: str = ""


def broker() -> Broker:
    """Give Kafka: PATCHVIGIL_KAFKA_BOOTSTRAP, _USER and _PASSWORD, else the home's fleet's.

    Raises:
        RefusedError: nothing says where it is.
    """
    if bootstrap := os.environ.get("PATCHVIGIL_KAFKA_BOOTSTRAP"):
        user = os.environ.get("PATCHVIGIL_KAFKA_USER", "")
        password = os.environ.get("PATCHVIGIL_KAFKA_PASSWORD", "")
        known = {user: password} if user else {}
        prefix = os.environ.get("PATCHVIGIL_TOPIC_PREFIX", "")
        return Broker(KafkaAddress(bootstrap, known, admin_user=user), prefix)
    found = fleet()
    if found is None:
        raise RefusedError(
            Exit.UNREACHABLE,
            "nothing says where Kafka is",
            f"no fleet runs in {home()}, and PATCHVIGIL_KAFKA_BOOTSTRAP is not set",
            "start the fleet with `patchvigil up`, or set PATCHVIGIL_HOME or"
            " PATCHVIGIL_KAFKA_BOOTSTRAP",
        )
    return Broker(found.stack.kafka, found.stack.topic_prefix)
