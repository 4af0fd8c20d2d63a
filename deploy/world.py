"""Where a fleet's servers are and what each service is told of them: one value for every world."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

from deploy.credentials import KAFKA_ADMIN, POSTGRES_ADMIN

Kind = Literal["external", "containers", "embedded"]
"""How the servers came to be: given by address, in containers, or as our own processes."""


@dataclass(frozen=True, slots=True)
class KafkaAddress:
    """A Kafka cluster; no passwords mean a PLAINTEXT listener without users or access rules."""

    bootstrap: str
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    admin_user: str = KAFKA_ADMIN
    mechanism: str = "SCRAM-SHA-512"

    @property
    def secured(self) -> bool:
        """Whether clients authenticate with SCRAM, and so whether access rules mean anything."""
        return bool(self.passwords)

    def client(self, user: str) -> dict[str, str | int]:
        """Give librdkafka's settings for one user.

        Raises:
            KeyError: the user has no password here.
        """
        plain: dict[str, str | int] = {"bootstrap.servers": self.bootstrap}
        if not self.secured:
            return plain
        return plain | {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": self.mechanism,
            "sasl.username": user,
            "sasl.password": self.passwords[user],
        }


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A database in a PostgreSQL server, with the password of each role that may enter it."""

    host: str
    port: int
    passwords: Mapping[str, str] = field(repr=False)
    database: str = "patchvigil"
    admin_role: str = POSTGRES_ADMIN

    def dsn(self, role: str, database: str | None = None) -> str:
        """Give the connection string of a role.

        Raises:
            KeyError: the role has no password here.
        """
        password = quote(self.passwords[role], safe="")
        place = f"{self.host}:{self.port}/{quote(database or self.database, safe='')}"
        return f"postgresql://{quote(role, safe='')}:{password}@{place}"

    @property
    def admin_dsn(self) -> str:
        """The administrator's connection string."""
        return self.dsn(self.admin_role)


@dataclass(frozen=True, slots=True)
class Stack:
    """Running servers and one logical world on them: a database, a topic prefix, a Redis prefix.

    Two worlds on the same servers see nothing of each other; tests make one a module.
    """

    kind: Kind
    kafka: KafkaAddress
    postgres: PostgresAddress
    redis_url: str = field(repr=False)
    blob_url: str
    http_ports: Mapping[str, int]
    http_host: str = "127.0.0.1"
    principals_file: str = ""
    topic_prefix: str = ""
    redis_prefix: str = "patchvigil"

    def environment(self, service: str) -> dict[str, str]:
        """Name every setting that `service` reads to find its servers, and nothing of the others'.

        Raises:
            KeyError: no such service.
        """
        return {
            "PATCHVIGIL_KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "PATCHVIGIL_KAFKA_USER": service if self.kafka.secured else "",
            "PATCHVIGIL_KAFKA_PASSWORD": (
                self.kafka.passwords[service] if self.kafka.secured else ""
            ),
            "PATCHVIGIL_POSTGRES_DSN": self.postgres.dsn(service),
            "PATCHVIGIL_REDIS_URL": self.redis_url,
            "PATCHVIGIL_REDIS_PREFIX": self.redis_prefix,
            "PATCHVIGIL_TOPIC_PREFIX": self.topic_prefix,
            "PATCHVIGIL_BLOB_URL": self.blob_url,
            "PATCHVIGIL_PRINCIPALS_FILE": self.principals_file,
            "PATCHVIGIL_HTTP_HOST": self.http_host,
            "PATCHVIGIL_HTTP_PORT": str(self.http_ports[service]),
        }

    def base_url(self, service: str) -> str:
        """Give the address at which a service answers HTTP."""
        return f"http://{self.http_host}:{self.http_ports[service]}"
