"""The settings that every Kafka node of ours shares: one broker and controller, users and rules.

A listener whose users live in Kafka's own log (SCRAM) cannot let the first user in, so the broker
and, where the log is formatted without users, the administrator come in by PLAIN.
"""

from collections.abc import Mapping

from deploy.credentials import KAFKA_ADMIN, KAFKA_BROKER, Credentials

_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required"

CONTROLLER = "CONTROLLER"
"""The name of the listener that the controller answers on; only the broker knows its password."""

COMMON = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": CONTROLLER,
    "sasl.mechanism.controller.protocol": "PLAIN",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": f"User:{KAFKA_ADMIN};User:{KAFKA_BROKER}",
    "allow.everyone.if.no.acl.found": "false",
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "8",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "log.index.size.max.bytes": "1048576",
    "log.segment.delete.delay.ms": "1000",
}


def controller(credentials: Credentials) -> dict[str, str]:
    """Protect the controller's listener: only the broker itself speaks to it."""
    return {
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": _broker_by_plain(credentials),
    }


def by_scram(listener: str, credentials: Credentials) -> dict[str, str]:
    """Let users in by SCRAM, the broker among them, whose own client uses this listener too."""
    name = f"listener.name.{listener.lower()}"
    secret = credentials.kafka[KAFKA_BROKER]
    return {
        f"{name}.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        f"{name}.scram-sha-512.sasl.jaas.config": (
            f'{_SCRAM} username="{KAFKA_BROKER}" password="{secret}";'
        ),
    }


def by_both(listener: str, credentials: Credentials) -> dict[str, str]:
    """Let users in by SCRAM, and the broker and the administrator by PLAIN."""
    name = f"listener.name.{listener.lower()}"
    admin = credentials.kafka[KAFKA_ADMIN]
    return {
        f"{name}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        f"{name}.scram-sha-512.sasl.jaas.config": f"{_SCRAM};",
        f"{name}.plain.sasl.jaas.config": (
            f'{_broker_by_plain(credentials).rstrip(";")} user_{KAFKA_ADMIN}="{admin}";'
        ),
    }


def _broker_by_plain(credentials: Credentials) -> str:
    secret = credentials.kafka[KAFKA_BROKER]
    return f'{_PLAIN} username="{KAFKA_BROKER}" password="{secret}" user_{KAFKA_BROKER}="{secret}";'


def listeners(listen: Mapping[str, str], advertised: Mapping[str, str]) -> dict[str, str]:
    """Name the listeners, all with SASL and without TLS: each is on loopback or a private net.

    Args:
        listen: each listener's `host:port` to bind.
        advertised: what clients are told instead; the controller is told to nobody.
    """
    return {
        "listeners": ",".join(f"{name}://{place}" for name, place in listen.items()),
        "advertised.listeners": ",".join(f"{name}://{at}" for name, at in advertised.items()),
        "listener.security.protocol.map": ",".join(f"{name}:SASL_PLAINTEXT" for name in listen),
    }


def properties(settings: Mapping[str, str]) -> str:
    """Write settings as a `server.properties` file."""
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Write settings as the variables that the official image turns back into settings."""
    escaped = {"_": "__", "-": "___", ".": "_"}
    return {
        "KAFKA_" + "".join(escaped.get(each, each) for each in name).upper(): value
        for name, value in settings.items()
    }
