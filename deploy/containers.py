"""The servers as containers of stock images, for who has a Docker engine and wants nothing else.

The data lives as long as the containers: this world is for tests. `compose.yaml` runs a fleet.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from importlib.util import find_spec

from deploy.credentials import (
    KAFKA_ADMIN,
    KAFKA_BROKER,
    POSTGRES_ADMIN,
    Credentials,
    load_or_create,
)
from deploy.embedded import ports
from deploy.embedded.home import Home
from deploy.errors import StackError
from deploy.world import KafkaAddress, PostgresAddress, Stack
from schemas.topics import SERVICES

KAFKA_IMAGE = "apache/kafka:4.3.0"
POSTGRES_IMAGE = "postgres:18"
REDIS_IMAGE = "redis:8"

_PATIENCE = 120.0
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required"


@dataclass(frozen=True, slots=True)
class _Image:
    """One server: its image, the port inside and outside, and how to run it."""

    name: str
    inside: int
    outside: int
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    command: str = field(default="", repr=False)


def engine_answers() -> bool:
    """Tell whether a Docker engine answers the `docker` command."""
    program = shutil.which("docker")
    if program is None:
        return False
    try:
        asked = subprocess.run(  # noqa: S603 - a fixed question
            [program, "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            check=False,
            timeout=20,
        )
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


@contextmanager
def run(home: Home, say: Callable[[str], None]) -> Iterator[Stack]:
    """Run the three servers in containers for as long as the context lasts.

    Raises:
        StackError: no engine answers, an image cannot be had, or a server does not come up.
    """
    if find_spec("testcontainers") is None:
        raise StackError(
            "containers need the package testcontainers", 'install "patchvigil[embedded,dev]"'
        )
    credentials = load_or_create(home.credentials)
    kafka, postgres, redis = (ports.free_port() for _ in range(3))
    images = (
        _kafka(kafka, credentials),
        _postgres(postgres, credentials),
        _Image(REDIS_IMAGE, 6379, redis, command=f"redis-server --requirepass {credentials.redis}"),
    )
    with ExitStack() as started:
        for image in images:
            say(f"starting {image.name} on port {image.outside}")
            started.enter_context(_container(image))
        stack = Stack(
            kind="containers",
            kafka=KafkaAddress(f"127.0.0.1:{kafka}", dict(credentials.kafka)),
            postgres=PostgresAddress("127.0.0.1", postgres, dict(credentials.postgres)),
            redis_url=f"redis://:{credentials.redis}@127.0.0.1:{redis}/0",
            blob_url=home.blobs.as_uri(),
            http_ports={service: ports.free_port() for service in SERVICES},
        )
        _await_postgres(stack.postgres)
        _await_redis(redis, credentials.redis)
        _create_admin(stack.kafka)
        yield stack


@contextmanager
def _container(image: _Image) -> Iterator[None]:
    from docker.errors import DockerException  # noqa: PLC0415 - optional package
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - optional package

    container = DockerContainer(image.name).with_bind_ports(image.inside, image.outside)
    for name, value in image.environment.items():
        container = container.with_env(name, value)
    if image.command:
        container = container.with_command(image.command)
    try:
        container.start()
    except DockerException as error:
        raise StackError(
            f"the container {image.name} does not start: {error}",
            "see that the Docker engine runs and can pull the image, or use"
            " PATCHVIGIL_STACK=embedded, which needs no Docker",
        ) from error
    try:
        yield
    finally:
        container.stop()


def _kafka(port: int, credentials: Credentials) -> _Image:
    """Set Kafka up with users and rules.

    The image formats its log without users, so the administrator and the broker itself come in by
    PLAIN, whose users are settings; SCRAM users are made from there. One `KAFKA_*` variable drops
    all of the image's defaults, so this is the whole set.
    """
    secret, admin = credentials.kafka[KAFKA_BROKER], credentials.kafka[KAFKA_ADMIN]
    own = f'{_PLAIN} username="{KAFKA_BROKER}" password="{secret}" user_{KAFKA_BROKER}="{secret}"'
    settings = {
        "NODE_ID": "1",
        "PROCESS_ROLES": "broker,controller",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "LISTENERS": "CLIENT://:9092,INTERNAL://:9094,CONTROLLER://:9093",
        "ADVERTISED_LISTENERS": f"CLIENT://127.0.0.1:{port},INTERNAL://localhost:9094",
        "LISTENER_SECURITY_PROTOCOL_MAP": (
            "CLIENT:SASL_PLAINTEXT,INTERNAL:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT"
        ),
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "INTER_BROKER_LISTENER_NAME": "INTERNAL",
        "SASL_ENABLED_MECHANISMS": "PLAIN,SCRAM-SHA-512",
        "SASL_MECHANISM_INTER_BROKER_PROTOCOL": "PLAIN",
        "SASL_MECHANISM_CONTROLLER_PROTOCOL": "PLAIN",
        "LISTENER_NAME_CLIENT_PLAIN_SASL_JAAS_CONFIG": (f'{_PLAIN} user_{KAFKA_ADMIN}="{admin}";'),
        "LISTENER_NAME_CLIENT_SCRAM___SHA___512_SASL_JAAS_CONFIG": f"{_SCRAM};",
        "LISTENER_NAME_INTERNAL_PLAIN_SASL_JAAS_CONFIG": f"{own};",
        "LISTENER_NAME_CONTROLLER_PLAIN_SASL_JAAS_CONFIG": f"{own};",
        "AUTHORIZER_CLASS_NAME": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "SUPER_USERS": f"User:{KAFKA_ADMIN};User:{KAFKA_BROKER}",
        "AUTO_CREATE_TOPICS_ENABLE": "false",
        "OFFSETS_TOPIC_NUM_PARTITIONS": "8",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }
    environment = {f"KAFKA_{name}": value for name, value in settings.items()}
    return _Image(KAFKA_IMAGE, 9092, port, environment | {"CLUSTER_ID": credentials.cluster_id})


def _postgres(port: int, credentials: Credentials) -> _Image:
    environment = {
        "POSTGRES_USER": POSTGRES_ADMIN,
        "POSTGRES_PASSWORD": credentials.postgres[POSTGRES_ADMIN],
        "POSTGRES_DB": "patchvigil",
    }
    return _Image(POSTGRES_IMAGE, 5432, port, environment, "postgres -c max_connections=200")


def _create_admin(kafka: KafkaAddress) -> None:
    """Give the administrator a SCRAM password too, coming in by PLAIN."""
    from deploy.kafka import scram, topics  # noqa: PLC0415 - only who prepares needs librdkafka

    by_plain = replace(kafka, mechanism="PLAIN")
    client = topics.await_broker(by_plain, patience=_PATIENCE)
    own = {KAFKA_ADMIN: kafka.passwords[KAFKA_ADMIN]}
    scram.apply(replace(by_plain, passwords=own, admin_user=""), client)


def _await_postgres(address: PostgresAddress) -> None:
    from deploy.postgres import roles  # noqa: PLC0415

    _await("postgres", lambda: roles.answers(address))


def _await_redis(port: int, password: str) -> None:
    ask = f"AUTH {password}\r\nPING\r\n".encode()
    _await("redis", lambda: ports.answers(port, ask, b"PONG"))


def _await(name: str, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            raise StackError(
                f"the container of {name} did not answer within {_PATIENCE:.0f} s",
                "look at it with `docker ps -a` and `docker logs`",
            )
        time.sleep(0.1)
