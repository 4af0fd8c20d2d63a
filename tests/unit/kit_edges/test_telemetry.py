"""Traces go on with what an event causes; logs hold no payload, personal data or secret."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel

from services.kit import telemetry

CAUSE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER = "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Spans as they would be exported."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry.use(provider, exporting=True)
    yield exporter
    telemetry.use(TracerProvider(), exporting=False)


@pytest.fixture
def silent() -> None:
    """Nothing is exported, ids travel all the same."""
    telemetry.use(TracerProvider(), exporting=False)


def trace_of(traceparent: str | None) -> str:
    assert traceparent is not None
    return traceparent.split("-")[1]


def test_an_event_goes_on_in_the_trace_of_its_cause_not_of_its_batch(
    spans: InMemorySpanExporter,
) -> None:
    with telemetry.span("process", [CAUSE, OTHER]):
        first = telemetry.onward("case.opened.v1", CAUSE)
        second = telemetry.onward("case.opened.v1", OTHER)
    assert (trace_of(first), trace_of(second)) == (trace_of(CAUSE), trace_of(OTHER))
    assert first != CAUSE
    names = [span.name for span in spans.get_finished_spans()]
    assert names == ["case.opened.v1", "case.opened.v1", "process"]


def test_a_batch_of_one_trace_is_its_child_and_of_several_is_linked_to_each(
    spans: InMemorySpanExporter,
) -> None:
    with telemetry.span("one", [CAUSE, CAUSE, None]):
        assert telemetry.trace_id() == trace_of(CAUSE)
    with telemetry.span("many", [CAUSE, OTHER]):
        assert telemetry.trace_id() not in {trace_of(CAUSE), trace_of(OTHER)}
    one, many = spans.get_finished_spans()
    assert one.parent is not None
    assert not one.links
    linked = {f"{link.context.trace_id:032x}" for link in many.links}
    assert linked == {trace_of(CAUSE), trace_of(OTHER)}


@pytest.mark.usefixtures("silent")
def test_without_an_exporter_ids_travel_on() -> None:
    assert telemetry.onward("case.opened.v1", CAUSE) == CAUSE
    assert telemetry.traceparent() is None
    with telemetry.span("call"):
        present = telemetry.onward("case.opened.v1", None)
        assert trace_of(present) == telemetry.trace_id()


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("wrong", ["", "nonsense", "00-0-0-00", "ä" * 50])
def test_a_wrong_traceparent_of_an_outsider_begins_a_new_trace(wrong: str) -> None:
    with telemetry.span("call", [wrong]):
        assert telemetry.trace_id() is not None


class Payload(BaseModel):
    patient: int


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("kit", logging.INFO, "file.py", 1, message, arguments, None)
    made.__dict__.update(extra)
    return made


def line(made: logging.LogRecord) -> dict[str, object]:
    found: dict[str, object] = json.loads(telemetry.JsonFormatter("triage").format(made))
    return found


@pytest.mark.parametrize(
    "leaky",
    [
        "Authorization: Bearer abc.DEF-ghi_123=",
        "connecting to postgresql://triage:hunter2@db:5432/x",
        "connecting to redis://:hunter2@cache/0",
        'config {"api_key": "hunter2"}',
        "password=hunter2 and more",
        "access_token: hunter2",
        "client_secret = hunter2",
        "researcher jane.doe+cvd@example.org wrote",
    ],
)
def test_credentials_and_addresses_never_reach_the_log(leaky: str) -> None:
    for text in (
        str(line(record(leaky))["message"]),
        str(line(record("failed: %s", ValueError(leaky)))["message"]),
    ):
        assert "hunter2" not in text
        assert "abc.DEF" not in text
        assert "jane" not in text


def test_an_exceptions_inputs_and_row_values_never_reach_the_log() -> None:
    try:
        Payload.model_validate({"patient": "Erika Muster, room 12"})
    except ValueError:
        made = record("failed")
        made.exc_info = sys.exc_info()
    text = telemetry.JsonFormatter("triage").format(made)
    assert "Erika" not in text
    assert "ValidationError" in text
    assert "test_telemetry.py" in text
    stored = RuntimeError("duplicate key\nDETAIL: Key (mail)=(erika) already exists.")
    made.exc_info = (RuntimeError, stored, None)
    assert "erika" not in telemetry.JsonFormatter("triage").format(made)


@pytest.mark.usefixtures("silent")
def test_a_line_says_service_case_and_trace_and_drops_what_is_not_allowed() -> None:
    with telemetry.span("call", [CAUSE]):
        found = line(record("case %s opened", "x", case="PV-2026-0042", payload={"a": 1}))
    assert found["service"] == "triage"
    assert found["case"] == "PV-2026-0042"
    assert found["trace"] == trace_of(CAUSE)
    assert found["message"] == "case x opened"
    assert "payload" not in found


def test_long_messages_are_cut() -> None:
    assert len(str(line(record("x" * 100_000))["message"])) < 1100
