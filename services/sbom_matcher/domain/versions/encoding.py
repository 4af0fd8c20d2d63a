"""The bytes that version keys are made of, chosen so that comparing bytes compares versions.

Every key begins at 0x08 or above and ends in a mark, so that no key is the beginning of another.
Marks sort in the order in which they stand here; what a scheme puts between them is its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

LOWEST = b""
"""Below every key, also below `NOT_APPLICABLE`."""

NOT_APPLICABLE = b"\x00"
"""The key of CPE's version `-` (NISTIR 7695, 5.3.3): it has an order with nothing but itself."""

FIRST = b"\x01"
"""Below the key of every version that can be written."""

HIGHEST = b"\xff"
"""Above every key."""

PRE = b"\x10"
"""Stands where a release would end, and sorts before it: a pre-release follows."""

END = b"\x20"
"""The end of a key, or of a list inside it."""

POST = b"\x30"
"""Sorts after a release's end and before its next number: a letter or a patch follows."""

_WORD_END = b"\x01"
_LONGEST = 0x60
_LENGTHS = tuple(bytes((0x50 + count,)) for count in range(_LONGEST + 1))
"""Numbers of 1 to 96 digits: their mark 0x51 to 0xb0 is their length, so longer ones sort later."""


@dataclass(frozen=True, slots=True)
class NoKey:
    """A version that cannot be ordered, and why: `hash`, `prose`, `name`, `empty`, ..."""

    reason: str


@lru_cache(maxsize=16_384)
def number(digits: str) -> bytes:
    """Encode a number of any size; leading zeros do not count.

    Raises:
        OverflowError: it has more than 96 digits.
    """
    plain = digits.lstrip("0") or "0"
    if len(plain) > _LONGEST:
        raise OverflowError(f"a number of {len(plain)} digits")
    return _LENGTHS[len(plain)] + plain.encode()


def numbers(every: Iterable[str]) -> bytes:
    """Encode numbers of which each counts, so that 1 is below 1.0.

    Raises:
        OverflowError: one has more than 96 digits.
    """
    return b"".join(map(number, every))


def release(parts: list[str]) -> bytes:
    """Encode a release such as 1.2.0: trailing zeros do not count, so 1 equals 1.0.0.

    Raises:
        OverflowError: a number has more than 96 digits.
    """
    kept = len(parts)
    while kept and not parts[kept - 1].strip("0"):
        kept -= 1
    return numbers(parts[:kept])


def word(text: str) -> bytes:
    """Encode a word of printable ASCII: in the order of its characters, a beginning first."""
    return text.encode("ascii") + _WORD_END


def above(key: bytes) -> bytes:
    """Return the lowest bytes above a key."""
    return key + b"\x00"


def after_prefix(prefix: bytes) -> bytes:
    """Return the lowest bytes above everything that begins with `prefix`."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes((trimmed[-1] + 1,)) if trimmed else HIGHEST
