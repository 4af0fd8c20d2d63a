"""Reads what people ask for: a component by name or package URL, and which of its versions.

`openssl`, `openssl@3.0.2`, `openssl@>=3.0.0,<3.0.7`, `pkg:npm/%40scope/name@<2` and
`log4j-core@vers:maven/>=2.0|<2.17.1` are all understood.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.sbom_matcher.domain import intervals, purl, versions
from services.sbom_matcher.domain.intervals import Interval
from services.sbom_matcher.domain.versions import vers, vers_ranges
from services.sbom_matcher.domain.versions.vers import VersError

_COMPARATORS = ("<", ">", "=", "!", "*", "vers:")


@dataclass(frozen=True, slots=True)
class Within:
    """Versions asked for, as keys of one scheme; `type` is the purl type it is called by."""

    type: str
    interval: Interval


@dataclass(frozen=True, slots=True)
class Asked:
    """A component by name, and by identifier key where a package URL was given.

    `exact` is a single version as written, which also finds what has no order; `within` is None
    where every version is meant.
    """

    name: str
    ident: str | None
    exact: str | None
    within: tuple[Within, ...] | None


def read(text: str) -> Asked:
    """Read a question.

    Raises:
        VersError: what stands after the @ is no version and no range in any scheme.
    """
    name, wanted = _parted(text)
    package = purl.read(name) if name.startswith("pkg:") else None
    ident = purl.base(package) if package else None
    if wanted in {"", "*"}:
        return Asked(name, ident, None, None)
    kinds = [package.type] if package else sorted({*versions.SCHEMES, *versions.ALIASES})
    exact = None if wanted.startswith(_COMPARATORS) else wanted
    found = tuple(_within(kinds, f"={exact}" if exact else wanted))
    if not found and exact is None:
        raise VersError(f"{wanted!r} is no range of versions")
    return Asked(name, ident, exact, found)


def _parted(text: str) -> tuple[str, str]:
    """Part the component from its versions; an @ that begins a name parts nothing."""
    at = text.find("@vers:")
    if at < 1:
        first = text.rfind("/") + 2 if text.startswith("pkg:") else 1
        at = text.rfind("@", first)
    return (text, "") if at < 1 else (text[:at], text[at + 1 :].strip())


def _within(kinds: list[str], wanted: str) -> Iterator[Within]:
    """Read a range in each scheme that can; a specifier names its own."""
    if wanted.startswith("vers:"):
        stated = vers.parse(wanted)
        kinds = [each for each in kinds if versions.scheme_of(each) == stated.scheme]
    for kind in kinds:
        if not wanted.startswith("vers:"):
            try:
                stated = vers.parse(f"vers:{kind}/{wanted.replace(',', '|')}")
            except VersError:
                continue
        for each in vers_ranges.ranges_of(stated):
            covered = intervals.of_range(versions.scheme_of(kind), each)
            yield from (Within(kind, interval) for interval in covered.intervals)
