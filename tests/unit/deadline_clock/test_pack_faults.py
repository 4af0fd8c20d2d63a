"""What is wrong with a pack is refused with its line, its rule and what to do about it."""

import importlib.resources
from pathlib import Path

import pytest

from services.deadline_clock.domain.pack_document import PackError
from services.deadline_clock.domain.pack_join import rule_book
from services.deadline_clock.domain.packs import parse_rules
from services.deadline_clock.library import joined, library, parsed
from tests.unit.deadline_clock.facts import BOOK, ESCALATION

FOLDER = importlib.resources.files("services.deadline_clock") / "packs"
SCHEMA = (FOLDER / "rules.schema.json").read_text("utf-8")
CRA = (FOLDER / "cra.yaml").read_text("utf-8")
NIS2 = (FOLDER / "nis2.yaml").read_text("utf-8")
COVERAGE = (FOLDER / "field-coverage.yaml").read_text("utf-8")

FINAL = "    anchor: filed_at\n    anchor_rule: cra.si.notification\n"
SI_NOTIFICATION = "    stage: notification\n    anchor: aware_at\n    period: 72"
SUPERSEDES = "    supersedes: cra.aev.early_warning\n"
WARNING_NOTES = "    notes: >-\n      Without undue delay"
ANY_DIGEST = "0" * 64


def fault(text: str) -> str:
    with pytest.raises(PackError) as refused:
        parse_rules("cra.yaml", text, SCHEMA)
    return str(refused.value)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def changed(text: str, wrong: str, right: str) -> str:
    assert wrong in text
    return text.replace(wrong, right)


def test_anchors_that_wait_for_each_others_filing_are_refused_as_a_circle() -> None:
    second = CRA.rindex(SI_NOTIFICATION)
    text = (
        CRA[:second]
        + "    stage: notification\n    anchor: filed_at\n    anchor_rule: cra.si.final\n"
        + "    period: 72"
        + CRA[second + len(SI_NOTIFICATION) :]
    )
    said = fault(text)
    assert f"cra.yaml:{line_of(text, '- id: cra.si.final')} rule cra.si.final" in said
    assert "cra.si.final waits for cra.si.notification waits for cra.si.final, a circle" in said
    assert "anchor one of them elsewhere" in said


def test_a_rule_that_runs_from_its_own_filing_is_a_circle_too() -> None:
    said = fault(changed(CRA, "anchor_rule: cra.si.notification", "anchor_rule: cra.si.final"))
    assert "cra.si.final waits for cra.si.final, a circle" in said


def test_a_rule_that_overlaps_the_one_that_it_supersedes_is_refused() -> None:
    text = changed(
        CRA,
        "    notes: >-\n      Falls away for",
        SUPERSEDES + "    notes: >-\n      Falls away for",
    )
    said = fault(text)
    assert "its dates overlap those of cra.aev.early_warning" in said
    assert "applies_until" in said


def test_a_rule_that_begins_after_the_end_of_the_one_it_supersedes_is_taken() -> None:
    text = changed(
        CRA,
        "    id: cra.aev.final\n".replace("    id", "  - id"),
        "  - id: cra.aev.final\n" + SUPERSEDES,
    )
    head, rest = text.split("  - id: cra.aev.notification")
    ended = changed(head, "    applies_from: 2026-09-11\n",
                    "    applies_from: 2026-09-11\n    applies_until: 2026-12-31\n")  # fmt: skip
    before, final = rest.split("  - id: cra.aev.final")
    later = final.replace("applies_from: 2026-09-11", "applies_from: 2027-01-01", 1)
    pack = parse_rules(
        "cra.yaml",
        ended + "  - id: cra.aev.notification" + before + "  - id: cra.aev.final" + later,
        SCHEMA,
    )
    assert pack.rules[2].supersedes == "cra.aev.early_warning"


def test_a_template_that_nothing_can_prepare_is_refused_with_those_there_are() -> None:
    said = fault(changed(CRA, "template: srp-aev-final", "template: srp-aev-finale"))
    assert "rule cra.aev.final: template: srp-aev-finale is no template" in said
    assert "srp-aev-final" in said


def test_a_rule_without_a_number_needs_words_for_when_it_is_due() -> None:
    said = fault(
        changed(CRA, "    soft_limb: by the date that the CSIRT names in its request\n", "")
    )
    assert "rule cra.intermediate" in said
    assert '"soft_limb" is a required property' in said


def test_a_period_without_its_unit_is_refused() -> None:
    said = fault(CRA.replace("    unit: month\n", "", 1))
    assert '"unit" is a required property' in said


def test_a_period_from_a_filing_needs_the_stage_that_is_filed() -> None:
    said = fault(changed(CRA, FINAL, "    anchor: filed_at\n"))
    assert '"anchor_rule" is a required property' in said


def test_a_national_rule_needs_the_rule_that_it_stands_beside() -> None:
    said = fault(
        CRA.replace("    role: manufacturer\n", "    role: manufacturer\n    countries: [IE]\n", 1)
    )
    assert '"varies" is a required property' in said


