"""Policy packs are read whole, or refused with line and field."""

import importlib.resources

import pytest

from services.triage import rulebook
from services.triage.domain.packs import (
    ChangePathways,
    ClinicalBands,
    DecisionQuestions,
    GatePolicy,
    Pack,
)

PACKS: list[tuple[str, type[Pack]]] = [
    ("clinical-bands.yaml", ClinicalBands),
    ("change-pathways.yaml", ChangePathways),
    ("decisions.yaml", DecisionQuestions),
    ("gates.yaml", GatePolicy),
]


def text(name: str) -> str:
    return (importlib.resources.files("services.triage") / "packs" / name).read_text("utf-8")


@pytest.mark.parametrize(("name", "kind"), PACKS)
def test_every_pack_is_policy_with_source_owner_and_review_date(
    name: str, kind: type[Pack]
) -> None:
    pack = rulebook.parse(name, text(name), kind)
    assert pack.kind == "policy"
    assert pack.source
    assert pack.owner
    assert pack.review_on > pack.source_date


def test_a_wrong_field_is_named_with_its_line() -> None:
    wrong = text("clinical-bands.yaml").replace("to_score: 3.9", "to_score: lots")
    line = wrong.splitlines().index("    to_score: lots") + 1
    with pytest.raises(rulebook.PackError, match=rf"bands.yaml:{line}: bands\.1\.to_score"):
        rulebook.parse("bands.yaml", wrong, ClinicalBands)


def test_a_hole_between_two_bands_is_refused() -> None:
    wrong = text("clinical-bands.yaml").replace("to_score: 3.9", "to_score: 3.5")
    with pytest.raises(rulebook.PackError, match=r"band medium has to start at 3\.6"):
        rulebook.parse("bands.yaml", wrong, ClinicalBands)


@pytest.mark.parametrize("word", ["required", "Exempt"])
def test_a_pathway_that_decides_for_a_person_is_refused(word: str) -> None:
    wrong = text("change-pathways.yaml").replace("Manage under QMS", f"{word}: manage under QMS")
    with pytest.raises(rulebook.PackError, match="a verdict reads"):
        rulebook.parse("pathways.yaml", wrong, ChangePathways)


def test_what_is_not_yaml_is_refused_with_its_line() -> None:
    with pytest.raises(rulebook.PackError, match=r"gates.yaml:2: not YAML"):
        rulebook.parse("gates.yaml", "id: gates\n\tversion: 1\n", GatePolicy)


def test_a_question_that_is_there_twice_is_refused() -> None:
    wrong = text("decisions.yaml").replace("id: mdr.fsca", "id: mdr.vigilance")
    with pytest.raises(rulebook.PackError, match=r"mdr.vigilance is there twice"):
        rulebook.parse("decisions.yaml", wrong, DecisionQuestions)
