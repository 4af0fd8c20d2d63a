"""Headers survive the way to Kafka and back, and nothing that anybody writes breaks reading."""

from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from aiokafka import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.event import Event
from services.kit import ids, wire
from services.kit.records import Faulty


class Happened(Event):
    """Something happened."""

    TYPE: ClassVar[str] = "test.happened.v1"
    TOPIC: ClassVar[str] = "cases"

    case: str

    @property
    def key(self) -> str:
        return self.case


ROW: dict[str, Any] = {
    "id": ids.derived("one"), "type": Happened.TYPE, "source": "triage", "revision": 7,
    "time": datetime(2026, 9, 11, 8, 0, 0, 123456, tzinfo=UTC), "causation": "cause",
    "case_id": "PV-2026-0001", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    "dataref": None,
}  # fmt: skip


def record(headers: Any, value: bytes | None = b'{"case": "a"}', key: bytes | None = b"a") -> Any:
    return ConsumerRecord("cases", 1, 2, 1_790_000_000_000, 0, key, value, None, 1, 1, headers)


def read(headers: Any, value: bytes = b'{"case": "a"}', key: bytes | None = b"a") -> Any:
    made = record(headers, value, key)
    return wire.decode(made, dict(headers), value, "cases", {Happened.TYPE: Happened}, bulk=False)


def test_what_the_outbox_holds_is_what_a_consumer_reads() -> None:
    received = read(wire.to_headers(ROW))
    assert received.event == Happened(case="a")
    assert (received.id, received.type, received.source) == (ROW["id"], Happened.TYPE, "triage")
    assert (received.time, received.revision) == (ROW["time"], 7)
    assert (received.causation, received.case) == ("cause", "PV-2026-0001")
    assert received.traceparent == ROW["traceparent"]
    assert (received.key, received.topic, received.partition, received.offset) == (
        "a",
        "cases",
        1,
        2,
    )


def test_headers_are_cloudevents_in_binary_mode() -> None:
    spelled = dict(wire.to_headers(ROW))
    assert spelled["ce_specversion"] == b"1.0"
    assert spelled["content-type"] == b"application/json"
    assert spelled["ce_time"] == b"2026-09-11T08:00:00.123456Z"
    assert "ce_dataref" not in spelled


def test_an_unknown_type_is_none_and_a_bad_value_is_a_validation_error() -> None:
    headers = wire.to_headers({**ROW, "type": "test.other.v1"})
    assert read(headers, b"not even JSON") is None
    with pytest.raises(ValidationError):
        read(wire.to_headers(ROW), b"{}")


def test_a_key_that_is_no_text_is_named() -> None:
    with pytest.raises(Faulty, match="the key is not UTF-8"):
        read(wire.to_headers(ROW), key=b"\xff")


names = st.sampled_from(["ce_id", "ce_type", "ce_time", "CE_SUBJECT", "x"]) | st.text("aBß☃")
headers = st.lists(st.tuples(names, st.none() | st.binary() | st.text("aBß☃").map(str.encode)))


@given(headers)
def test_no_headers_break_the_tolerant_reader(
    given_headers: list[tuple[str, bytes | None]],
) -> None:
    found = wire.tolerant(given_headers)
    assert set(found).isdisjoint(found.faulty)
    assert set(found) | set(found.faulty) == {name.lower() for name, _ in given_headers}
    for name in found:
        last = [value for each, value in given_headers if each.lower() == name][-1]
        assert last is not None
        assert found[name] == last.decode()


@given(headers, st.binary())
def test_any_record_is_an_event_or_unknown_or_faulty(
    given_headers: list[tuple[str, bytes | None]], value: bytes
) -> None:
    found: object = None
    try:
        found = read(given_headers, value)
    except Faulty as fault:
        found = fault.reason
    assert found is None or isinstance(found, str)


def test_a_fault_in_words_fits_into_the_database() -> None:
    fault = wire.Fault.of(Faulty("a\0b\ud800" + "c" * 5000))
    assert fault.reason.startswith("ab?")
    assert len(fault.reason) <= 2000


def test_a_validation_error_is_told_without_the_input() -> None:
    with pytest.raises(ValidationError) as caught:
        Happened.model_validate({"case": {"patient": "secret"}})
    fault = wire.Fault.of(caught.value)
    assert (fault.reason, fault.field) == ("Happened: Input should be a valid string", "/case")


@pytest.mark.parametrize("milliseconds", [-1, 10**18, -(10**18)])
def test_a_time_that_no_calendar_holds_does_not_break_a_record(milliseconds: int) -> None:
    odd = ConsumerRecord("t", 0, 0, milliseconds, 0, None, b"", None, -1, -1, [])
    assert wire.raw(odd, "t").timestamp.year in {1969, 1970}