@pytest.mark.parametrize(
    ("text", "wrong", "right"),
    [
        (CRA, "    regime: cra\n", "    regime: company\n"),
        (CRA, "    status: in_force\n", "    status: guidance\n"),
        (COVERAGE, "    status: policy\n", "    status: in_force\n"),
        (COVERAGE, "    regime: company\n", "    regime: nis2\n"),
        (COVERAGE, "kind: policy", "kind: law"),
    ],
)  # fmt: skip
def test_law_and_policy_cannot_be_mixed_in_one_pack(text: str, wrong: str, right: str) -> None:
    assert "rules/0/" in fault(changed(text, wrong, right))


def test_a_calendar_edition_that_there_is_not_is_refused_with_those_there_are() -> None:
    said = fault(changed(CRA, 'edition: "2026.11"', 'edition: "2019.01"'))
    assert "there is no calendar edition 2019.01; there are 2026.11" in said


def test_holidays_that_changed_under_a_pack_are_refused() -> None:
    digest = CRA.split('sha256: "')[1][:64]
    said = fault(changed(CRA, digest, ANY_DIGEST))
    assert "holidays changed under the pack" in said


def test_an_open_point_about_a_rule_of_no_pack_is_refused() -> None:
    said = fault(changed(CRA, "    rules: [cra.aev.final]", "    rules: [cra.aev.finale]"))
    assert "cra.aev.finale is no rule of this pack" in said


def test_a_rule_that_varies_one_of_no_pack_is_refused_when_packs_are_joined() -> None:
    national = next(pack for pack in BOOK.packs if pack.id == "nis2-national")
    with pytest.raises(PackError, match=r"varies: no pack holds a rule nis2\.early_warning"):
        rule_book([national], ESCALATION)


def test_every_fault_of_a_pack_is_told_at_once_in_the_order_of_its_lines() -> None:
    text = CRA.replace("unit: hour", "unit: fortnight")
    lines = [int(each.split(":")[1].split(" ")[0]) for each in fault(text).split("\n")]
    assert len(lines) > 1
    assert lines == sorted(lines)


def test_a_companys_own_policy_stands_in_for_the_one_that_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = changed(COVERAGE, "period: 30", "period: 21").replace("2026.11.25", "2026.12.1", 1)
    (tmp_path / "ours.yaml").write_text(own, "utf-8")
    monkeypatch.setenv("PATCHVIGIL_POLICY_PACKS", str(tmp_path))
    book = library.__wrapped__().book
    coverage = book.rule("band.critical.coverage")
    assert coverage is not None
    assert (coverage.pack, coverage.period_words) == (
        "field-coverage@2026.12.1",
        "21 calendar days",
    )


def test_a_companys_own_escalation_stands_in_for_the_one_that_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (FOLDER / "escalation.yaml").read_text("utf-8")
    own = changed(steps, "psirt-oncall", "night-shift").replace("2026.11.25", "2026.12.1", 1)
    (tmp_path / "steps.yaml").write_text(own, "utf-8")
    monkeypatch.setenv("PATCHVIGIL_POLICY_PACKS", str(tmp_path))
    held = library.__wrapped__().escalation
    assert held.reference == "escalation@2026.12.1"
    assert held.chains[0].steps[0].targets == ("night-shift",)


def test_a_file_never_overrides_law(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "law.yaml").write_text(CRA, "utf-8")
    monkeypatch.setenv("PATCHVIGIL_POLICY_PACKS", str(tmp_path))
    with pytest.raises(PackError, match="law cannot be overridden by a file"):
        library.__wrapped__()


def test_a_folder_of_policy_that_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATCHVIGIL_POLICY_PACKS", "no/such/folder")
    with pytest.raises(PackError, match="is no folder; correct PATCHVIGIL_POLICY_PACKS"):
        library.__wrapped__()


def test_a_pack_of_rules_and_one_of_chains_are_told_apart() -> None:
    steps = (FOLDER / "escalation.yaml").read_text("utf-8")
    assert joined([parsed("escalation.yaml", steps), parsed("nis2.yaml", NIS2)]).book.packs
    with pytest.raises(PackError, match="no pack has escalation chains"):
        joined([parsed("nis2.yaml", NIS2)])


def test_two_rules_for_the_same_stage_on_the_same_days_are_refused() -> None:
    again = CRA.replace("    stage: final\n    anchor: measure_available_at",
                        "    stage: notification\n    anchor: measure_available_at", 1)  # fmt: skip
    said = fault(again)
    assert "overlap those of cra.aev.notification, which asks for the same stage" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a [*a]\n", "x.yaml:1: an alias"),
        ("a: &a [1]\nb: *a\n", "x.yaml:2: an alias"),
        ("[" * 100_000, "nested too deeply"),
        ("? [1, 2]\n: 3\n", "not YAML"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2: not YAML"),
        ("- a\n", "is not of type"),
        ("rules: [3]\n", 'rules/0: 3 is not of type "object"'),
        ("chains: 3\n", 'chains: 3 is not of type "array"'),
        ("version: 2026.11\n", "text that looks like a number needs quotes"),
        ("a: !!python/object:os.system x\n", "not YAML"),
        ("a: \x00\n", "not YAML"),
        ("", "is empty"),
    ],
)
def test_what_is_no_pack_at_all_is_refused_and_never_a_traceback(text: str, said: str) -> None:
    with pytest.raises(PackError) as refused:
        parsed("x.yaml", text)
    assert said in str(refused.value)
