"""Reads files that a person wrote for a command: YAML or JSON with one mapping in it."""

from pathlib import Path
from typing import Any

import yaml

from services.cli.refusal import Exit, RefusedError


def mapping(file: Path) -> dict[str, Any]:
    """Read a file's mapping.

    Raises:
        RefusedError: it cannot be read, is not YAML, or holds something else.
    """
    try:
        held = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RefusedError(Exit.USAGE, f"{file} cannot be read", error.strerror or "") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RefusedError(
            Exit.USAGE, f"{file} is not YAML", _place(error), "write it in YAML or JSON, in UTF-8"
        ) from error
    if not isinstance(held, dict):
        found = type(held).__name__
        raise RefusedError(
            Exit.USAGE, f"{file} holds no fields", f"it holds {found}", "write `field: value` lines"
        )
    return held


def _place(error: Exception) -> str:
    """Say in one line what is wrong with a file, and where."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return str(error)
    problem = getattr(error, "problem", None) or "it cannot be read"
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
