"""Tracking ids: `PV-<year>-<number>`, four digits or more, counted within a year."""

import re

_PATTERN = re.compile(r"^PV-(\d{4})-(\d{4,})$")


def tracking_id(year: int, number: int) -> str:
    """Write the id of the `number`th case of a year: (2026, 42) is `PV-2026-0042`."""
    if number < 1:
        raise ValueError(f"a case's number counts from 1, not {number}")
    return f"PV-{year:04d}-{number:04d}"


def is_tracking_id(text: str) -> bool:
    """Whether a text is a case's id, whatever case it is."""
    return _PATTERN.match(text) is not None


def order(case: str) -> tuple[int, int]:
    """Sort ids by year and number: as text, number 10000 would sort before 9999."""
    matched = _PATTERN.match(case)
    if matched is None:
        raise ValueError(f"{case!r} is no tracking id: it reads PV-2026-0042")
    return int(matched[1]), int(matched[2])
