"""Writes the table of commands into docs/cli.md: `python -m services.cli.manual docs/cli.md`."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from services.cli.main import commands

BEGIN = "<!-- begin commands: written by services/cli/manual.py -->"
END = "<!-- end commands -->"

_EVERYWHERE = frozenset({"--help", "-h", "--json", "--as"})
"""Options that the page explains once."""


@dataclass(frozen=True, slots=True)
class Line:
    """One command: how it is called, what it does, and its own options."""

    call: str
    does: str
    options: tuple[str, ...]


def lines() -> Iterator[Line]:
    """Walk the command line's tree, groups in the order of `--help`."""
    root = typer.main.get_command(commands)
    yield from _walk(root, ("patchvigil",))


def _walk(command: Any, path: tuple[str, ...]) -> Iterator[Line]:
    if hasattr(command, "list_commands"):
        context = typer.Context(command)
        for name in command.list_commands(context):
            yield from _walk(command.get_command(context, name), (*path, name))
        return
    wanted = [each for each in command.params if each.param_type_name == "argument"]
    names = [_argument(each) for each in wanted]
    options = tuple(
        each.opts[0]
        for each in command.params
        if each.param_type_name == "option" and each.opts[0] not in _EVERYWHERE
    )
    yield Line(" ".join((*path, *names)), command.get_short_help_str(300), options)


def _argument(argument: Any) -> str:
    """Write an argument: several with `…`, one that may be left out in brackets."""
    shown = (argument.metavar or argument.name.upper()).strip(".… ")
    if shown.startswith("[") and shown.endswith("]"):
        shown = shown[1:-1].strip(".… ")
    shown += "…" if argument.nargs == -1 else ""
    return shown if argument.required else f"[{shown}]"


def table() -> str:
    """Write every command as a row."""
    rows = ["| command | what it does | options |", "|---|---|---|"]
    for line in lines():
        options = ", ".join(f"`{each}`" for each in line.options)
        cells = (f"`{line.call}`", line.does, options)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def filled(page: str) -> str:
    """Put the table between the page's marks.

    Raises:
        ValueError: the page lacks a mark.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    page = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/cli.md")
    page.write_text(filled(page.read_text("utf-8")), "utf-8")
