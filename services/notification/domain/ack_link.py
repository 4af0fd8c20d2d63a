"""Makes and checks acknowledgement links: signed, expiring, for one person and one alert.

The token holds no fact about the case. Whether it was used is a row, kept by the store.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

_SIGNATURE_BYTES = 32


class LinkError(Exception):
    """A link that proves nothing: altered, of another key, or expired."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a link entitles to: this person may acknowledge this alert until then."""

    alert: str
    person: str
    expires_at: datetime


def make(ticket: Ticket, key: bytes) -> str:
    """Write a token; the same ticket and key give the same token, so that retries repeat it."""
    expires = int(ticket.expires_at.timestamp())
    payload = f"{ticket.alert}\n{ticket.person}\n{expires}".encode()
    signature = hmac.new(key, payload, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(signature + payload).decode().rstrip("=")


def read(token: str, key: bytes, now: datetime) -> Ticket:
    """Check a token.

    Raises:
        LinkError: it was altered, another key signed it, or it expired.
    """
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise LinkError("the link is damaged: copy it whole from the message") from error
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, hmac.new(key, payload, hashlib.sha256).digest()):
        raise LinkError("the link was not made here, or was altered")
    alert, person, expires = payload.decode().split("\n")
    expires_at = datetime.fromtimestamp(int(expires), UTC)
    if now >= expires_at:
        raise LinkError(f"the link expired at {expires_at:%Y-%m-%d %H:%M}Z")
    return Ticket(alert, person, expires_at)


def fingerprint(token: str) -> bytes:
    """What is stored of a used token: its digest, never itself."""
    return hashlib.sha256(token.encode()).digest()
