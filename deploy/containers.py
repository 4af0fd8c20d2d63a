"""The servers as containers of stock images, for who has a Docker engine and wants nothing else.

The data lives as long as the containers: this world is for tests. `compose.yaml` runs a fleet.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec

from deploy.credentials import POSTGRES_ADMIN, Credentials, load_or_create
from deploy.embedded import ports
from deploy.embedded.home import Home
from deploy.errors import StackError
from deploy.kafka import node
from deploy.world import KafkaAddress, PostgresAddress, Stack
from schemas.topics import SERVICES

KAFKA_IMAGE = "apache/kafka:4.3.0"
POSTGRES_IMAGE = "postgres:18"
REDIS_IMAGE = "redis:8"

_PATIENCE = 120.0


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
    if not engine_answers():
        raise StackError(
            "no Docker engine answers",
            "start one (look with `docker version`), or use PATCHVIGIL_STACK=embedded, which needs"
            " no Docker",
        )
    from deploy.kafka import scram  # noqa: PLC0415 - only who prepares needs librdkafka

    credentials = load_or_create(home.credentials)
    names = ("kafka", "postgres", "redis", *SERVICES)
    chosen = ports.choose(names, home.ports, {}, say)
    redis = f"redis-server --requirepass {credentials.redis}"
    images = (
        _kafka(chosen["kafka"], credentials),
        _postgres(chosen["postgres"], credentials),
        _Image(REDIS_IMAGE, 6379, chosen["redis"], command=redis),
    )
    with ExitStack() as started:
        for image in images:
            say(f"starting {image.name} on port {image.outside}")
            started.enter_context(_container(image))
        stack = Stack(
            kind="containers",
            kafka=KafkaAddress(f"127.0.0.1:{chosen['kafka']}", dict(credentials.kafka)),
            postgres=PostgresAddress("127.0.0.1", chosen["postgres"], dict(credentials.postgres)),
            redis_url=f"redis://:{credentials.redis}@127.0.0.1:{chosen['redis']}/0",
            blob_url=home.blobs.as_uri(),
            http_ports={service: chosen[service] for service in SERVICES},
        )
        _await_postgres(stack.postgres)
        _await_redis(chosen["redis"], credentials.redis)
        scram.create_admin(stack.kafka, _PATIENCE)
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
    """Set Kafka up with users and rules; the image formats its log without any user.

    One `KAFKA_*` variable drops all of the image's defaults, so this is the whole set.
    """
    settings = {
        **node.COMMON,
        **node.listeners(
            {"CLIENT": ":9092", "FLEET": ":9094", node.CONTROLLER: ":9093"},
            {"CLIENT": f"127.0.0.1:{port}", "FLEET": "localhost:9094"},
        ),
        **node.controller(credentials),
        **node.by_both("CLIENT", credentials),
        **node.by_both("FLEET", credentials),
        "controller.quorum.voters": "1@localhost:9093",
        "inter.broker.listener.name": "FLEET",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
    }
    environment = node.environment(settings) | {"CLUSTER_ID": credentials.cluster_id}
    return _Image(KAFKA_IMAGE, 9092, port, environment)


def _postgres(port: int, credentials: Credentials) -> _Image:
    environment = {
        "POSTGRES_USER": POSTGRES_ADMIN,
        "POSTGRES_PASSWORD": credentials.postgres[POSTGRES_ADMIN],
        "POSTGRES_DB": "patchvigil",
    }
    return _Image(POSTGRES_IMAGE, 5432, port, environment, "postgres -c max_connections=200")


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
