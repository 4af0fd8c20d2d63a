"""How right and how fast version keys are, beside two peers on the same public comparison lines.

Peers are `univers`, whose versions are objects, and `vdb` (appthreat-vulnerability-db), which has
comparing functions and no keys. Each does what it does at matching time: we compare stored bytes,
univers compares objects made before, vdb compares texts, with its caches warm. What keying costs is
told apart. Rates are the best of several rounds: another load on the machine makes them lower.
`python -m tests.bench.versions` writes bench/results/versions.json and prints the table of
docs/matching.md.
"""

import operator
import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from inspect import unwrap
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console
from univers.version_range import RANGE_CLASS_BY_SCHEMES
from vdb.lib.vers.comparators import COMPARATORS

from services.sbom_matcher.domain import versions
from services.sbom_matcher.domain.versions import NoKey
from tests.bench.report import Figure, write

DATA = Path(os.environ.get("PATCHVIGIL_PUBLIC_DATA", "../shared/data")) / "versions"
ROUNDS = 5
AT_LEAST = 50_000
"""Comparisons a round; short files are gone through several times."""

FASTER = 10
"""How many times faster than the faster peer a keyed comparison is asked to be."""

Order = Callable[[Any, Any], Any]
"""How two versions stand to each other."""


@dataclass(frozen=True, slots=True)
class Ecosystem:
    """A scheme of ours with the public files that test it, and what peers call it."""

    scheme: str
    files: str
    univers: str | None
    vdb: str | None
    allowed: int = 0
    """Wrong lines that are explained in docs/matching.md."""


ECOSYSTEMS = (
    Ecosystem("semver", "semver", "npm", "semver"),
    Ecosystem("pub", "pub", None, None),
    Ecosystem("pypi", "pypi", "pypi", "pypi"),
    Ecosystem("debian", "debian", "deb", "deb"),
    Ecosystem("rpm", "redhat", "rpm", "rpm", allowed=2),
    Ecosystem("alpine", "alpine", "apk", "apk"),
    Ecosystem("maven", "maven", "maven", "maven", allowed=7),
    Ecosystem("nuget", "nuget", "nuget", "nuget"),
    Ecosystem("rubygems", "rubygems", "gem", "gem"),
    Ecosystem("composer", "packagist", "composer", "composer"),
    Ecosystem("cran", "cran", None, None),
    Ecosystem("hackage", "hackage", None, None),
)
"""Peers have no scheme for pub, CRAN and Hackage: None."""

Lines = Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Result:
    """What one program made of an ecosystem's lines; rates are comparisons and keys a second."""

    wrong: int
    errors: int
    compared: float
    keyed: float | None


def lines_of(files: str) -> Lines:
    """Read the comparison lines of an ecosystem."""
    texts = [file.read_text("utf-8") for file in sorted(DATA.glob(f"{files}-versions*.txt"))]
    kept = [
        line.split(" ")
        for text in texts
        for line in text.splitlines()
        if line.strip() and not line.startswith(("# ", "// "))
    ]
    return [(one, sign, other) for one, sign, other in kept]


def ours(scheme: str, lines: Lines) -> Result:
    """Key every version afresh, then compare bytes."""
    return _measured(lines, lambda text: _key(scheme, text), operator.lt, operator.lt)


def univers(scheme: str | None, lines: Lines) -> Result | None:
    """Make univers' objects, then compare them."""
    if scheme is None:
        return None
    made: Any = RANGE_CLASS_BY_SCHEMES[scheme].version_class
    return _measured(lines, made, operator.lt, operator.lt)


def vdb(scheme: str | None, lines: Lines) -> Result | None:
    """Compare texts with vdb's function for the scheme; it has nothing to make before."""
    if scheme is None:
        return None
    compare = COMPARATORS[scheme]
    found = _measured(lines, str, lambda one, other: bool(compare(one, other) < 0), compare)
    return replace(found, keyed=None)


