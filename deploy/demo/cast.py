"""Writes who takes part: principals with their tokens, keys, and the on-call roster. Roles only."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.credentials import write_private

PEOPLE = {
    "psirt-1": ("PSIRT engineer, first on call", ["psirt"]),
    "psirt-2": ("PSIRT engineer, second on call", ["psirt"]),
    "psirt-head": ("Head of product security", ["psirt"]),
    "regulatory": ("Regulatory affairs manager", ["regulatory"]),
    "regulatory-2": ("Head of regulatory affairs", ["regulatory"]),
    "quality": ("Quality manager", ["quality"]),
    "operations": ("Fleet operations lead", ["operations"]),
    "admin": ("Platform engineer", ["admin"]),
}
"""Each person's id, what they are, and their roles. Four eyes need several of them."""

INTEGRATIONS = {"plm": "Product lifecycle and feeds", "release-key": "Release signing key"}
TARGETS = {
    "psirt-oncall": ["psirt-1", "psirt-2"],
    "psirt-lead": ["psirt-head"],
    "ra-oncall": ["regulatory"],
    "ra-head": ["regulatory-2"],
    "ciso": ["psirt-head"],
    "exec-duty": ["regulatory-2"],
    "platform": ["admin"],
}


@dataclass(frozen=True, slots=True)
class Cast:
    """The files that were written, and what proves each principal."""

    principals: Path
    roster: Path
    tokens: dict[str, str]
    webhook_secret: bytes
    release_key: Ed25519PrivateKey

    def sign(self, digest: str) -> str:
        """Sign a release's digest with the release key."""
        return base64.b64encode(self.release_key.sign(digest.encode())).decode()

    @property
    def release_public_key(self) -> str:
        """The release key's public half, base64."""
        return base64.b64encode(self.release_key.public_key().public_bytes_raw()).decode()


def fresh_secret() -> str:
    """Make the secret that the webhook receiver shares with notification."""
    return secrets.token_hex(24)


def write(folder: Path, *, secret: str, webhook_port: int, smtp_port: int, ack_url: str) -> Cast:
    """Write principals, roster and secrets for one demonstration, with tokens for this machine."""
    tokens = {name: secrets.token_urlsafe(24) for name in (*PEOPLE, *INTEGRATIONS)}
    release_key = Ed25519PrivateKey.generate()
    cast = Cast(
        folder / "principals.yaml", folder / "roster.yaml", tokens, secret.encode(), release_key
    )
    people = [_entry(name, held, "person", tokens) for name, held in PEOPLE.items()]
    integrations = [
        _entry(name, (held, ["integration"]), "integration", tokens)
        for name, held in INTEGRATIONS.items()
    ]
    integrations[-1]["public_key"] = cast.release_public_key
    _dump(cast.principals, {"principals": [*people, *integrations]})
    write_private(folder / "tokens.json", json.dumps({**tokens, "operator": tokens["admin"]}))
    write_private(folder / "webhook.secret", secret)
    write_private(folder / "acknowledge.key", secrets.token_hex(32))
    write_roster(cast.roster, webhook_port=webhook_port, smtp_port=smtp_port, ack_url=ack_url)
    return cast


def write_roster(path: Path, *, webhook_port: int, smtp_port: int, ack_url: str) -> None:
    """Write the roster; notification follows its changes while it runs."""
    _dump(path, _roster(webhook_port, smtp_port, ack_url))


def _entry(
    name: str, held: tuple[str, list[str]], kind: str, tokens: dict[str, str]
) -> dict[str, object]:
    title, roles = held
    digest = hashlib.sha256(tokens[name].encode()).hexdigest()
    return {"id": name, "name": title, "kind": kind, "roles": roles, "token_sha256": digest}


def _roster(webhook_port: int, smtp_port: int, ack_url: str) -> dict[str, object]:
    def webhook(name: str) -> dict[str, str]:
        return {
            "url": f"http://127.0.0.1:{webhook_port}/{name}",
            "secret_file": "webhook.secret",
        }

    return {
        "acknowledge": {"base_url": ack_url, "key_file": "acknowledge.key"},
        "mail": {
            "host": "127.0.0.1", "port": smtp_port, "tls": "none",
            "sender": "Patchvigil <patchvigil@larkfield.example>",
        },
        "tickets": webhook("tickets"),
        "platform": ["platform"],
        "people": [
            {
                "id": name, "name": title, "zone": "Europe/Berlin",
                "email": f"{name}@larkfield.example", "webhook": webhook(name),
            }
            for name, (title, _) in PEOPLE.items()
        ],
        "targets": [
            {"id": target, "zone": "Europe/Berlin", "need_ack_in": "15m", "people": people}
            for target, people in TARGETS.items()
        ],
    }  # fmt: skip


def _dump(path: Path, document: dict[str, object]) -> None:
    write_private(path, yaml.safe_dump(document, sort_keys=False))
