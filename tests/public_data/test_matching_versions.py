"""Version order on public comparison lines: every version has a key, and what is wrong is known."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.main import commands
from services.sbom_matcher.domain import versions
from services.sbom_matcher.domain.versions import NoKey

FOLDER = Path(os.environ.get("PATCHVIGIL_PUBLIC_DATA", "../shared/data")) / "versions"
pytestmark = [
    pytest.mark.public_data,
    pytest.mark.skipif(not FOLDER.exists(), reason=f"no public version lines in {FOLDER}"),
]

NOT_TOTAL = frozenset(
    {
        "1.0.0-gradle-rework-beta3 < 1.0.0.RC7-3",
        "2.9.0-1 < 2.9.0.RC1",
    }
)
"""Maven's order is not total; docs/matching.md says why these lines cannot hold."""


def lines(scheme: str) -> Iterator[tuple[str, str, str]]:
    for file in sorted(FOLDER.glob(f"{scheme}-versions*.txt")):
        for line in file.read_text("utf-8").splitlines():
            if line.strip() and not line.startswith(("# ", "// ")):
                one, sign, other = line.split(" ")
                yield one, sign, other


@pytest.mark.parametrize(
    ("ecosystem", "at_least", "known"),
    [
        ("semver", 40, frozenset()),
        ("pub", 40, frozenset()),
        ("pypi", 6_000, frozenset()),
        ("debian", 7_000, frozenset()),
        ("redhat", 80, frozenset()),
        ("alpine", 7_000, frozenset()),
        ("maven", 7_000, NOT_TOTAL),
        ("nuget", 10, frozenset()),
        ("rubygems", 2_000, frozenset()),
        ("packagist", 5_000, frozenset()),
        ("cran", 30, frozenset()),
        ("hackage", 5, frozenset()),
    ],
)
def test_every_line_orders_as_written(ecosystem: str, at_least: int, known: frozenset[str]) -> None:
    wrong, errors, total = set(), [], 0
    for one, sign, other in lines(ecosystem):
        a, b = versions.key(ecosystem, one), versions.key(ecosystem, other)
        total += 1
        if isinstance(a, NoKey) or isinstance(b, NoKey):
            errors.append(f"{one} {sign} {other}")
        elif "<=>"[(a > b) - (a < b) + 1] != sign:
            wrong.add(f"{one} {sign} {other}")
    assert total >= at_least
    assert errors == []
    assert wrong == known


def test_the_command_counts_what_is_wrong_in_a_file() -> None:
    file = FOLDER / "maven-versions-generated.txt"
    result = CliRunner().invoke(
        commands, ["versions", "check", str(file), "--ecosystem", "maven", "--json"]
    )
    tally = json.loads(result.stdout)
    assert (tally["wrong"], tally["errors"]) == (len(NOT_TOTAL), 0)
    assert tally["total"] > 7_000
    assert tally["per_second"] > 0
    assert result.exit_code == 1
    assert "2.9.0-1 < 2.9.0.RC1: found >" in result.stderr
