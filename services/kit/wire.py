"""Turns events into Kafka records and back: CloudEvents 1.0 in Kafka's binary mode."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord
from pydantic import ValidationError

from schemas.event import Event
from services.kit import ids
from services.kit.actors import Actor
from services.kit.records import Faulty, Headers, RawRecord, Received

Verify = Callable[[Mapping[str, str], bytes], Actor | None]
"""Finds the integration whose signature a record bears (`Principals.principal_of`)."""
RawHeaders = Sequence[tuple[str, bytes | None]]

_FIXED = (("ce_specversion", b"1.0"), ("content-type", b"application/json"))
_REQUIRED = ("ce_id", "ce_type", "ce_source", "ce_time", "ce_revision")


_MEND = (
    "have whoever wrote the record write it again as its schema in schemas/json says, then drop "
    "this one; or replay it once the reader is mended"
)


class Fault(NamedTuple):
    """Why a record cannot be handled: the reason, a pointer to the bad place, and the mend."""

    reason: str
    field: str | None = None
    mend: str | None = None

    @classmethod
    def of(cls, error: Exception) -> "Fault":
        """Put an error into words; of a validation error its first complaint, without the input."""
        if isinstance(error, Faulty):
            return cls(_plain(error.reason), error.field, error.mend)
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            pointer = "".join(f"/{part}" for part in first["loc"])
            return cls(_plain(f"{error.title}: {first['msg']}"), _plain(pointer or "/"), _MEND)
        return cls(_plain(f"{type(error).__name__}: {error}"), mend=_MEND)


def _plain(text: str) -> str:
    """Cut a text that may quote a record down to what PostgreSQL can store."""
    return text[:2000].encode("utf-8", "replace").decode().replace("\0", "")


def to_headers(row: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    """Spell an outbox row's columns as CloudEvents headers; those without a value are left out."""
    time = row["time"].astimezone(UTC).isoformat().replace("+00:00", "Z")
    spelled = [
        *_FIXED,
        ("ce_id", str(row["id"]).encode()),
        ("ce_type", row["type"].encode()),
        ("ce_source", row["source"].encode()),
        ("ce_time", time.encode()),
        ("ce_revision", b"%d" % row["revision"]),
    ]
    for name, column in (
        ("ce_causation", "causation"),
        ("ce_case", "case_id"),
        ("traceparent", "traceparent"),
        ("ce_dataref", "dataref"),
    ):
        if (value := row[column]) is not None:
            spelled.append((name, value.encode()))
    return spelled


def tolerant(headers: RawHeaders) -> Headers:
    """Read headers that anybody may have written; nothing in them can fail."""
    known: dict[str, str] = {}
    faulty: dict[str, None] = {}
    for name, value in headers:
        lowered = name.lower()
        try:
            if value is None:
                raise ValueError(lowered)  # noqa: TRY301  (null and undecodable are one case)
            known[lowered] = value.decode()
        except ValueError:
            known.pop(lowered, None)
            faulty[lowered] = None
        else:
            faulty.pop(lowered, None)
    return Headers(known, tuple(faulty))


def moment(record: ConsumerRecord) -> datetime:
    """Read a record's own timestamp; one that no calendar holds counts as 1970."""
    try:
        return datetime.fromtimestamp(record.timestamp / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, UTC)


def raw(record: ConsumerRecord, topic: str, verify: Verify | None = None) -> RawRecord:
    """Give a record of the outside as it is; `topic` is its name without the fleet's prefix."""
    headers = tolerant(record.headers)
    value = record.value or b""
    return RawRecord(
        topic=topic,
        partition=record.partition,
        offset=record.offset,
        timestamp=moment(record),
        key=record.key,
        value=value,
        headers=headers,
        principal=verify(headers, value) if verify else None,
    )


def decode(
    record: ConsumerRecord,
    named: Mapping[str, Any],
    value: bytes,
    topic: str,
    types: Mapping[str, type[Event]],
    *,
    bulk: bool,
) -> Received[Event] | None:
    """Read an event; None if it is of a type that nobody here asked for.

    `named` are the record's headers, the last of a name; `value` is the record's or its blob's.

    Raises:
        Faulty: a header is missing or unreadable, or the value is empty.
        ValidationError: the value is not what its type says.
    """
    try:
        spelled = named["ce_type"].decode()
        event_type = types.get(spelled)
        if event_type is None:
            return None
        if not value:
            raise Faulty("the value is empty", "/", "send the event's JSON")
        causation, case, trace = map(named.get, ("ce_causation", "ce_case", "traceparent"))
        return Received(
            event=event_type.__pydantic_validator__.validate_json(value),
            id=ids.parse(named["ce_id"].decode()),
            type=spelled,
            source=named["ce_source"].decode(),
            time=_aware(named["ce_time"].decode()),
            revision=int(named["ce_revision"]),
            causation=causation.decode() if causation else None,
            case=case.decode() if case else None,
            traceparent=trace.decode("ascii", "replace") if trace else None,
            key=(record.key or b"").decode(),
            topic=topic,
            partition=record.partition,
            offset=record.offset,
            bulk=bulk,
        )
    except ValidationError:
        raise
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise _explain(record) from error


def _aware(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(text)
    return time.astimezone(UTC)


def _explain(record: ConsumerRecord) -> Faulty:
    """Find out, slowly, which header or key an event's record falls over."""
    headers = tolerant(record.headers)
    for name in (*_REQUIRED, *headers.faulty):
        if name in headers.faulty:
            return Faulty(f"header {name} is null or not UTF-8", name, "send it as UTF-8 text")
        if not headers.get(name):
            return Faulty(f"header {name} is missing", name, "send every CloudEvents header")
    readers: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("ce_id", ids.parse), ("ce_time", _aware), ("ce_revision", int),
    )  # fmt: skip
    for name, reader in readers:
        try:
            reader(headers[name])
        except ValueError:
            return Faulty(f"header {name} is unreadable: {headers[name][:80]!r}", name)
    return Faulty("the key is not UTF-8", "key", "send the aggregate's id as the key")
