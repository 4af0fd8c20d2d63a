"""Reads our own files (YAML, JSON, CSV) of products, entities, sites, devices, reports, incidents.

A file is taken whole or not at all, with every fault listed: half a fleet loaded would make
coverage look complete where it is not.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeAlias

from pydantic import ValidationError

from schemas.catalogue import EntityRegistered, ProductRegistered, SiteRegistered
from schemas.devices import DeviceRegistered
from schemas.signals import IncidentReported, ReportReceived
from services.intake.formats import rows, tables
from services.intake.formats.canonical import Contact, Entry, Register
from services.intake.formats.error import Fault, FormatError

_Event: TypeAlias = (
    ProductRegistered
    | EntityRegistered
    | SiteRegistered
    | DeviceRegistered
    | ReportReceived
    | IncidentReported
)
UNSET = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for an instant that intake sets when it accepts the row."""
MAX_FAULTS = 100
_EVENTS: dict[type[rows.Row], type[_Event]] = {
    rows.ProductRow: ProductRegistered,
    rows.EntityRow: EntityRegistered,
    rows.SiteRow: SiteRegistered,
    rows.DeviceRow: DeviceRegistered,
    rows.ReportRow: ReportReceived,
    rows.IncidentRow: IncidentReported,
}
_NOT_COPIED = {"retired", "contact", "reporter", "received_at"}


def is_ours(document: Any) -> bool:
    """Whether a parsed YAML or JSON document is one of our files."""
    return isinstance(document, dict) and any(key in rows.LISTS for key in document)


def parse(document: Any) -> Register:
    """Read a parsed YAML or JSON file.

    Raises:
        FormatError: with every fault found, up to MAX_FAULTS.
    """
    faults = [
        Fault(
            "unknown_field",
            f"{str(key)[:40]!r} is not known here",
            f"/{key}",
            f"a file holds the lists {', '.join(rows.LISTS)}",
        )
        for key in document
        if key not in rows.LISTS
    ]
    given: list[tuple[str, str, Any]] = []
    for key in rows.LISTS:
        listed = document.get(key)
        if listed is None:
            continue
        if not isinstance(listed, list):
            faults.append(Fault("wrong_type", f"`{key}` is no list", f"/{key}", "make it a list"))
            continue
        given += [(key, f"/{key}/{position}", raw) for position, raw in enumerate(listed)]
    return _register(given, faults)


def parse_csv(text: str) -> Register:
    """Read a CSV file; pointers name its lines.

    Raises:
        FormatError: with every fault found, up to MAX_FAULTS.
    """
    kind, found = tables.rows(text)
    return _register([(kind, at, raw) for at, raw in found], [])


def _register(given: list[tuple[str, str, Any]], faults: list[Fault]) -> Register:
    entries: list[Entry] = []
    seen: dict[str, str] = {}
    for kind, at, raw in given:
        try:
            entry = _entry(rows.LISTS[kind], raw, at)
        except ValidationError as error:
            faults += _faults(error, at)
        else:
            faults += [
                Fault(
                    "unknown_field", "the field is not known", p, "remove it or check its spelling"
                )
                for p in rows.unknown_fields(entry[1], raw, _place(at))
            ]
            faults += _repeated(entry[0], seen)
            entries.append(entry[0])
        if len(faults) >= MAX_FAULTS:
            break
    if faults:
        raise FormatError.of(faults[:MAX_FAULTS])
    if not entries:
        raise FormatError("empty", "the file holds no rows", "add rows, or do not send it")
    return Register(tuple(entries))


def _entry(model: type[rows.Row], raw: Any, at: str) -> tuple[Entry, rows.Row]:
    row = model.model_validate(raw)
    stated = {
        name: getattr(row, name) for name in type(row).model_fields if name not in _NOT_COPIED
    }
    received_at = getattr(row, "received_at", None)
    event = _EVENTS[model]
    moment = "received_at" if "received_at" in event.model_fields else "registered_at"
    stated[moment] = received_at or UNSET
    contact = getattr(row, "contact", None) or getattr(row, "reporter", None)
    entry = Entry(
        event(**stated),
        at,
        getattr(row, "retired", False),
        _contact(contact),
        received_at is not None,
    )
    return entry, row


def _contact(row: rows.ContactRow | None) -> Contact | None:
    return Contact(row.name, row.role, row.email, row.phone) if row else None


def _repeated(entry: Entry, seen: dict[str, str]) -> Iterator[Fault]:
    key = f"{type(entry.value).TOPIC}/{entry.value.key}"
    if key in seen:
        yield Fault(
            "duplicate_key",
            f"{entry.value.key!r} is already at {seen[key]}",
            entry.pointer,
            "keep one of them",
        )
    seen.setdefault(key, entry.pointer)


def _place(at: str) -> str:
    """Pointers into CSV rows read `line 4, column version`; into others they are JSON pointers."""
    return f"{at}, column " if at.startswith("line") else at


def _faults(error: ValidationError, at: str) -> Iterator[Fault]:
    for each in error.errors(include_url=False, include_input=False):
        path = "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in each["loc"])
        pointer = f"{_place(at)}{path}" if at.startswith("line") else f"{at}/{path}"
        kind = each["type"]
        code = {"missing": "missing", "extra_forbidden": "unknown_field"}.get(kind, "invalid")
        mend = {"missing": "add it", "unknown_field": "remove it or check its spelling"}.get(
            code, "see the columns and fields in docs/publishing.md"
        )
        if kind == "string_type":
            mend = "write it as text, in quotes"
        yield Fault(code, each["msg"], pointer.rstrip("/"), mend)
