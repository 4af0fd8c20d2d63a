"""The passwords of one home: made once, kept in a file that only its owner can read."""

import base64
import json
import os
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from schemas.topics import SERVICES, users

KAFKA_ADMIN = "admin"
"""The Kafka super user: applies topics and access rules."""

KAFKA_BROKER = "broker"
"""The Kafka user that a broker speaks to itself with."""

POSTGRES_ADMIN = "patchvigil-admin"
"""The PostgreSQL superuser of a home: makes roles, schemas and databases."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Every secret of one home; `kafka` and `postgres` map a user or role to its password."""

    cluster_id: str
    """The Kafka cluster's id: a base64 UUID without padding, as `StorageTool` wants it."""
    kafka: Mapping[str, str] = field(repr=False)
    postgres: Mapping[str, str] = field(repr=False)
    redis: str = field(repr=False)


def _cluster_id() -> str:
    """Make a cluster id; Kafka's tools read a leading dash as an option, so none starts so."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def generate() -> Credentials:
    """Make fresh passwords for every user and role that the fleet knows."""
    return Credentials(
        cluster_id=_cluster_id(),
        kafka={user: secrets.token_hex(24) for user in (KAFKA_ADMIN, KAFKA_BROKER, *users())},
        postgres={role: secrets.token_hex(24) for role in (POSTGRES_ADMIN, *SERVICES)},
        redis=secrets.token_hex(24),
    )


def load_or_create(path: Path) -> Credentials:
    """Read a home's credentials, or make and store them (mode 0600) the first time."""
    if path.exists():
        return Credentials(**json.loads(path.read_text()))
    made = generate()
    write_private(path, json.dumps(asdict(made), indent=1))
    return made


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file that nobody but its owner can read, whole or not at all."""
    draft = path.with_suffix(f"{path.suffix}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    draft.replace(path)
