"""Gives a new home its first people: one administrator and one integration, with random tokens."""

import hashlib
import json
import secrets
from pathlib import Path

import yaml

from deploy.credentials import write_private
from deploy.embedded.home import Home

_ROLES = {
    "operator": (
        "person",
        "Operator of this machine",
        ["admin", "operations", "psirt", "quality", "regulatory"],
    ),
    "integration": ("integration", "Integration on this machine", ["integration"]),
}


def ensure(home: Home) -> Path:
    """Give the home's principals file, made the first time, with its tokens beside it.

    The tokens are in `tokens.json` (mode 0600), so that the command line on this machine can act.
    A company replaces the file by its own: PATCHVIGIL_PRINCIPALS_FILE.
    """
    path = home.path / "principals.yaml"
    if path.exists():
        return path
    made = {identity: secrets.token_urlsafe(32) for identity in _ROLES}
    write_private(home.path / "tokens.json", json.dumps(made, indent=1))
    entries = [
        {
            "id": identity,
            "name": name,
            "kind": kind,
            "roles": roles,
            "token_sha256": hashlib.sha256(made[identity].encode()).hexdigest(),
        }
        for identity, (kind, name, roles) in _ROLES.items()
    ]
    write_private(path, yaml.safe_dump({"principals": entries}, sort_keys=False))
    return path


def tokens(home: Home) -> dict[str, str]:
    """Give the tokens that were made for this home, by principal; empty if it has none."""
    path = home.path / "tokens.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}
