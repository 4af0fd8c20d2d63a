"""The HTTP edge: a route is given a unit of work, and its answer leaves after the commit.

`UnitRoute` knows the actor by the bearer token, reads the body within its limit, opens the unit
(read only for GET), keeps the Idempotency-Key's promise, runs the handler, commits, and only then
answers. An error of any kind rolls everything back and becomes a problem (`kit.problems`).
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.types import Message

from services.kit import idempotency
from services.kit.actors import Actor
from services.kit.bodies import NoRoomError
from services.kit.pages import Cursor, Limit, Page, page
from services.kit.problems import Problem, ProblemDetails
from services.kit.unit import Unit

__all__ = [
    "CurrentActor",
    "CurrentUnit",
    "Cursor",
    "Limit",
    "Page",
    "Problem",
    "UnitRoute",
    "page",
    "router",
]

MAX_BODY_BYTES = 1024 * 1024
"""The longest request body, where a router does not say otherwise."""

_BEARER = HTTPBearer(auto_error=False, description="A principal's token.")
_SAFE = frozenset({"GET", "HEAD"})


def _current_unit(request: Request) -> Unit:
    unit: Unit = request.state.unit
    return unit


def _current_actor(request: Request) -> Actor | None:
    actor: Actor | None = request.state.actor
    return actor


CurrentUnit = Annotated[Unit, Depends(_current_unit)]
"""The unit of work of this request, with its actor."""

CurrentActor = Annotated[Actor, Depends(_current_actor)]
"""Who asks, on a router that opens no unit."""


class UnitRoute(APIRoute):
    """A route whose handler runs inside one transaction."""

    authenticated = True
    in_transaction = True
    max_bytes = MAX_BODY_BYTES

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's own handler, which parses, validates, calls and serialises."""
        handle = super().get_route_handler()

        async def in_unit(request: Request) -> Response:
            limited = Request(request.scope, _limited(request, self.max_bytes))
            await limited.body()  # before the transaction: a slow sender must not hold it open
            if not self.in_transaction:
                return await handle(limited)
            safe = request.method in _SAFE
            units = request.app.state.context.units
            async with units.begin(actor=request.state.actor, readonly=safe) as unit:
                request.state.unit = unit
                key = request.headers.get(idempotency.HEADER)
                if request.method == "POST" and key is not None:
                    answer = await idempotency.once(limited, unit, key, lambda: handle(limited))
                else:
                    answer = await handle(limited)
                if unit.emitted and not unit.audited:
                    raise RuntimeError(f"{self.path} emits without unit.audit: say who did what")
            return answer

        async def within_room(request: Request) -> Response:
            request.state.actor = self._actor(request)
            size = _size(request, self.max_bytes)
            try:
                async with request.app.state.context.bodies.held(size):
                    return await in_unit(request)
            except NoRoomError as error:
                raise _no_room() from error

        return within_room

    def _actor(self, request: Request) -> Actor | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else ""
        actor = request.app.state.context.principals.by_token(given) if given else None
        if actor is None and self.authenticated:
            detail = "the bearer token is unknown" if given else "no bearer token was sent"
            raise Problem(
                401,
                "Unauthorized",
                detail,
                parameter="Authorization",
                mend="send `Authorization: Bearer …` with a token of the principals file",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return actor


def _size(request: Request, limit: int) -> int:
    """Say how much room a body needs: what it declares, or all that it may have.

    Raises:
        Problem: it declares more than the limit.
    """
    if "transfer-encoding" in request.headers:
        return limit
    size = _declared(request)
    if size > limit:
        raise _too_large(limit)
    return size


def _limited(request: Request, limit: int) -> Callable[[], Awaitable[Message]]:
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise _too_large(limit)
        return message

    return receive


def _too_large(limit: int) -> Problem:
    return Problem(
        413,
        "Content Too Large",
        f"the body is above {limit} bytes",
        pointer="",
        mend="send less, or in parts",
        headers={"Connection": "close"},
    )


def _no_room() -> Problem:
    return Problem(
        503,
        "Too Many Bodies",
        "other requests with large bodies are in progress",
        mend="send it again in a few seconds, and fewer large documents at once",
        headers={"Retry-After": "5", "Connection": "close"},
    )


def _declared(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


def router(
    service: str,
    *,
    public: bool = False,
    in_transaction: bool = True,
    max_bytes: int = MAX_BODY_BYTES,
) -> APIRouter:
    """Make a router whose routes are `UnitRoute`s.

    Args:
        service: tags the routes in the OpenAPI document.
        public: the routes ask for no token (one-use links); a known one is honoured all the same.
        in_transaction: False for work that opens units of its own: no `CurrentUnit`, no
            Idempotency-Key; such a call has to be harmless when it is repeated.
        max_bytes: the longest body that is read.
    """
    ways = {
        "authenticated": not public, "in_transaction": in_transaction, "max_bytes": max_bytes,
    }  # fmt: skip
    route = type("Route", (UnitRoute,), ways)
    return APIRouter(
        route_class=route,
        tags=[service],
        dependencies=[] if public else [Security(_BEARER)],
        responses={"default": {"model": ProblemDetails, "description": "What was wrong."}},
    )
