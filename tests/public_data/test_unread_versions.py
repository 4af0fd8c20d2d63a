"""What versions in public records stay unread, by kind of text; the counts are printed."""

import json
import lzma
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas.advisories import Range
from services.intake.formats import csaf, cve, osv
from services.intake.formats.canonical import Statement
from services.intake.formats.error import FormatError
from services.intake.formats.shape import Node
from services.sbom_matcher.domain import intervals

FOLDER = Path(os.environ.get("PATCHVIGIL_PUBLIC_DATA", "../shared/data"))
pytestmark = [
    pytest.mark.public_data,
    pytest.mark.slow,
    pytest.mark.skipif(not (FOLDER / "cve").exists(), reason=f"no public records in {FOLDER}"),
]


def ranges(path: str, parse: Callable[[Node], Statement]) -> Iterator[Range]:
    """Every range that a source states, once for each product it is on."""
    with lzma.open(FOLDER / path) as records:
        for record in records:
            try:
                statement = parse(json.loads(record))
            except FormatError:  # intake rejects these; its own tests count them
                continue
            for vulnerability in statement.vulnerabilities:
                yield from {
                    (claim.asserter, claim.target.vendor, claim.target.product, each): each
                    for claim in vulnerability.assertions
                    for each in claim.ranges
                }.values()


@pytest.mark.parametrize(
    ("path", "parse", "least_read", "most_unread"),
    [
        ("cve/cve-5.1.jsonl.xz", cve.parse, 73_000, 4_000),
        ("csaf/icsma.jsonl.xz", csaf.parse, 370, 95),
        ("csaf/ot.jsonl.xz", csaf.parse, 16_000, 550),
        ("osv/go.jsonl.xz", osv.parse, 3_800, 0),
        ("osv/pypi.jsonl.xz", osv.parse, 4_000, 0),
    ],
)
def test_what_stays_unread_is_told_by_kind(
    path: str, parse: Callable[[Node], Statement], least_read: int, most_unread: int
) -> None:
    """At most so many look like versions and are not read; names, commits and dates are none."""
    counts: Counter[str] = Counter()
    unordered = 0
    for each in ranges(path, parse):
        counts[each.reason or "read"] += 1
        if each.unparsed is None and intervals.of_range("generic", each).unread:
            unordered += 1
    print(f"\n{path}: {dict(counts.most_common())}; read, without a generic order: {unordered}")  # noqa: T201
    like_versions = (
        counts["not a version or range we can read"]
        + counts["the upper bound is no version"]
        + counts["the lower bound is no version"]
        + counts["a condition stands beside the version"]
    )
    assert counts["read"] >= least_read
    assert like_versions <= most_unread
