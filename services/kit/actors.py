"""Who acts: people and integrations from the principals file, known by a token or a signature.

The file is YAML, one list `principals`; an entry has `id`, `name`, `kind` (person or
integration), `roles`, and `token_sha256`, the SHA-256 of its bearer token in hex (the token itself
is in no file). An integration that signs its Kafka records has `public_key`, its raw Ed25519 key in
base64. The file is read again when it changes; a broken one is refused whole, and the last good
one stays in force.
"""

import base64
import binascii
import hashlib
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

_log = logging.getLogger(__name__)

PRINCIPAL_HEADER = "pv-principal"
"""Kafka header: the id of the integration that signed the record."""
SIGNATURE_HEADER = "pv-signature"
"""Kafka header: base64 of the Ed25519 signature over the record's value."""

_KEY_BYTES = 32


class PrincipalsError(Exception):
    """The principals file cannot be used; the message names the entry, the reason and the mend."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or an integration that acts, with the roles that say what it may do."""

    id: str
    name: str
    kind: Literal["person", "integration"]
    roles: frozenset[str] = frozenset()


class Principal(BaseModel):
    """An entry of the file: an actor and what it proves itself with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._@-]{0,127}$")]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Literal["person", "integration"]
    roles: frozenset[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]] = frozenset()
    token_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    public_key: str | None = None

    @field_validator("public_key")
    @classmethod
    def _is_a_key(cls, value: str | None) -> str | None:
        if value is not None:
            _public_key(value)
        return value

    @model_validator(mode="after")
    def _can_prove_itself(self) -> Self:
        if self.token_sha256 is None and self.public_key is None:
            raise ValueError("has neither token_sha256 nor public_key: give it one of them")
        if self.public_key is not None and self.kind == "person":
            raise ValueError("public_key is for integrations: a person acts over HTTP with a token")
        return self

    @property
    def actor(self) -> Actor:
        """The actor without its proofs, fit to be passed around."""
        return Actor(id=self.id, name=self.name, kind=self.kind, roles=self.roles)


def _public_key(text: str) -> Ed25519PublicKey:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("public_key is not base64: encode the raw 32 byte key") from error
    if len(raw) != _KEY_BYTES:
        raise ValueError(f"public_key has {len(raw)} bytes: an Ed25519 key has {_KEY_BYTES}")
    return Ed25519PublicKey.from_public_bytes(raw)


def token_sha256(token: str) -> str:
    """The digest of a bearer token, as the principals file holds it."""
    return hashlib.sha256(token.encode()).hexdigest()


def _entry(path: Path, position: int, raw: Any) -> Principal:
    where = f"{path.name}: principals[{position}]"
    if not isinstance(raw, Mapping):
        raise PrincipalsError(f"{where} is not a mapping: write id, name, kind, roles, …")
    try:
        return Principal.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "entry"
        raise PrincipalsError(f"{where} ({raw.get('id', '?')}): {field}: {first['msg']}") from error


def parse(path: Path) -> tuple[Principal, ...]:
    """Read a principals file.

    Raises:
        PrincipalsError: the file is missing, not YAML, or an entry is wrong or repeated.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PrincipalsError(f"{path}: {error.strerror}: point principals_file at it") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PrincipalsError(f"{path.name} is not YAML in UTF-8: {error}") from error
    entries = document.get("principals") if isinstance(document, Mapping) else None
    if not isinstance(entries, list):
        raise PrincipalsError(f"{path.name} has no list `principals`: start the file with it")
    principals = tuple(_entry(path, position, raw) for position, raw in enumerate(entries))
    _refuse_repeated(path, [p.id for p in principals], "id")
    _refuse_repeated(path, [p.token_sha256 for p in principals], "token_sha256")
    return principals


def _refuse_repeated(path: Path, values: list[str | None], field: str) -> None:
    seen: dict[str, int] = {}
    for position, value in enumerate(values):
        if value is None:
            continue
        if value in seen:
            raise PrincipalsError(
                f"{path.name}: principals[{position}] repeats the {field} of "
                f"principals[{seen[value]}]: each needs its own"
            )
        seen[value] = position


class Principals:
    """The principals in force. Lookups compare in constant time and follow the file's changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._stat()
        self._principals = parse(path)

    def by_token(self, token: str) -> Actor | None:
        """The actor whose bearer token this is, or None."""
        digest = token_sha256(token)
        found: Principal | None = None
        for principal in self._current():  # to the end, so that time tells nothing of the position
            if principal.token_sha256 and hmac.compare_digest(principal.token_sha256, digest):
                found = principal
        return found.actor if found else None

    def principal_of(self, headers: Mapping[str, str], value: bytes) -> Actor | None:
        """The integration that signed this record's value, or None where the proof fails."""
        name, signature = headers.get(PRINCIPAL_HEADER), headers.get(SIGNATURE_HEADER)
        if not name or not signature:
            return None
        principal = next((p for p in self._current() if p.id == name and p.public_key), None)
        if principal is None or principal.public_key is None:
            return None
        try:
            proof = base64.b64decode(signature, validate=True)
            _public_key(principal.public_key).verify(proof, value)
        except (InvalidSignature, binascii.Error):
            return None
        return principal.actor

    def _current(self) -> tuple[Principal, ...]:
        stamp = self._stat()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._principals = parse(self._path)
            except PrincipalsError as error:
                _log.error("principals not reloaded, the last good ones stay: %s", error)
        return self._principals

    def _stat(self) -> tuple[int, int, int]:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return (0, 0, 0)
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
