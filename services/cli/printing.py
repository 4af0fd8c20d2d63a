"""Prints answers: tables for people at a terminal, a line a row in a pipe, JSON for programs."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDE = 10_000
"""Columns where the output is no terminal: programs that read lines want a row on one."""


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDE
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


out = _console(stderr=False)
err = _console(stderr=True)

_TONES = {
    "late": "bold red", "page": "bold red", "halted": "bold red", "affected": "red",
    "rejected": "red", "faulty": "red", "failed": "red", "not ready": "bold red",
    "mandatory": "bold", "provisional": "yellow", "unknown": "yellow", "running": "yellow",
    "waiting": "yellow", "open": "yellow", "exhausted": "red", "met": "green", "ok": "green",
    "verified": "green", "published": "green", "passed": "green", "ready": "green", "shadow": "dim",
}  # fmt: skip

_INSTANT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)$")
_EMPTY: tuple[Any, ...] = (None, [], {}, "")


def as_json(value: Any) -> None:
    """Print a document as JSON."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def as_json_line(value: Any) -> None:
    """Print a document as one line of JSON, at once: for what goes on and on."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], title: str = "") -> None:
    """Print rows as a table; `columns` are field names, dotted where nested."""
    shown = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for heading in _headings(columns):
        shown.add_column(heading, overflow="fold")
    for row in rows:
        shown.add_row(*(cell(field(row, column)) for column in columns))
    if shown.row_count:
        out.print(shown)
    else:
        out.print(f"{title}: nothing" if title else "nothing")


def listing(rows: Iterable[Any], columns: Sequence[str], *, json_wanted: bool) -> None:
    """Print a list the way that was asked for."""
    if json_wanted:
        as_json(list(rows))
    else:
        table(rows, columns)


def document(value: Mapping[str, Any], *, json_wanted: bool = False) -> None:
    """Print one document the way that was asked for: plain fields first, then each list."""
    if json_wanted:
        as_json(value)
        return
    flat = dict(flattened(value))
    lists = {name: held for name, held in flat.items() if _is_list_of_rows(held)}
    plain = {name: held for name, held in flat.items() if name not in lists and held not in _EMPTY}
    width = max((len(name) for name in plain), default=0)
    for name, held in plain.items():
        out.print(Text(_words(name).ljust(width + 2), style="dim") + cell(held))
    for name, rows in lists.items():
        out.print()
        table(rows, _columns(rows), title=_words(name))


def flattened(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Go through a document's fields, those of nested documents under dotted names."""
    for name, held in value.items():
        if isinstance(held, Mapping):
            yield from flattened(held, f"{before}{name}.")
        else:
            yield before + name, held


def field(row: Any, name: str) -> Any:
    """Pick a field, dotted where nested; None where it is absent."""
    for each in name.split("."):
        row = row.get(each) if isinstance(row, Mapping) else None
    return row


def cell(value: Any) -> Text:
    """Write a value as it stands in a table, with what a terminal would obey made visible."""
    text = clean(_written(value))
    return Text(text, style=_TONES.get(text, ""))


def clean(text: str) -> str:
    """Make control characters visible: what others wrote must not drive a person's terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_written(each) for each in value)
    if isinstance(value, Mapping):
        known = {name: held for name, held in value.items() if held not in _EMPTY}
        return " ".join(f"{name}={_written(held)}" for name, held in known.items())
    if isinstance(value, float):
        return f"{value:g}"
    return _INSTANT.sub(_readable, str(value))


def _readable(instant: re.Match[str]) -> str:
    day, time, zone = instant.groups()
    return f"{day} {time} {'UTC' if zone in {'Z', '+00:00'} else zone}"


def _headings(columns: Sequence[str]) -> list[str]:
    """Name columns by their last part; those that would be alike by the whole."""
    short = [column.rpartition(".")[2] for column in columns]
    return [
        _words(name if short.count(name) == 1 else column)
        for name, column in zip(short, columns, strict=True)
    ]


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")


def _is_list_of_rows(held: Any) -> bool:
    return isinstance(held, list) and bool(held) and all(isinstance(e, Mapping) for e in held)


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names = dict.fromkeys(name for row in rows for name, _ in flattened(row))
    return [name for name in names if any(field(row, name) not in _EMPTY for row in rows)]
