"""Sends signed webhooks (Standard Webhooks) over connections that are kept open."""

from datetime import datetime

import httpx

from services.kit import webhook_signature
from services.notification.channels.outcome import Accepted, SendError

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=6, keepalive_expiry=120)
"""Few are kept open: httpx looks at each of them for every message it sends."""

_OK, _REDIRECT, _SERVER = 200, 300, 500
_TRY_AGAIN = frozenset({408, 425, 429})
_RECEIPT = 200


def client() -> httpx.AsyncClient:
    """A client for all receivers; redirects are not followed: the address is the roster's."""
    return httpx.AsyncClient(timeout=TIMEOUT, limits=LIMITS, follow_redirects=False)


async def send(
    http: httpx.AsyncClient, url: str, secret: bytes, message_id: str, body: bytes, at: datetime
) -> Accepted:
    """Post one message; every try carries the same id.

    Raises:
        SendError: no answer, or one that refuses.
    """
    signed = webhook_signature.headers(message_id, at, body, secret)
    try:
        answer = await http.post(
            url, content=body, headers={**signed, "content-type": "application/json"}
        )
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise SendError(f"{type(error).__name__} on the way to the webhook") from error
    if _OK <= answer.status_code < _REDIRECT:
        return Accepted(_receipt(answer))
    permanent = answer.status_code < _SERVER and answer.status_code not in _TRY_AGAIN
    raise SendError(
        f"the webhook answered {answer.status_code}",
        permanent=permanent,
        retry_after=_retry_after(answer),
    )


def _receipt(answer: httpx.Response) -> str:
    return (answer.headers.get("x-request-id") or f"{answer.status_code} {answer.text}")[:_RECEIPT]


def _retry_after(answer: httpx.Response) -> float | None:
    given = answer.headers.get("retry-after", "")
    return float(given) if given.isdecimal() else None
