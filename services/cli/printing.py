"""Prints answers: tables for people at a terminal, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
As = Annotated[
    str | None,
    typer.Option("--as", help="Act as this principal, if the home holds its token.", metavar="ID"),
]

out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False)

_TONES = {
    "late": "bold red", "page": "bold red", "halted": "bold red", "affected": "red",
    "rejected": "red", "quarantined": "red", "mandatory": "bold", "provisional": "yellow",
    "unknown": "yellow", "running": "yellow", "waiting": "yellow", "met": "green",
    "verified": "green", "published": "green", "passed": "green", "shadow": "dim",
}  # fmt: skip


def as_json(value: Any) -> None:
    """Print a document as JSON."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], title: str = "") -> None:
    """Print rows as a table; `columns` are field names, dotted where nested."""
    shown = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        shown.add_column(column.replace("_", " ").replace(".", " "), overflow="fold")
    count = 0
    for row in rows:
        count += 1
        shown.add_row(*(_cell(field(row, column)) for column in columns))
    if count:
        out.print(shown)
    else:
        out.print("nothing")


def listing(rows: Iterable[Any], columns: Sequence[str], *, json_wanted: bool) -> None:
    """Print a list the way that was asked for."""
    if json_wanted:
        as_json(list(rows))
    else:
        table(rows, columns)


def document(value: Mapping[str, Any], *, json_wanted: bool) -> None:
    """Print one document the way that was asked for: plain fields first, then each list."""
    if json_wanted:
        as_json(value)
        return
    lists = {}
    width = max((len(name) for name in value), default=0)
    for name, held in value.items():
        if isinstance(held, list) and held and isinstance(held[0], Mapping):
            lists[name] = held
        elif held not in (None, [], {}, ""):
            line = Text(name.replace("_", " ").ljust(width + 2), style="dim")
            out.print(line + _cell(held))
    for name, held in lists.items():
        out.print()
        table(held, _columns(held), title=name.replace("_", " "))


def field(row: Any, name: str) -> Any:
    """Pick a field, dotted where nested; None where it is absent."""
    for part in name.split("."):
        row = row.get(part) if isinstance(row, Mapping) else None
    return row


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names = dict.fromkeys(name for row in rows for name in row)
    return [name for name in names if any(row.get(name) not in (None, [], {}, "") for row in rows)]


def _cell(value: Any) -> Text:
    if value is None:
        return Text("")
    if isinstance(value, list):
        text = ", ".join(str(each) for each in value)
    elif isinstance(value, Mapping):
        text = ", ".join(f"{name}={held}" for name, held in value.items())
    elif isinstance(value, float):
        text = f"{value:g}"
    else:
        text = str(value)
    return Text(text, style=_TONES.get(text, ""))
