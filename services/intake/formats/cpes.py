"""Reads CPE names far enough to tell product from version (NISTIR 7695)."""

import re

_SPLIT = re.compile(r"(?<!\\):")
_FIELDS = 13
_VERSION = 5


def is_formatted(cpe: str) -> bool:
    """Whether the text is a CPE 2.3 formatted string with all its fields."""
    return cpe.startswith("cpe:2.3:") and len(_SPLIT.split(cpe)) == _FIELDS


def versionless(cpe: str) -> str:
    """The same name for any version and update."""
    fields = _SPLIT.split(cpe)
    fields[_VERSION] = "*"
    fields[_VERSION + 1] = "*"
    return ":".join(fields)


def converted(cpe: str) -> str | None:
    """The name as a CPE 2.3 formatted string; the older URI binding (`cpe:/`) is turned into it.

    None for what is neither.
    """
    if cpe.startswith("cpe:2.3:"):
        fields = _SPLIT.split(cpe)
        return cpe if len(fields) == _FIELDS else None
    if not cpe.lower().startswith("cpe:/"):
        return None
    parts = [part.replace("~", "") or "*" for part in cpe[5:].split(":")]
    if not 2 < len(parts) <= _FIELDS - 2:  # noqa: PLR2004  (part, vendor and product at least)
        return None
    return "cpe:2.3:" + ":".join([*parts, *["*"] * (_FIELDS - 2 - len(parts))])
