"""Cursor pagination: a cursor is opaque to the caller and holds the sort key of the last item."""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from services.kit.problems import Problem

T = TypeVar("T")

Key = tuple[str | int | float | bool | datetime | UUID | None, ...]
"""What items are sorted by; unique, so that nothing is shown twice or left out."""

Limit = Annotated[int, Query(ge=1, le=500, description="The most items to answer.")]
Cursor = Annotated[str | None, Query(max_length=2048, description="`next` of the page before.")]


class Page(BaseModel, Generic[T]):
    """One page; `next` is the cursor of the page after, or null on the last one."""

    model_config = ConfigDict(frozen=True)

    items: list[T]
    next: str | None = None


async def page(
    query: Callable[[Key | None, int], Awaitable[Sequence[T]]],
    cursor: str | None,
    limit: int,
    key: Callable[[T], Key],
) -> Page[T]:
    """Answer the page after `cursor`.

    `query(after, limit)` gives at most `limit` items whose key is after `after` (None: from the
    start), in the key's order; it is asked for one more than the page holds, to know of a next one.

    Raises:
        Problem: the cursor is not one of ours.
    """
    found = await query(decode(cursor) if cursor else None, limit + 1)
    items = list(found[:limit])
    return Page(items=items, next=encode(key(items[-1])) if len(found) > limit else None)


def encode(key: Key) -> str:
    """Turn a sort key into a cursor."""
    text = json.dumps([_plain(part) for part in key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str) -> Key:
    """Turn a cursor back into its sort key.

    Raises:
        Problem: it is not a cursor.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        return tuple(_typed(part) for part in parts)
    except (binascii.Error, ValueError, TypeError, KeyError, RecursionError) as error:
        raise Problem(
            422,
            "Request is not valid",
            "the cursor is not one that this service gave",
            parameter="cursor",
            mend="take `next` of the page before, or leave it out to start",
        ) from error


def foreign() -> Problem:
    """What a cursor of another list is answered with: its key has other parts than this list's."""
    return Problem(
        422,
        "Request is not valid",
        "the cursor is of another list",
        parameter="cursor",
        mend="take `next` of the page before, or leave it out to start",
    )


def moment(after: Key | None) -> tuple[datetime, UUID] | None:
    """Read the key of a list by time and id.

    Raises:
        Problem: the cursor is of another list.
    """
    match after:
        case (datetime() as at, UUID() as last):
            return at, last
        case None:
            return None
    raise foreign()


def _plain(part: Any) -> Any:
    if isinstance(part, datetime):
        return {"at": part.astimezone(UTC).isoformat()}
    return {"id": part.hex} if isinstance(part, UUID) else part


def _typed(part: Any) -> Any:
    if isinstance(part, dict):
        return datetime.fromisoformat(part["at"]) if "at" in part else UUID(part["id"])
    if isinstance(part, list):
        raise TypeError("a key has no nested parts")
    return part
