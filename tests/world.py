"""A fresh logical world on shared servers: what one test module sees of the fleet's stores."""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from deploy.embedded.ports import free_port
from deploy.kafka import topics
from deploy.postgres import roles
from deploy.world import Stack
from schemas.topics import SERVICES, TOPICS

PEOPLE = {
    "psirt": ("PSIRT engineer on duty", ["psirt"]),
    "psirt-2": ("Second PSIRT engineer", ["psirt"]),
    "quality": ("Quality manager", ["quality"]),
    "regulatory": ("Regulatory affairs officer", ["regulatory"]),
    "regulatory-2": ("Second regulatory affairs officer", ["regulatory"]),
    "operations": ("Operations lead", ["operations"]),
    "auditor": ("Auditor", ["auditor"]),
    "admin": ("Platform engineer", ["admin"]),
}
"""People whom every test world knows: id, name, roles. A person's token is `token-<id>`."""

INTEGRATIONS = {"integration": ("PLM and feed integration", ["integration"])}
"""Integrations whom every test world knows."""


@dataclass(frozen=True, slots=True)
class World:
    """One database, topic prefix, Redis prefix, blob folder and principals file of its own."""

    stack: Stack
    folder: Path
    """An empty folder for whatever the tests write."""

    def environment(self, service: str) -> dict[str, str]:
        """Give the settings that a service reads: set them with monkeypatch, or start it so."""
        return self.stack.environment(service)

    def token(self, principal: str) -> str:
        """Give the bearer token of a principal, by id (`psirt`, `quality`, `integration`, …).

        Raises:
            KeyError: the world knows no such principal.
        """
        if principal not in PEOPLE and principal not in INTEGRATIONS:
            raise KeyError(principal)
        return f"token-{principal}"

    def headers(self, principal: str) -> dict[str, str]:
        """Give the HTTP header with which a principal acts."""
        return {"authorization": f"Bearer {self.token(principal)}"}

    @property
    def topic_prefix(self) -> str:
        """What stands before every topic and consumer group of this world."""
        return self.stack.topic_prefix

    def topic(self, name: str) -> str:
        """Give a topic's name on the broker.

        Raises:
            KeyError: the contract has no such topic.
        """
        return self.stack.topic_prefix + TOPICS[name].name

    def dsn(self, service: str) -> str:
        """Give a service's connection string, with its own role."""
        return self.stack.postgres.dsn(service)

    @property
    def admin_dsn(self) -> str:
        """The superuser's connection string to this world's database."""
        return self.stack.postgres.admin_dsn

    def kafka(self, user: str) -> dict[str, Any]:
        """Give aiokafka's connection arguments for a user: a service, `integration`, `admin`."""
        kafka = self.stack.kafka
        plain: dict[str, Any] = {"bootstrap_servers": kafka.bootstrap}
        if not kafka.secured:
            return plain
        return plain | {
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": user,
            "sasl_plain_password": kafka.passwords[user],
        }


@contextmanager
def fresh_world(stack: Stack, folder: Path) -> Iterator[World]:
    """Make a world, and remove its database and topics afterwards."""
    name = f"w{secrets.token_hex(4)}"
    principals = folder / "principals.yaml"
    principals.write_text(yaml.safe_dump({"principals": list(_principals())}))
    blobs = folder / "blobs"
    blobs.mkdir()
    own = replace(
        stack,
        postgres=replace(stack.postgres, database=name),
        blob_url=blobs.as_uri(),
        http_ports=_ports(),
        principals_file=str(principals),
        topic_prefix=f"{name}.",
        redis_prefix=name,
    )
    try:
        roles.prepare(own.postgres)
        topics.apply(own.kafka, prefix=own.topic_prefix)
        yield World(own, folder)
    finally:
        topics.remove(own.kafka, prefix=own.topic_prefix)
        roles.drop(own.postgres)


def _ports() -> dict[str, int]:
    chosen: dict[str, int] = {}
    for service in SERVICES:
        chosen[service] = free_port(chosen.values())
    return chosen


def _principals() -> Iterator[dict[str, object]]:
    for kind, known in (("person", PEOPLE), ("integration", INTEGRATIONS)):
        for identity, (name, held) in known.items():
            digest = hashlib.sha256(f"token-{identity}".encode()).hexdigest()
            yield {
                "id": identity, "name": name, "kind": kind, "roles": held, "token_sha256": digest,
            }  # fmt: skip
