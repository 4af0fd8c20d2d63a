"""Version order on public comparison lines: nothing wrong and nothing without a key."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.sbom_matcher.domain import versions
from services.sbom_matcher.domain.versions import NoKey

FOLDER = Path(os.environ.get("PATCHVIGIL_PUBLIC_DATA", "../shared/data")) / "versions"
pytestmark = [
    pytest.mark.public_data,
    pytest.mark.skipif(not FOLDER.exists(), reason=f"no public version lines in {FOLDER}"),
]


def lines(name: str) -> Iterator[tuple[str, str, str]]:
    for line in (FOLDER / name).read_text().splitlines():
        if line.strip() and not line.startswith(("# ", "// ")):
            one, sign, other = line.split(" ")
            yield one, sign, other


@pytest.mark.parametrize(
    ("scheme", "name", "at_least"),
    [
        ("semver", "semver-versions.txt", 40),
        ("pypi", "pypi-versions.txt", 10),
        ("pypi", "pypi-versions-generated.txt", 6_000),
        ("nuget", "nuget-versions.txt", 10),
    ],
)
def test_every_line_orders_as_written(scheme: str, name: str, at_least: int) -> None:
    wrong, total = [], 0
    for one, sign, other in lines(name):
        a, b = versions.key(scheme, one), versions.key(scheme, other)
        total += 1
        if isinstance(a, NoKey) or isinstance(b, NoKey):
            wrong.append(f"{one} {sign} {other}: no key")
        elif (sign == "<") != (a < b) or (sign == ">") != (a > b):
            wrong.append(f"{one} {sign} {other}")
    assert total >= at_least
    assert wrong == []
