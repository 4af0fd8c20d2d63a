"""Where everything is inside the containers of `compose.yaml`: names, ports, folders, users."""

from pathlib import Path

from deploy.credentials import KAFKA_ADMIN, Credentials
from deploy.embedded.ports import SERVICE_PORTS
from deploy.kafka import node
from deploy.world import KafkaAddress, PostgresAddress, Stack
from schemas.topics import SERVICES

CREDENTIALS = Path("/run/credentials")
"""The volume of secrets: a file a service, each readable by that service's user alone."""

KAFKA_SETTINGS = Path("/run/kafka-settings")
"""The volume that Kafka's image takes its `server.properties` from."""

POSTGRES_SECRET = Path("/run/postgres-secret")
"""The volume with the database administrator's password, for PostgreSQL and the jobs."""

BLOBS = Path("/var/lib/patchvigil/blobs")
"""The blob store that all services share."""

GROUP = 10_000
"""The group of every service: it may read and write blobs, and read who the people are."""

USERS = {service: 10_001 + index for index, service in enumerate(SERVICES)}
"""Each service runs as a user of its own, so that files keep them apart."""

REDIS_USER = 10_011
KAFKA_USER = 1000  # the official image's own

KAFKA_PORT = 9092
"""Where Kafka answers programs on this machine, if nothing else is asked for."""

PUBLISHED = {**SERVICE_PORTS, "kafka": KAFKA_PORT}
"""The port of each container that is published, inside, and on this machine unless asked else."""

_FLEET = "FLEET"
_HOST = "HOST"


def stack(credentials: Credentials) -> Stack:
    """Describe the servers as the services in the containers reach them."""
    return Stack(
        kind="containers",
        kafka=KafkaAddress("kafka:9094", dict(credentials.kafka), KAFKA_ADMIN),
        postgres=PostgresAddress("postgres", 5432, dict(credentials.postgres)),
        redis_url=f"redis://:{credentials.redis}@redis:6379/0",
        blob_url=BLOBS.as_uri(),
        http_ports=SERVICE_PORTS,
        http_host="0.0.0.0",  # noqa: S104 - inside its container; compose publishes to loopback
        principals_file=str(CREDENTIALS / "principals.yaml"),
    )


def variable(name: str) -> str:
    """Name what says on which port of this machine a container is published."""
    return f"PUBLISHED_{name.upper().replace('-', '_')}"


def kafka_settings(credentials: Credentials, published: int = KAFKA_PORT) -> dict[str, str]:
    """Set the node up: one listener for the fleet, one for programs on this machine."""
    return {
        **node.COMMON,
        **node.listeners(
            {_FLEET: ":9094", _HOST: f":{KAFKA_PORT}", node.CONTROLLER: ":9093"},
            {_FLEET: "kafka:9094", _HOST: f"localhost:{published}"},
        ),
        **node.controller(credentials),
        **node.by_both(_FLEET, credentials),
        **node.by_both(_HOST, credentials),
        "controller.quorum.voters": "1@localhost:9093",
        "inter.broker.listener.name": _FLEET,
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "log.dirs": "/var/lib/kafka/data",
    }
