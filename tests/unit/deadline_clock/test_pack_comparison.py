"""What differs between two packs, and which way deadlines would move."""

import importlib.resources

import pytest

from services.deadline_clock.domain.pack_comparison import Comparison, compared
from services.deadline_clock.domain.packs import parse_rules

FOLDER = importlib.resources.files("services.deadline_clock") / "packs"
SCHEMA = (FOLDER / "rules.schema.json").read_text("utf-8")
US806 = (FOLDER / "us-806.yaml").read_text("utf-8")


def comparison(wrong: str, right: str) -> Comparison:
    assert wrong in US806
    old = parse_rules("us-806.yaml", US806, SCHEMA)
    new = parse_rules("us-806.yaml", US806.replace(wrong, right, 1), SCHEMA)
    return compared(old, new)


def moves(found: Comparison) -> dict[str, str]:
    return {each.rule: each.moves for each in found.movements}


def test_a_pack_differs_in_nothing_from_itself() -> None:
    found = comparison("# Law", "# The law")
    assert (found.changes, found.movements) == ((), ())


@pytest.mark.parametrize(
    ("wrong", "right", "way"),
    [
        ("period: 10", "period: 8", "earlier"),
        ("period: 10", "period: 11", "later"),
        ("zone: America/New_York", "zone: Europe/Berlin", "earlier or later"),
        ("unit: working_day", "unit: calendar_day", "earlier"),
        ("status: in_force", "status: repealed", "starts clocks no more"),
        ("anchor: initiated_at", "anchor: aware_at", "runs from another fact"),
    ],
)  # fmt: skip
def test_a_changed_rule_says_which_way_its_deadlines_would_move(
    wrong: str, right: str, way: str
) -> None:
    assert moves(comparison(wrong, right)) == {"us806.report": way}


def test_a_change_that_moves_some_deadlines_back_and_others_forth_says_both() -> None:
    found = comparison("period: 10\n    unit: working_day", "period: 14\n    unit: calendar_day")
    assert "earlier" in moves(found)["us806.report"]


def test_a_changed_word_moves_nothing_and_is_told_all_the_same() -> None:
    found = comparison("label: FDA 806 report, 10 working days", "label: FDA 806 report")
    assert [(each.rule, each.field, each.after) for each in found.changes] == [
        ("us806.report", "label", "FDA 806 report")
    ]
    assert found.movements == ()


def test_a_rule_that_comes_and_one_that_goes_are_told_with_what_they_start() -> None:
    old = parse_rules("us-806.yaml", US806, SCHEMA)
    renamed = US806.replace("us806.amendment", "us806.extension")
    assert moves(compared(old, parse_rules("us-806.yaml", renamed, SCHEMA))) == {
        "us806.amendment": "starts clocks no more",
        "us806.extension": "begins to start clocks",
    }
