"""Traces that cross the outbox, and logs a machine can read that hold no payload or secret.

A trace begins with a submission or a call and goes on with each event that it causes: the event's
`traceparent` header is derived from its cause, not from the batch in which the cause was handled.
A batch of several traces is one span linked to each (OpenTelemetry messaging conventions). Spans
leave the process only if an OTLP endpoint is set; ids travel on always.
"""

import logging
import re
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson
from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, Span, SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.kit.settings import Settings

LOG_KEYS = ("case", "consumer", "topic", "partition", "offset", "timer", "route", "status", "count")
"""What a log call may add by `extra=`; anything else is not written."""

_PROPAGATOR = TraceContextTextMapPropagator()
_MAX_LINKS = 128
_MAX_TEXT = 1_000
_SECRETS = (
    (re.compile(r"(?i)\bbearer\s+[\w.~+/=-]+"), "Bearer [secret]"),
    (
        re.compile(
            r"(?i)\b(\w*(?:token|password|passwd|secret|signature|api[_-]?key))(['\"]?\s*[=:]\s*)\S+"
        ),
        r"\1\2[secret]",
    ),
    (re.compile(r"://[^/\s:@]*:[^/\s@]+@"), "://[secret]@"),
    (re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b"), "[mail]"),
)


@dataclass(slots=True)
class _State:
    tracer: Tracer
    exporting: bool = False


_state = _State(trace.NoOpTracer())


def set_up(service: str, settings: Settings) -> TracerProvider:
    """Start tracing and logging for this process; the caller shuts the provider down at the end."""
    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.namespace": "patchvigil"}),
        shutdown_on_exit=False,
    )
    if settings.otlp_endpoint:
        _export(provider, settings.otlp_endpoint)
    use(provider, exporting=bool(settings.otlp_endpoint))
    _log_as_json(service, settings.log_level)
    return provider


def _export(provider: TracerProvider, endpoint: str) -> None:
    # Imported here: a service that exports nothing does not pay the memory.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))


def use(provider: TracerProvider, *, exporting: bool) -> None:
    """Make spans with this provider from now on."""
    _state.tracer = provider.get_tracer("patchvigil.kit")
    _state.exporting = exporting


def traceparent() -> str | None:
    """The W3C header of the present span, or None outside of any."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def trace_id() -> str | None:
    """The present trace's id in hex, as logs and problems show it."""
    present = trace.get_current_span().get_span_context()
    return f"{present.trace_id:032x}" if present.is_valid else None


def onward(name: str, cause: str | None) -> str | None:
    """The traceparent of an event: in its cause's trace if it has one, else in the present one."""
    if cause is None or not _state.exporting:
        return cause or traceparent()
    parent = _PROPAGATOR.extract({"traceparent": cause})
    span = _state.tracer.start_span(name, parent, kind=SpanKind.PRODUCER)
    span.end()
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, trace.set_span_in_context(span, parent))
    return carrier.get("traceparent", cause)


@contextmanager
def span(
    name: str, causes: Iterable[str | None] = (), kind: SpanKind = SpanKind.CONSUMER
) -> Iterator[Span]:
    """Run the body in a span: the child of its one cause, or a new trace linked to several."""
    distinct = {cause for cause in causes if cause}
    parent = otel.Context()
    links: list[Link] = []
    if len(distinct) == 1:
        parent = _PROPAGATOR.extract({"traceparent": distinct.pop()}, parent)
    elif _state.exporting:
        links = [_link(cause) for cause in sorted(distinct)[:_MAX_LINKS]]
    with _state.tracer.start_as_current_span(
        name, parent, kind, links=links, record_exception=False
    ) as present:
        yield present


def _link(cause: str) -> Link:
    linked = trace.get_current_span(_PROPAGATOR.extract({"traceparent": cause}, otel.Context()))
    return Link(linked.get_span_context())


def redacted(text: str) -> str:
    """The text without what looks like a credential or a mail address, and not too long."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, service, logger, message, trace and allowed keys."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Write the record; of an exception only its type, first line and places are kept."""
        line: dict[str, object] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": redacted(record.getMessage()),
        }
        if found := trace_id():
            line["trace"] = found
        extra = {key: getattr(record, key, None) for key in LOG_KEYS}
        line |= {key: value for key, value in extra.items() if value is not None}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _error(record.exc_info[1])
        return orjson.dumps(line, default=str).decode()


def _error(error: BaseException) -> dict[str, object]:
    # Later lines of a message hold inputs (pydantic) and row values (PostgreSQL's DETAIL).
    first = str(error).partition("\n")[0]
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    places = [f"{each.filename.rpartition('/')[2]}:{each.lineno} {each.name}" for each in frames]
    return {"type": type(error).__name__, "message": redacted(first), "at": places}


def _log_as_json(service: str, level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    formatter = JsonFormatter(service)
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if not isinstance(h.formatter, JsonFormatter)]
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # paths may hold one-use tokens
    for noisy in ("aiokafka", "faststream", "httpx", "httpcore", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
