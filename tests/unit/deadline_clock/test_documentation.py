"""The page for readers says what the packs say."""

from pathlib import Path

import pytest

from services.deadline_clock.documentation import written
from tests.unit.deadline_clock.facts import BOOK

PAGE = Path(__file__).parents[3] / "docs" / "clocks.md"


def test_the_tables_of_the_page_are_those_of_the_packs() -> None:
    page = PAGE.read_text("utf-8")
    assert page == written(page), "run: python -m services.deadline_clock.documentation"


def test_every_rule_is_on_the_page_with_its_source_and_confidence() -> None:
    page = PAGE.read_text("utf-8")
    for rule in BOOK:
        line = next(line for line in page.splitlines() if f"| `{rule.id}`" in line)
        assert rule.authority in line
        assert rule.confidence.value in line


def test_a_page_without_its_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the markers"):
        written("# A page")
