"""Reads our own files as CSV: one kind of row a file, told by its first column's heading."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from services.intake.formats.error import Fault, FormatError

KINDS = {"device": "devices", "site": "sites", "entity": "entities", "product": "products"}
"""The first column's heading, and which list the rows belong to."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "devices": (
        "device",
        "product",
        "version",
        "hardware",
        "site",
        "market",
        "method",
        "udi_di",
        "lot",
        "retired",
    ),
    "sites": (
        "site",
        "name",
        "country",
        "address",
        "kind",
        "contact_name",
        "contact_role",
        "contact_email",
        "contact_phone",
    ),
    "entities": (
        "entity",
        "name",
        "address",
        "phone",
        "country",
        "fda_registration",
        "isao_member",
        "representatives",
        "responsible",
    ),
    "products": (
        "product",
        "name",
        "entity",
        "intended_use",
        "markets",
        "versions",
        "hardware",
        "vendor",
        "identity",
        "cpe",
        "support_ends_on",
        "retired",
    ),
}
_LISTS = {
    "devices": frozenset[str](),
    "sites": frozenset[str](),
    "entities": frozenset({"representatives"}),
    "products": frozenset({"markets", "versions", "hardware"}),
}
"""Columns whose cells hold several values: a device has one hardware revision, a product many."""
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MAX_ROWS = 200_000


def looks_like(text: str) -> bool:
    """Whether the first line is a heading of ours."""
    first = text.partition("\n")[0].strip().lower()
    heading = first.split(";" if ";" in first and "," not in first else ",")
    return len(heading) > 1 and heading[0].strip('" ') in KINDS


def rows(text: str) -> tuple[str, list[tuple[str, dict[str, Any]]]]:
    """Read a CSV file: which list its rows belong to, and each row with its line number.

    Separated by comma or semicolon; several values in one cell by `|`; an empty cell is an absent
    value.

    Raises:
        FormatError: an unknown or repeated column, or rows of another length.
    """
    first = text.partition("\n")[0]
    delimiter = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        heading = [name.strip().lower() for name in next(reader)]
        kind = KINDS[heading[0]]
        _check(kind, heading)
        return kind, list(_rows(kind, heading, reader))
    except csv.Error as error:
        raise FormatError(
            "not_csv",
            f"not well-formed CSV: {error}",
            "check quotes and separators",
            f"line {reader.line_num}",
        ) from error


def _check(kind: str, heading: list[str]) -> None:
    faults = [
        Fault(
            "unknown_column",
            f"column {name[:40]!r} is not known",
            f"line 1, column {position}",
            f"use {', '.join(COLUMNS[kind])}",
        )
        for position, name in enumerate(heading, 1)
        if name not in COLUMNS[kind]
    ]
    if faults:
        raise FormatError.of(faults)
    if len(set(heading)) < len(heading):
        raise FormatError("duplicate_key", "a column occurs twice", "keep one of them", "line 1")


def _rows(kind: str, heading: list[str], reader: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for count, cells in enumerate(reader):
        where = f"line {reader.line_num}"
        if count >= _MAX_ROWS:
            raise FormatError("too_many", f"more than {_MAX_ROWS} rows", "split the file", where)
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(heading):
            raise FormatError(
                "not_csv",
                f"{len(cells)} cells under {len(heading)} columns",
                "give each row one cell a column",
                where,
            )
        named = zip(heading, cells, strict=True)
        row = {name: _cell(kind, name, cell.strip()) for name, cell in named if cell.strip()}
        yield where, _nested(kind, row)


def _cell(kind: str, name: str, value: str) -> Any:
    if name in _LISTS[kind]:
        return [part.strip() for part in value.split("|") if part.strip()]
    if name in {"retired", "isao_member"}:
        return _TRUTHS.get(value.lower(), value)
    return value


def _nested(kind: str, row: dict[str, Any]) -> dict[str, Any]:
    """Give a flat row the shape that the same row has in YAML."""
    if kind == "sites":
        contact = {
            key: row.pop(f"contact_{key}")
            for key in ("name", "role", "email", "phone")
            if f"contact_{key}" in row
        }
        return {**row, "contact": contact} if contact else row
    if kind == "products":
        hardware = row.pop("hardware", [])
        if versions := row.pop("versions", None):
            row["versions"] = [{"version": each, "hardware": hardware} for each in versions]
        vendor, identity, cpe = (row.pop(key, None) for key in ("vendor", "identity", "cpe"))
        if vendor or identity:
            row["identities"] = [{"vendor": vendor, "product": identity, "cpe": cpe}]
    return row