def _key(scheme: str, text: str) -> bytes:
    found: bytes | NoKey = unwrap(versions.key)(scheme, text)  # without its cache
    if isinstance(found, NoKey):
        raise TypeError(f"{text}: {found.reason}")
    return found


def _measured(lines: Lines, made: Callable[[str], Any], below: Order, timed: Order) -> Result:
    wrong = errors = 0
    left: list[Any] = []
    right: list[Any] = []
    good: list[str] = []
    for one, sign, other in lines:
        try:
            a, b = made(one), made(other)
            found = "<" if below(a, b) else ">" if below(b, a) else "="
        except Exception:  # noqa: BLE001  (whatever a peer raises is an error in its column)
            errors += 1
            continue
        wrong += found != sign
        left.append(a)
        right.append(b)
        good += [one, other]
    times = max(1, AT_LEAST // len(left))
    left, right, good = left * times, right * times, good * times
    return Result(
        wrong=wrong,
        errors=errors,
        compared=len(left) / _best(lambda: deque(map(timed, left, right), maxlen=0)),
        keyed=len(good) / _best(lambda: deque(map(made, good), maxlen=0)),
    )


def _best(work: Callable[[], object]) -> float:
    """Give the seconds of the quickest of several rounds."""
    taken = []
    for _ in range(ROUNDS):
        began = perf_counter()
        work()
        taken.append(perf_counter() - began)
    return min(taken)


def figures(each: Ecosystem, mine: Result, peers: Sequence[Result]) -> list[Figure]:
    """Hold an ecosystem's results against what is asked: never more wrong than the better peer."""
    bad = [peer.wrong + peer.errors for peer in peers]
    fastest = max((peer.compared for peer in peers), default=None)
    return [
        Figure(f"{each.scheme}: lines without a key", mine.errors, "lines", "lower", 0),
        Figure(
            f"{each.scheme}: wrong lines", mine.wrong, "lines", "lower",
            min([each.allowed, *bad]), min(bad, default=None),
        ),
        Figure(
            f"{each.scheme}: keyed comparisons", round(mine.compared), "/s", "higher",
            round(FASTER * fastest) if fastest else None, round(fastest) if fastest else None,
        ),
        Figure(f"{each.scheme}: keys made", round(mine.keyed or 0), "/s", "higher"),
    ]  # fmt: skip


def row(name: str, total: int, results: Sequence[Result | None]) -> str:
    """Write an ecosystem's row of the published table."""

    def right(result: Result | None) -> str:
        return "no scheme" if result is None else f"{result.wrong} + {result.errors}"

    def rate(result: Result | None) -> str:
        return "" if result is None else f"{result.compared:,.0f}"

    def made(result: Result | None) -> str:
        return f"{result.keyed:,.0f}" if result and result.keyed else ""

    mine, theirs, _ = results
    cells = [
        name, f"{total:,}", *map(right, results), *map(rate, results), made(mine), made(theirs),
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


HEAD = """\
| scheme | lines | wrong + errors: ours | univers | vdb | compared a second: ours | univers | vdb \
| keys a second: ours | objects: univers |
|---|---|---|---|---|---|---|---|---|---|"""


def main() -> None:
    """Measure, print and keep."""
    console = Console(highlight=False, markup=False, emoji=False, width=200)
    if not DATA.exists():
        console.print(f"no public version lines in {DATA}: set PATCHVIGIL_PUBLIC_DATA")
        write("versions", [])
        return
    kept: list[Figure] = []
    console.print(HEAD)
    for each in ECOSYSTEMS:
        lines = lines_of(each.files)
        mine = ours(each.scheme, lines)
        peers = [univers(each.univers, lines), vdb(each.vdb, lines)]
        console.print(row(each.scheme, len(lines), [mine, *peers]))
        kept += figures(each, mine, [peer for peer in peers if peer])
    write("versions", kept)


if __name__ == "__main__":
    main()
