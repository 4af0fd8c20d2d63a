"""Answers a repeated POST from its Idempotency-Key, instead of doing its work again.

The key is claimed by an insert in the transaction that does the work: a duplicate that comes
meanwhile waits on that row, then gets the same answer, or does the work itself if the first one was
rolled back. A key belongs to its actor; refused requests leave no trace and may be corrected.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

from fastapi import Request, Response

from services.kit import metrics
from services.kit.database import Connection, Pool, connection
from services.kit.problems import Problem
from services.kit.unit import Unit

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=48)
"""How long an answer is remembered."""
_LONGEST = 255
_COPIED = ("content-type", "location", "etag")

CLAIM = """
INSERT INTO kit_idempotency (actor, key, request) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING true
"""
KNOWN = "SELECT request, status, headers, body FROM kit_idempotency WHERE actor = $1 AND key = $2"
ANSWER = """
UPDATE kit_idempotency SET status = $3, headers = $4, body = $5 WHERE actor = $1 AND key = $2
"""
FORGET = "DELETE FROM kit_idempotency WHERE at < statement_timestamp() - $1::interval"


async def once(
    request: Request, unit: Unit, key: str, work: Callable[[], Awaitable[Response]]
) -> Response:
    """Do the work of a request, or repeat the answer it got before.

    Raises:
        Problem: the key is malformed (400), or was used for another request (422).
    """
    if not 1 <= len(key) <= _LONGEST or not key.isascii() or not key.isprintable():
        raise Problem(
            400,
            "Idempotency-Key is not valid",
            f"it has to be 1 to {_LONGEST} ASCII characters",
            parameter=HEADER,
            mend="send a fresh UUID for each new request",
        )
    actor = unit.actor.id if unit.actor else ""
    digest = _digest(request, await request.body())
    if not await unit.db.fetchval(CLAIM, actor, key, digest):
        return await _repeat(unit.db, actor, key, digest)
    answer = await work()
    headers = {name: answer.headers[name] for name in _COPIED if name in answer.headers}
    await unit.db.execute(ANSWER, actor, key, answer.status_code, headers, bytes(answer.body))
    return answer


async def _repeat(db: Connection, actor: str, key: str, digest: bytes) -> Response:
    known = await db.fetchrow(KNOWN, actor, key)
    if known is None:  # forgotten between the two statements
        raise Problem(
            409,
            "Idempotency-Key has just expired",
            "its answer is no longer kept",
            parameter=HEADER,
            mend="send the request with a fresh key",
        )
    if known["request"] != digest:
        raise Problem(
            422,
            "Idempotency-Key was used before",
            "the same key came with another request",
            parameter=HEADER,
            mend="send a fresh key, or the same body, path and query as before",
        )
    metrics.IDEMPOTENT_REPLAYS.inc()
    headers = known["headers"] | {"Idempotent-Replayed": "true"}
    return Response(known["body"], known["status"], headers)


def _digest(request: Request, body: bytes) -> bytes:
    parts = (
        request.method,
        request.url.path,
        request.url.query,
        request.headers.get("content-type", ""),
    )
    return hashlib.sha256("\n".join(parts).encode() + b"\n" + body).digest()


async def forget(pool: Pool) -> None:
    """Drop the answers that are kept no longer."""
    async with connection(pool) as db:
        await db.execute(FORGET, KEPT)
