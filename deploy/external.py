"""Servers that somebody else runs, found by the addresses that the environment gives."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from deploy.credentials import Credentials, load_or_create
from deploy.embedded.home import Home
from deploy.embedded.ports import SERVICE_PORTS
from deploy.errors import StackError
from deploy.world import KafkaAddress, PostgresAddress, Stack

_ADDRESSES = ("PATCHVIGIL_KAFKA_BOOTSTRAP", "PATCHVIGIL_POSTGRES_DSN", "PATCHVIGIL_REDIS_URL")


@contextmanager
def run(home: Home) -> Iterator[Stack]:
    """Read the addresses; their user and role must be administrators, who make the others.

    The services' own passwords are made once and kept in the home. An empty PATCHVIGIL_KAFKA_USER
    means a PLAINTEXT listener: then there are no users and no access rules.

    Raises:
        StackError: an address is missing or unreadable.
    """
    missing = [name for name in _ADDRESSES if not os.environ.get(name)]
    if missing:
        raise StackError(
            f"the external stack needs {', '.join(missing)}",
            "set them to your servers' addresses, with an administrator's user and password,"
            " or use PATCHVIGIL_STACK=embedded, which needs none",
        )
    credentials = load_or_create(home.credentials)
    yield Stack(
        kind="external",
        kafka=_kafka(credentials),
        postgres=_postgres(credentials),
        redis_url=os.environ["PATCHVIGIL_REDIS_URL"],
        blob_url=os.environ.get("PATCHVIGIL_BLOB_URL") or home.blobs.as_uri(),
        http_ports=SERVICE_PORTS,
        principals_file=os.environ.get("PATCHVIGIL_PRINCIPALS_FILE", ""),
    )


def _kafka(credentials: Credentials) -> KafkaAddress:
    bootstrap = os.environ["PATCHVIGIL_KAFKA_BOOTSTRAP"]
    user = os.environ.get("PATCHVIGIL_KAFKA_USER", "")
    if not user:
        return KafkaAddress(bootstrap)
    password = os.environ.get("PATCHVIGIL_KAFKA_PASSWORD", "")
    return KafkaAddress(bootstrap, {**credentials.kafka, user: password}, admin_user=user)


def _postgres(credentials: Credentials) -> PostgresAddress:
    parts = urlsplit(os.environ["PATCHVIGIL_POSTGRES_DSN"])
    if not (parts.hostname and parts.username and parts.path.strip("/")):
        raise StackError(
            "PATCHVIGIL_POSTGRES_DSN has no host, user or database",
            "write it as postgresql://administrator:password@host:5432/database",
        )
    role = unquote(parts.username)
    return PostgresAddress(
        parts.hostname,
        parts.port or 5432,
        {**credentials.postgres, role: unquote(parts.password or "")},
        database=unquote(parts.path.strip("/")),
        admin_role=role,
    )
