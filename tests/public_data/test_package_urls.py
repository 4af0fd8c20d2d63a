"""The package-url conformance cases: every one agrees, and the peer's differences are counted."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from packageurl import PackageURL

from schemas.identifiers import purl
from schemas.identifiers.purl import Purl, PurlError

FOLDER = Path(os.environ.get("PATCHVIGIL_PUBLIC_DATA", "../shared/data")) / "purl"
PARTS = ("type", "namespace", "name", "version", "qualifiers", "subpath")
pytestmark = [
    pytest.mark.public_data,
    pytest.mark.skipif(not FOLDER.exists(), reason=f"no public purl cases in {FOLDER}"),
]


def cases() -> Iterator[Any]:
    for file in sorted(FOLDER.glob("*.json")):
        for number, case in enumerate(json.loads(file.read_text())["tests"]):
            yield pytest.param(case, id=f"{file.stem}-{number}-{case['test_type']}")


def answer(case: dict[str, Any]) -> object:
    """What we say to a case's input, in the shape of its expected output."""
    given = case["input"]
    if case["test_type"] == "build":
        return str(purl.build(*(given[part] for part in PARTS)))
    return plain(purl.parse(given)) if case["test_type"] == "parse" else purl.canonical(given)


def plain(found: Purl) -> dict[str, object]:
    return asdict(found) | {"qualifiers": dict(found.qualifiers) or None}


@pytest.mark.parametrize("case", list(cases()))
def test_every_conformance_case_agrees(case: dict[str, Any]) -> None:
    if case["expected_failure"]:
        with pytest.raises(PurlError):
            answer(case)
    else:
        assert answer(case) == case["expected_output"]


def test_the_peer_differs_on_some_cases() -> None:
    """Why the package-url library is not what we match by; the count is printed."""
    wrong = total = 0
    for case in (each.values[0] for each in cases()):
        if case["test_type"] == "validate":
            continue
        total += 1
        given, expected = case["input"], case.get("expected_output")
        try:
            peer = (
                PackageURL(**given).to_string()
                if case["test_type"] == "build"
                else PackageURL.from_string(given).to_dict(empty=None)
            )
        except ValueError:
            peer = None
        wrong += peer != (None if case["expected_failure"] else expected)
    print(f"the peer differs on {wrong} of {total} cases of parsing and building")  # noqa: T201
    assert 0 < wrong < total
