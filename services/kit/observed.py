"""Puts every HTTP request into a span and a histogram, whatever answers it."""

from opentelemetry.trace import SpanKind
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit import clock, metrics, telemetry

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


class Observed:
    """ASGI middleware; labels hold route templates, never paths, which may hold ids and tokens."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, and record how long it took."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = clock.elapsed()
        method = scope["method"] if scope["method"] in _METHODS else "other"
        cause = Headers(scope=scope).get("traceparent")
        with telemetry.span(method, [cause], SpanKind.SERVER) as span:
            scope.setdefault("state", {})["trace"] = telemetry.trace_id()
            try:
                await self._app(scope, receive, observe)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)
                seconds = clock.elapsed() - started
                metrics.HTTP_DURATION.labels(method, route, str(status)).observe(seconds)
