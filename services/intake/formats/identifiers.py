"""Sorts a component's identifiers: its purl, its CPE name, and all others it is known by."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identifiers:
    """A component's identifiers as written; `others` are the further purls and CPE names."""

    purl: str | None
    cpe: str | None
    others: tuple[str, ...]


def sort(written: Iterable[str]) -> Identifiers:
    """Take the first purl, and the first CPE name, one in the 2.3 binding before one in the 2.2.

    What is neither a purl nor a CPE name is left out; the same one twice counts once.
    """
    purls: list[str] = []
    formatted: list[str] = []
    older: list[str] = []
    for each in dict.fromkeys(written):
        start = each[:8].lower()
        if start.startswith("pkg:"):
            purls.append(each)
        elif start == "cpe:2.3:":
            formatted.append(each)
        elif start.startswith("cpe:/"):
            older.append(each)
    cpes = formatted + older
    return Identifiers(
        purls[0] if purls else None,
        cpes[0] if cpes else None,
        (*purls[1:], *cpes[1:]),
    )
