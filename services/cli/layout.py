"""Fits rows into a terminal: no word is broken, the least important columns go first."""

from collections.abc import Sequence

GAP = 2
"""Blanks between columns."""

_TALLEST = 6
"""Lines that a cell may take; a column that needs more is read more easily in a block."""
_FEWEST = 3
"""Columns that a list keeps."""

Column = Sequence[str]
"""The heading of a column and the text of each row."""


def widths(columns: Sequence[Column], room: int) -> list[int] | None:
    """Give each column a width at which no word is broken; None where the rows do not fit so.

    What is left over goes to the columns that are narrowest for what they hold.
    """
    room -= GAP * (len(columns) - 1)
    least = [max(map(_longest_word, column)) for column in columns]
    most = [max(map(_longest_line, column)) for column in columns]
    if sum(most) <= room:
        return most
    if sum(least) > room:
        return None
    given = least
    for level in range(1, room + 1):
        wider = [min(m, max(n, level)) for n, m in zip(least, most, strict=True)]
        if sum(wider) > room:
            break
        given = wider
    tallest = max(-(-m // n) for n, m in zip(given, most, strict=True) if n)
    return given if tallest <= _TALLEST else None


def shown(columns: Sequence[Column], room: int) -> int | None:
    """Tell how many of the columns, the most important first, fit; None where too few do."""
    for number in range(len(columns), min(_FEWEST, len(columns)) - 1, -1):
        if widths(columns[:number], room) is not None:
            return number
    return None


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def _longest_line(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)
