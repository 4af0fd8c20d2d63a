"""An end of support in words: it has no day, and where it says that it has come it is kept."""

import pytest

from services.intake.formats import stated


@pytest.mark.parametrize(
    ("level", "end", "kept"),
    [
        ("Deprecated", "No longer supported", "Deprecated; No longer supported"),
        (None, "discontinued in 2019", "discontinued in 2019"),
        ("Actively maintained", "Until hardware support ends", "Actively maintained"),
        ("Actively maintained", "2030-01-31", "Actively maintained"),
        ("Actively maintained", None, "Actively maintained"),
        (None, "Unknown", None),
        ("", None, None),
    ],
)
def test_words_that_say_that_support_is_over_are_added_to_the_level(
    level: str | None, end: str | None, kept: str | None
) -> None:
    assert stated.level(level, end) == kept
