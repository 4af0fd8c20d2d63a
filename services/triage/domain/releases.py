"""Whether a release is signed by a key we know: Ed25519 over its digest (RFC 8032)."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_KEY_BYTES = 32


class Signature(StrEnum):
    """What is known of a release's signature."""

    VERIFIED = "verified"
    FORGED = "forged"
    UNSIGNED = "unsigned"
    UNKNOWN_SIGNER = "unknown_signer"


@dataclass(frozen=True, slots=True)
class Release:
    """A release as deployment-tracker published it; `digest` is the image's SHA-256 in hex."""

    release: str
    product: str
    version: str
    digest: str
    signature: str | None
    signed_by: str | None
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that may sign releases until `valid_until`, unless it was revoked before."""

    signer: str
    public_key: str
    valid_until: datetime
    revoked_at: datetime | None


def public_key(text: str) -> Ed25519PublicKey:
    """Read a raw Ed25519 key in base64.

    Raises:
        ValueError: it is not base64 of 32 bytes.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64: encode the raw 32 byte key") from error
    if len(raw) != _KEY_BYTES:
        raise ValueError(f"{len(raw)} bytes: an Ed25519 key has {_KEY_BYTES}")
    return Ed25519PublicKey.from_public_bytes(raw)


def signature_of(release: Release, signer: Signer | None) -> Signature:
    """Check a release's signature over its digest, as bytes or as the hex that names it."""
    if release.signature is None:
        return Signature.UNSIGNED
    if signer is None:
        return Signature.UNKNOWN_SIGNER
    try:
        proof = base64.b64decode(release.signature, validate=True)
        key = public_key(signer.public_key)
    except ValueError:
        return Signature.FORGED
    return Signature.VERIFIED if _verifies(key, proof, release.digest) else Signature.FORGED


def _verifies(key: Ed25519PublicKey, proof: bytes, digest: str) -> bool:
    for message in _messages(digest):
        try:
            key.verify(proof, message)
        except InvalidSignature:
            continue
        return True
    return False


def _messages(digest: str) -> tuple[bytes, ...]:
    text = digest.removeprefix("sha256:")
    try:
        return bytes.fromhex(text), text.encode(), digest.encode()
    except ValueError:
        return (digest.encode(),)
