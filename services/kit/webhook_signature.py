"""Signs a webhook as Standard Webhooks asks: HMAC-SHA256 over `id.timestamp.body`, scheme v1."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

_PREFIX = "whsec_"


def secret_bytes(text: str) -> bytes:
    """Read a receiver's secret: `whsec_` and base64, as the scheme writes it, or plain text.

    Raises:
        ValueError: it is empty, or what follows `whsec_` is not base64.
    """
    text = text.strip()
    if not text:
        raise ValueError("the secret is empty")
    if not text.startswith(_PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("what follows whsec_ is not base64") from error


def headers(message_id: str, at: datetime, body: bytes, secret: bytes) -> Mapping[str, str]:
    """The three headers; the id stays the same on every try, so that a receiver sees a repeat."""
    seconds = int(at.timestamp())
    signed = f"{message_id}.{seconds}.".encode() + body
    signature = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{signature}",
    }
