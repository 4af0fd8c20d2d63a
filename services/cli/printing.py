"""Prints answers: tables for people at a terminal, a line a row in a pipe, JSON for programs."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import indent
from typing import Any

import orjson
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.cli.layout import GAP, shown, widths

_AS_JSON = (
    orjson.OPT_INDENT_2
    | orjson.OPT_NON_STR_KEYS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)
_INDENT = 4
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

_INSTANT = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")
_SPOKEN = {"due_operational": "due", "due_legal_outer": "legal limit"}
"""What people call a field, where its name is longer than what it holds."""

_EMPTY: tuple[Any, ...] = (None, [], {}, "")


def as_json(value: Any) -> None:
    """Print a document as JSON."""
    sys.stdout.write(orjson.dumps(value, default=str, option=_AS_JSON).decode() + "\n")


def as_json_line(value: Any) -> None:
    """Print a document as one line of JSON, at once: for what goes on and on."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], title: str = "") -> None:
    """Print rows as a table; `columns` are field names, dotted where nested.

    In a terminal that is too narrow for them, each row is a block of lines.
    """
    held = list(rows)
    wanted = _filled(held, columns)
    sizes = widths(_texts(held, wanted), out.width) if out.is_terminal else None
    if not held:
        out.print(f"{title}: nothing" if title else "nothing")
    elif out.is_terminal and sizes is None:
        _blocks(held, wanted, title)
    else:
        _grid(held, wanted, title, sizes)


def listing(rows: Iterable[Any], columns: Sequence[str], *, json_wanted: bool) -> None:
    """Print a list the way that was asked for.

    `columns` are in the order of their importance: a narrow terminal leaves out the last ones.
    """
    if json_wanted:
        as_json(list(rows))
        return
    held = list(rows)
    wanted = _filled(held, columns)
    fit = shown(_texts(held, wanted), out.width) if out.is_terminal else None
    table(held, wanted[:fit])
    if fit is not None and fit < len(wanted):
        names = ", ".join(_headings(wanted)[fit:])
        out.print(Text(f"more in a wider window, or with --json: {names}", style="dim"))


def log_line(time: str, kind: str, who: str, text: str) -> None:
    """Print something that happened: when, what and by whom, and the words for it below."""
    head = Text.assemble(cell(time), "  ", (clean(kind), "bold"), "  ", (clean(who), "dim"))
    out.print(head)
    if text and out.is_terminal:
        out.print(Padding(Text(clean(text)), (0, 0, 0, _INDENT)))
    elif text:
        out.print(indent(clean(text), " " * _INDENT))


def _filled(rows: Sequence[Any], columns: Sequence[str]) -> list[str]:
    """Leave out, for a person, columns that hold nothing; programs get all of them."""
    if not out.is_terminal:
        return list(columns)
    return [each for each in columns if any(field(row, each) not in _EMPTY for row in rows)]


def _texts(rows: Sequence[Any], columns: Sequence[str]) -> list[list[str]]:
    return [
        [heading, *(cell(field(row, column)).plain for row in rows)]
        for heading, column in zip(_headings(columns), columns, strict=True)
    ]


def _grid(
    rows: Sequence[Any], columns: Sequence[str], title: str, sizes: Sequence[int] | None
) -> None:
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for number, heading in enumerate(_headings(columns)):
        made.add_column(heading, overflow="fold", width=sizes[number] if sizes else None)
    for row in rows:
        made.add_row(*(cell(field(row, column)) for column in columns))
    out.print(made)


def _blocks(rows: Sequence[Any], columns: Sequence[str], title: str) -> None:
    """Print each row as a block: its first column, and below it the others, one a line."""
    if title:
        out.print(Text(title, style="italic"))
    first, *others = columns
    names = dict(zip(columns, _headings(columns), strict=True))
    for row in rows:
        text = cell(field(row, first))
        out.print(Text.assemble((f"{names[first]} ", "dim"), (text.plain, text.style or "bold")))
        known = {name: held for name in others if (held := field(row, name)) not in _EMPTY}
        _pairs({names[name]: held for name, held in known.items()}, left=2)


def _pairs(values: Mapping[str, Any], left: int = 0) -> None:
    """Print names with their values, long ones below themselves."""
    if not values:
        return
    width = max(map(len, values))
    if not out.is_terminal:
        for name, held in values.items():
            out.print(Text(name.ljust(width + GAP), style="dim") + cell(held))
        return
    made = Table.grid(padding=(0, GAP, 0, 0))
    made.add_column(width=width, no_wrap=True, style="dim")
    made.add_column(overflow="fold")
    for name, held in values.items():
        made.add_row(name, _lines(held))
    out.print(Padding(made, (0, 0, 0, left)))


def _lines(held: Any) -> Text:
    """Write a value; of a list of rows each on a line of its own."""
    if _is_list_of_rows(held):
        return Text("\n").join(cell(each) for each in held)
    return cell(held)


def document(value: Mapping[str, Any], *, json_wanted: bool = False) -> None:
    """Print one document the way that was asked for: plain fields first, then each list."""
    if json_wanted:
        as_json(value)
        return
    flat = dict(flattened(value))
    lists = {name: held for name, held in flat.items() if _is_list_of_rows(held)}
    plain = {name: held for name, held in flat.items() if name not in lists and held not in _EMPTY}
    _pairs({_words(name): held for name, held in plain.items()})
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
    return _SPOKEN.get(name) or name.replace("_", " ").replace(".", " ")


def _is_list_of_rows(held: Any) -> bool:
    return isinstance(held, list) and bool(held) and all(isinstance(e, Mapping) for e in held)


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names = dict.fromkeys(name for row in rows for name, _ in flattened(row))
    return [name for name in names if any(field(row, name) not in _EMPTY for row in rows)]
