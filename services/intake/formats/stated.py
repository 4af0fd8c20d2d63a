"""What an SBOM's free fields state in our words: its product, levels and ends of support."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

from services.intake.formats.canonical import Subject

LEVEL, END = "level of support", "end-of-support"
"""The two facts that the FDA asks of each component, named as its examples name them."""
PRODUCT, VERSION, HARDWARE = "patchvigil:product", "patchvigil:version", "patchvigil:hardware"
GROUP, KIND = "patchvigil:group", "patchvigil:kind"
"""What a component has in CycloneDX and SPDX 2 has no field or word for."""

_OLDEST = 1970
"""Earlier years are what generators write for "unknown" (Go's zero time)."""

_ENDED = re.compile(
    r"no longer|not supported|unsupported|discontinued|expired|ended|\beo[ls]\b"
    r"|end of (life|support)",
    re.IGNORECASE,
)
_FACT = re.compile(
    r"^[ \t]*(level of support|end[- ]of[- ]support|"
    r"patchvigil:(?:product|version|hardware|group|kind))"
    r"[ \t]*[:=][ \t]*(\S[^\r\n]*)",
    re.IGNORECASE | re.MULTILINE,
)


def in_words(written: str | None) -> Iterator[tuple[str, str]]:
    """The facts in a comment or annotation: each a line `name: value` or `name=value`."""
    for name, value in _FACT.findall(written or ""):
        fact = name.lower()
        yield END if fact.startswith("end") else fact, value.rstrip()


def subject(
    facts: Mapping[str, str],
    name: str | None,
    version: str | None,
    name_at: str,
    version_at: str,
) -> Subject:
    """The SBOM's subject: what it states in our words goes before the format's own fields."""
    return Subject(
        product=facts.get(PRODUCT),
        name=name,
        version=facts.get(VERSION) or version,
        hardware=facts.get(HARDWARE, ""),
        name_at=name_at,
        version_at=version_at,
    )


def day(written: str | None) -> date | None:
    """The date of an end of support; words such as `Unknown` are no date."""
    try:
        return date.fromisoformat((written or "")[:10])
    except ValueError:
        return None


def level(written: str | None, end: str | None) -> str | None:
    """The level of support, with an end of support that says in words that it has come.

    Such an end has no day, and would say nothing where only days are read.
    """
    if end and day(end) is None and _ENDED.search(end):
        return f"{written}; {end}" if written else end
    return written or None


def moment(written: str | None) -> datetime | None:
    """When an SBOM was made, in UTC; what is no date says nothing and costs no inventory."""
    try:
        found = datetime.fromisoformat(written or "")
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year >= _OLDEST else None
